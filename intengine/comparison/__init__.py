"""Trace x Trace -> Report: where two runs of one model differ, and by how much."""

from intengine.comparison.records import Report, TensorReport, Verdict
from intengine.comparison.tolerances import FLOAT_MODEL, OPERATORS, Tolerance
from intengine.comparison.traces import compare

__all__ = ["FLOAT_MODEL", "OPERATORS", "Report", "TensorReport", "Tolerance", "Verdict", "compare"]
