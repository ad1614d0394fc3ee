"""Generated pages are those that the tools make now."""

import json
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

from tools import pairs, plant_faults  # noqa: E402
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


def test_the_page_of_planted_faults_is_that_of_its_figures() -> None:
    runs = json.loads((ROOT / "docs" / "faults.json").read_text())
    verdicts = {limit: [plant_faults.Verdict(**row) for row in rows] for limit, rows in runs.items()}
    assert (ROOT / "docs" / "faults.md").read_text() == plant_faults.page(verdicts), "run tools/plant_faults.py --page"
    plain = verdicts[max(verdicts, key=float)]
    assert len(plain) >= 30
    assert {one.cause for one in plain} == set(plant_faults.CAUSES)


def test_the_page_of_real_pairs_is_that_of_its_figures() -> None:
    saved = json.loads((ROOT / "docs" / "pairs.json").read_text())
    rows = [saved["pairs"][pair.quantized] for pair in pairs.PAIRS]
    assert (ROOT / "docs" / "pairs.md").read_text() == pairs.page(rows, saved["cost"]), "run tools/pairs.py --page"
    assert max(row["residual"] for row in rows) <= pairs.BOUND
