"""Limits of a comparison: reading them, judging by them, and the JUnit file."""

import json
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import pytest

from intengine.accuracy import Comparison
from intengine.errors import InputError
from intengine.report.accuracy import Thresholds, check, comparison_junit, load_thresholds


def limits(tmp_path: Path, text: str, name: str = "limits.toml") -> Thresholds:
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return load_thresholds(path)


def test_a_layer_rule_holds_for_what_fits_all_it_says(found: Comparison, tmp_path: Path) -> None:
    text = '[[layer]]\nop = "CONV_2D"\nname = "*relu*"\nerror = "propagated"\nmin_sqnr_db = 40'
    checks = check(found, limits(tmp_path, text))
    layers = [layer for layer in found.layers if layer.op == "CONV_2D" and "relu" in layer.name]
    assert [one.value for one in checks] == [layer.propagated.sqnr_db for layer in layers]
    assert [one.passed for one in checks] == [layer.propagated.sqnr_db >= 40 for layer in layers]
    assert len({one.passed for one in checks}) == 2


def test_model_and_outputs_have_limits(found: Comparison, tmp_path: Path) -> None:
    text = "[model]\nmin_coverage = 1.0\nmin_agreement = 1.01\n[[output]]\nmin_sqnr_db = 10\n"
    checks = check(found, limits(tmp_path, text))
    assert [(one.group, one.passed) for one in checks] == [("model", True), ("model", False), ("output", True)]


def test_clipping_is_that_of_both_ends_and_bias_has_no_sign(found: Comparison, tmp_path: Path) -> None:
    layer = next(layer for layer in found.layers if layer.op == "ADD")
    assert layer.local is not None
    changed = replace(layer, local=replace(layer.local, clipped_lo=0.25, clipped_hi=0.5, bias=-2.0))
    text = '[[layer]]\nop = "ADD"\nmax_clipped = 0.74\nmax_bias = 1.9'
    checks = check(replace(found, layers=(changed,)), limits(tmp_path, text))
    assert [(one.value, one.passed) for one in checks] == [(0.75, False), (2.0, False)]


def test_no_error_passes_and_no_figure_is_neither(odd: Comparison, tmp_path: Path) -> None:
    checks = check(odd, limits(tmp_path, "[[output]]\nmin_sqnr_db = 99\n[[layer]]\nmin_sqnr_db = 0\n"))
    assert [one.passed for one in checks[:3]] == [True, None, True]


@pytest.mark.parametrize("rule", ['[[layer]]\nname = "typo"', '[[output]]\nname = "typo"'])
def test_a_rule_for_nothing_fails(found: Comparison, tmp_path: Path, rule: str) -> None:
    (one,) = check(found, limits(tmp_path, f"{rule}\nmin_sqnr_db = 1"))
    assert one.passed is False
    assert "'typo'" in one.name


def test_the_limits_of_the_documentation_are_limits(tmp_path: Path) -> None:
    page = Path(__file__).parents[2].joinpath("docs", "accuracy.md").read_text(encoding="utf-8")
    found = limits(tmp_path, page.split("```toml\n")[1].split("```")[0])
    assert (len(found.model), len(found.outputs), len(found.layers)) == (2, 1, 1)


def test_json_and_toml_say_the_same(tmp_path: Path) -> None:
    rules = {"model": {"min_coverage": 0.5}, "layer": [{"node": 3, "max_severity": 1}]}
    toml = "[model]\nmin_coverage = 0.5\n[[layer]]\nnode = 3\nmax_severity = 1\n"
    assert limits(tmp_path, json.dumps(rules), "limits.json") == limits(tmp_path, toml)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "must have a limit"),
        ("[[layer]]\nop = 'ADD'", "has none"),
        ("[[layer]]\nmin_sqnr = 3", "'min_sqnr'"),
        ("[[layers]]\nmin_sqnr_db = 3", "'layers'"),
        ("[layer]\nmin_sqnr_db = 3", "lists of tables"),
        ("[[layer]]\nmin_sqnr_db = '3'", "must be a number"),
        ("[[layer]]\nmin_sqnr_db = nan", "must be a number"),
        ("[[layer]]\nnode = 'x'\nmin_sqnr_db = 3", "node of a layer must be a number"),
        ("[[layer]]\nerror = 'x'\nmin_sqnr_db = 3", "local or propagated"),
        ("[[output]]\nmax_clipped = 3", "'max_clipped'"),
        ("no toml", "TOML or JSON"),
    ],
)
def test_what_is_no_limit_is_refused(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        limits(tmp_path, text)


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="TOML or JSON"):
        load_thresholds(tmp_path / "none.toml")


def test_junit_has_a_case_for_each_limit(odd: Comparison, tmp_path: Path) -> None:
    checks = check(odd, limits(tmp_path, "[[layer]]\nmin_sqnr_db = 39\n"))
    suite = ElementTree.fromstring(comparison_junit(odd, checks))[0]
    assert {suite.get(name) for name in ("tests",)} == {str(len(odd.layers))}
    failed = [one for one in checks if one.passed is False]
    assert (suite.get("failures"), suite.get("skipped")) == (str(len(failed)), "1")
    messages = [failure.get("message") for failure in suite.iter("failure")]
    assert messages == [str(one) for one in failed]
    assert suite[1].get("name", "").startswith(f"node {odd.layers[1].node} </script>")
