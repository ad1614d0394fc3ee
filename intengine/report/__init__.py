"""Results as plain data (what `--json` prints), CSV, JUnit XML, HTML pages and node data for Model Explorer."""

from intengine.report.html import check_html, comparison_html
from intengine.report.junit import comparison_junit, verify_junit
from intengine.report.layer_table import write_layers
from intengine.report.model_explorer import node_data
from intengine.report.plain import plain, verify_result
from intengine.report.schema import comparison_schema
from intengine.report.summary import summarize
from intengine.report.thresholds import Check, Thresholds, check, load_thresholds
from intengine.report.thumbnails import thumbnails

__all__ = [
    "Check",
    "Thresholds",
    "check",
    "check_html",
    "comparison_html",
    "comparison_junit",
    "comparison_schema",
    "load_thresholds",
    "node_data",
    "plain",
    "summarize",
    "thumbnails",
    "verify_junit",
    "verify_result",
    "write_layers",
]
