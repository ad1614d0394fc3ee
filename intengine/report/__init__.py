"""Results as plain data (what `--json` prints) and as JUnit XML; those of a comparison are in `report.accuracy`."""

from intengine.report.junit import verify_junit
from intengine.report.plain import verify_result
from intengine.report.summary import summarize

__all__ = ["plain", "summarize", "verify_junit", "verify_result"]
