"""Static rules for quantized models: what the format's specification asks, and what costs accuracy. No data needed."""

from intengine.lint._bounds import Bound, accumulator_bounds
from intengine.lint._lint import lint
from intengine.lint._records import Finding, Severity
from intengine.lint._registry import Rule, rules
from intengine.lint._view import GraphView

__all__ = ["Bound", "Finding", "GraphView", "Rule", "Severity", "accumulator_bounds", "lint", "rules"]
