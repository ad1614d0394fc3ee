"""`intengine compare`: the files it writes, and limits."""

import json
from pathlib import Path
from xml.etree import ElementTree

import pytest

from intengine.report.accuracy import html
from tests.accuracy import digits

FLOAT, INT8 = digits.path("digits_float32.tflite"), digits.path("digits_int8.tflite")
RUN = ("compare", FLOAT, INT8, "--data", digits.path("test_split.npz"), "--samples", "2", "--attributed", "1")


def test_all_files_are_written_at_once(cli, tmp_path: Path) -> None:
    for name in ("jinja2", "plotly", "PIL"):
        pytest.importorskip(name)
    limits = tmp_path / "limits.toml"
    limits.write_text("[[layer]]\nmin_sqnr_db = 36\n", encoding="utf-8")
    page, junit, nodes = tmp_path / "r.html", tmp_path / "j.xml", tmp_path / "m.json"
    files = ("--html", page, "--junit", junit, "--model-explorer", nodes, "--thresholds", limits)
    result = cli(*RUN, *files, "--explorer-figure", "severity")
    assert result.exit_code == 1, result.output
    suite = ElementTree.parse(junit).getroot()[0]
    assert result.stdout.count("EXCEEDED") == int(suite.get("failures", "")) > 0
    assert f"of {suite.get('tests')} limits hold." in result.stdout
    assert "data:image/png;base64," in page.read_text(encoding="utf-8")
    assert json.loads(nodes.read_text(encoding="utf-8"))["main"]["name"] == "severity"


def test_limits_that_hold_exit_with_0(cli, tmp_path: Path) -> None:
    limits = tmp_path / "limits.json"
    limits.write_text('{"model": {"min_coverage": 1}}', encoding="utf-8")
    result = cli(*RUN, "--thresholds", limits)
    assert (result.exit_code, "1 of 1 limits hold." in result.stdout) == (0, True)


def test_what_cannot_be_written_is_refused_before_the_work(
    cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    there = tmp_path / "there.html"
    there.touch()
    monkeypatch.setattr("intengine.cli.compare.compare_models", lambda *args, **options: pytest.fail("it ran"))
    for args, message in (
        (("--html", there), "--force overwrites"),
        (("--csv", tmp_path / "none" / "x.csv"), "must be in a folder that exists"),
        (("--csv", tmp_path / "x", "--json", tmp_path / "x"), "must be different files"),
        (("--junit", tmp_path / "j.xml"), "--thresholds FILE"),
        (("--thresholds", tmp_path / "none.toml"), "TOML or JSON"),
    ):
        result = cli(*RUN, *args)
        assert (result.exit_code, message in result.stderr) == (2, True), result.stderr
    monkeypatch.setattr(html, "find_spec", lambda name: None)
    result = cli(*RUN, "--html", tmp_path / "new.html")
    assert (result.exit_code != 0, "intengine[report]" in result.stderr) == (True, True)
