"""Static rules for quantized models: what the format's specification asks, and what costs accuracy. No data needed."""

from intengine.linting._bounds import Bound, accumulator_bounds
from intengine.linting._lint import lint
from intengine.linting._records import Finding, Severity
from intengine.linting._registry import Rule, rules
from intengine.linting._view import GraphView

__all__ = ["Bound", "Finding", "GraphView", "Rule", "Severity", "accumulator_bounds", "lint", "rules"]
