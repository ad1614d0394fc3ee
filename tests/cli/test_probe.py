"""`intengine probe`: what a runtime agrees with, what is ruled out, and arithmetic that nobody knows."""

import json
import sys
from pathlib import Path

import pytest

from intengine import discriminators
from intengine.probe import under


def _runner(tmp_path: Path, change: int) -> str:
    """A program that runs models with this engine, and adds a number to each output."""
    path = tmp_path / "runner.py"
    path.write_text(
        "import sys\nimport numpy as np\nimport intengine\n"
        "model, inputs, outputs = sys.argv[1:]\n"
        "engine = intengine.Interpreter(model)\n"
        "made = engine.run(dict(np.load(inputs)))\n"
        f"np.savez(outputs, **{{name: (y + np.array({change}).astype(y.dtype)) for name, y in made.items()}})\n"
    )
    return f"cmd:{sys.executable} {path}"


def test_a_runtime_with_the_references_arithmetic_is_recognized(cli, tmp_path: Path) -> None:
    result = cli("probe", _runner(tmp_path, 0), "--only", "DEQUANTIZE", "--output", tmp_path / "found.json")
    assert result.exit_code == 0, result.output
    assert "litert-reference" in result.stdout
    assert "0 agree with no known profile" in result.stdout
    (findings,) = json.loads((tmp_path / "found.json").read_text())["runtimes"].values()
    assert all("litert-reference" in finding["profiles"] for finding in findings)
    assert any(finding["power"]["litert-optimized"] for finding in findings)


def test_unknown_arithmetic_exits_1_and_is_said(cli, tmp_path: Path) -> None:
    result = cli("probe", _runner(tmp_path, 3), "--only", "DEQUANTIZE")
    assert result.exit_code == 1
    assert "no known profile" in result.stdout


def test_a_file_that_is_there_is_not_overwritten_and_a_wrong_runtime_named(cli, tmp_path: Path) -> None:
    (tmp_path / "found.json").write_text("mine")
    assert cli("probe", "litert-reference", "--output", tmp_path / "found.json").exit_code == 2
    assert (tmp_path / "found.json").read_text() == "mine"
    result = cli("probe", "nobody")
    assert result.exit_code == 2
    assert "must be one of" in result.stderr


@pytest.mark.oracle
@pytest.mark.parametrize("runtime", ["litert-reference", "litert-xnnpack"])
def test_live_litert_agrees_with_its_profile(cli, runtime: str) -> None:
    pytest.importorskip("ai_edge_litert")
    result = cli("probe", runtime, "--only", "QUANTIZE")
    assert result.exit_code == 0, result.output
    assert runtime in result.stdout


def test_every_problem_runs_here_under_its_recorded_profiles() -> None:
    for problem in discriminators.collection():
        assert problem.recorded
        assert all(under(problem, name) is not None for name in problem.recorded)
