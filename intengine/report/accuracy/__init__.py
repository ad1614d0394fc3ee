"""A comparison as HTML page, CSV, JUnit XML and node data for Model Explorer; the schema of its JSON; limits."""

from intengine.report.accuracy.html import check_html, comparison_html
from intengine.report.accuracy.junit import comparison_junit
from intengine.report.accuracy.layer_table import write_layers
from intengine.report.accuracy.model_explorer import explorer_graph, node_data
from intengine.report.accuracy.schema import comparison_schema
from intengine.report.accuracy.thresholds import Check, Thresholds, check, load_thresholds
from intengine.report.accuracy.thumbnails import thumbnails

__all__ = [
    "Check",
    "Thresholds",
    "check",
    "check_html",
    "comparison_html",
    "comparison_junit",
    "comparison_schema",
    "explorer_graph",
    "load_thresholds",
    "node_data",
    "thumbnails",
    "write_layers",
]
