"""`--against cmd:`: the documented example, and programs that misbehave."""

import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import intengine
from intengine.runners import CommandRunner, RunnerError
from intengine.verification import verify
from intengine.writer import ModelBuilder

EXAMPLE = Path(__file__).parents[2] / "docs" / "examples" / "runner"


def _layer() -> bytes:
    """A multiplier of 0.3: the first of two roundings makes ties for the second."""
    rng = np.random.default_rng(0)
    b = ModelBuilder()
    x = b.tensor("x", "INT8", (1, 32), scale=0.5, zero_point=-3)
    w = b.tensor("w", "INT8", (24, 32), rng.integers(-4, 5, (24, 32)), scale=0.6, zero_point=0)
    bias = b.tensor("bias", "INT32", (24,), rng.integers(-200, 200, 24), scale=0.3, zero_point=0)
    y = b.tensor("y", "INT8", (1, 24), scale=1.0, zero_point=5)
    b.op("FULLY_CONNECTED", [x, w, bias], [y])
    return b.to_bytes([x], [y])


def test_the_example_in_c_agrees_with_fixed_point(tmp_path: Path) -> None:
    compiler = shutil.which("cc")
    if compiler is None:
        pytest.skip("no C compiler")
    program = tmp_path / "dense"
    subprocess.run([compiler, "-O2", "-o", program, EXAMPLE / "dense.c"], check=True)
    model = tmp_path / "layer.tflite"
    model.write_bytes(_layer())
    against = f"cmd:{sys.executable} {EXAMPLE / 'run.py'} {program}"
    assert verify(model, "random:4:0", against=against, profile="tflm").identical
    double = verify(model, "random:4:0", against=against, profile="litert-reference")
    assert not double.identical
    assert "tflm" in double.culprits[0].profiles


def _script(tmp_path: Path, text: str) -> str:
    path = tmp_path / "runner.py"
    path.write_text(f"import sys, time\nimport numpy as np\nmodel, inputs, outputs = sys.argv[1:]\n{text}\n")
    return f"{sys.executable} {path}"


def test_a_program_that_fails_is_reported_with_its_last_line(tmp_path: Path) -> None:
    command = _script(tmp_path, "sys.exit('no such operator')")
    with pytest.raises(RunnerError, match="ended with 1: no such operator"):
        verify(_layer(), against=f"cmd:{command}")


def test_a_program_that_hangs_is_ended(tmp_path: Path) -> None:
    runner = CommandRunner(_script(tmp_path, "time.sleep(60)"), seconds=0.5)
    with pytest.raises(RunnerError, match=r"within 0\.5 seconds"):
        runner.run(b"", {"x": np.zeros(1)})


def test_a_program_that_writes_nothing_is_reported(tmp_path: Path) -> None:
    with pytest.raises(RunnerError, match="must write its outputs as an npz"):
        verify(_layer(), against=f"cmd:{_script(tmp_path, '')}")


def test_a_program_that_cannot_start_is_reported() -> None:
    with pytest.raises(RunnerError, match="can be started"):
        verify(_layer(), against="cmd:/nowhere/at/all")
    with pytest.raises(intengine.InputError, match="must name a program"):
        CommandRunner("")


def test_an_output_of_another_shape_is_structural(tmp_path: Path) -> None:
    command = _script(tmp_path, "np.savez(outputs, y=np.zeros((24, 1), np.int8))")
    result = verify(_layer(), "random:1:0", against=f"cmd:{command}")
    assert not result.ok
    assert result.culprits[0].verdict == "culprit: structural"
