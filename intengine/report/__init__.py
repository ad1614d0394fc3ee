"""Results as plain data: what `--json` prints."""

from intengine.report.plain import plain, verify_result
from intengine.report.summary import summarize

__all__ = ["plain", "summarize", "verify_result"]
