import json
from pathlib import Path

import pytest


def test_a_model_is_timed_and_written(cli, small: Path, tmp_path: Path) -> None:
    out, trace = tmp_path / "out.json", tmp_path / "trace.json"
    args = ("bench", small, "--against", "none", "--profile", "cmsis-nn", "--seconds", 0.01, "--ops")
    result = cli(*args, "--json", out, "--trace", trace)
    assert result.exit_code == 0, result.stderr
    assert "CONV_2D" in result.stdout
    data = json.loads(out.read_text())
    assert data["about"]["options"]["profile"] == "cmsis-nn"
    assert set(data["about"]["peaks"]) == {"int8", "int16", "float32"}
    (model,) = data["models"]
    assert model["times"]["intengine"]["samples"] >= 3
    assert len(model["nodes"]) == 3
    assert len(json.loads(trace.read_text())["traceEvents"]) == 2 + 3
    same = cli("bench", "--compare", out, out)
    assert same.exit_code == 0
    assert "4 times, 0 changed" in same.stdout


def test_a_slower_result_ends_with_1_unless_within_the_threshold(cli, tmp_path: Path) -> None:
    def write(name: str, ms: float) -> Path:
        times = {"intengine": {"median": ms, "low": ms, "high": ms, "samples": 3}}
        about = {"options": {"profile": "litert-reference", "batch": 1}}
        models = [{"model": "m", "path": "m", "times": times, "nodes": []}]
        data = {"format": "intengine-bench", "version": 1, "about": about, "models": models}
        (tmp_path / name).write_text(json.dumps(data))
        return tmp_path / name

    old, new = write("old.json", 1.0), write("new.json", 1.2)
    assert cli("bench", "--compare", old, new).exit_code == 1
    assert cli("bench", "--compare", new, old).exit_code == 0
    assert cli("bench", "--compare", old, new, "--threshold", 30).exit_code == 0


@pytest.mark.parametrize(
    ("args", "text"),
    [
        ((), "needs a MODEL"),
        (("{m}", "--against", "fastest"), "--against names"),
        (("{m}", "--profile", "nobody"), "nobody"),
        (("{m}", "--json", "{m}"), "--force overwrites it"),
        (("--compare", "{m}", "{m}"), "readable JSON"),
    ],
)
def test_usage_is_refused_before_anything_is_timed(cli, small: Path, args: tuple[str, ...], text: str) -> None:
    result = cli("bench", *(arg.replace("{m}", str(small)) for arg in args))
    assert result.exit_code == 2
    assert text in result.stderr


@pytest.mark.oracle
def test_litert_is_timed_beside(cli, small: Path) -> None:
    pytest.importorskip("ai_edge_litert")
    result = cli("bench", small, "--seconds", 0.01)
    assert result.exit_code == 0, result.stderr
    assert "xnnpack" in result.stdout


def test_a_model_that_does_not_run_ends_with_3_and_the_others_are_timed(cli, small: Path, custom: Path) -> None:
    result = cli("bench", custom, small, "--against", "none", "--profile", "cmsis-nn", "--seconds", 0.01)
    assert result.exit_code == 3
    assert "NobodyHasThis" in result.stdout
    assert "small.tflite" in result.stdout
