"""Generated pages are those that the tools make now."""

import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

from tools.lint_page import PAGE as LINT  # noqa: E402
from tools.lint_page import lint_page  # noqa: E402
from tools.operator_pages import (  # noqa: E402
    EVIDENCE,
    NUMERICS,
    PAGE,
    QUIRKS,
    evidence_page,
    numerics_page,
    operators_page,
    quirks_page,
)


def test_the_page_of_operators_is_current() -> None:
    assert PAGE.read_text() == operators_page(), "run tools/operator_pages.py"


def test_the_page_of_evidence_is_current() -> None:
    assert EVIDENCE.read_text() == evidence_page(), "run tools/operator_pages.py"


def test_the_table_of_arithmetics_is_current() -> None:
    assert NUMERICS.read_text() == numerics_page(NUMERICS.read_text()), "run tools/operator_pages.py"


def test_the_list_of_quirks_is_current() -> None:
    assert QUIRKS.read_text() == quirks_page(QUIRKS.read_text()), "run tools/operator_pages.py"


def test_the_page_of_lint_rules_is_current() -> None:
    assert LINT.read_text() == lint_page(), "run tools/lint_page.py"
