"""One model measured: refused where it differs, timed where it does not, alone where LiteRT cannot be asked."""

import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

import pytest

from intengine.benchmark import OURS, Options, State, worker
from intengine.benchmark.records import ModelResult
from intengine.errors import MissingDependencyError
from intengine.runners import RunnerError
from intengine.runners._child import receive, send
from tests.cli import models

QUICK = Options(against=(), seconds=0.01)


class Runtime:
    """This engine's own outputs, with one bit changed if wanted."""

    change = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *args: object) -> None:
        pass

    def load(self, model: bytes, *, shapes: Mapping[int, tuple[int, ...]]) -> None:
        self.model = model

    def run(self, inputs: Mapping[int, Any], wanted: tuple[int, ...]) -> dict[int, Any]:
        import intengine

        trace = intengine.Interpreter(self.model, shapes={i: a.shape for i, a in inputs.items()}).trace(inputs)
        answer = {i: trace[i].copy() for i in wanted}
        answer[wanted[0]].reshape(-1)[0] ^= self.change
        return answer


@pytest.fixture
def runtime(monkeypatch: pytest.MonkeyPatch) -> Runtime:
    made = Runtime()
    monkeypatch.setattr(worker, "open_runner", lambda profile: made)
    return made


def measure(path: Path, options: Options = QUICK) -> ModelResult:
    return worker.measure(path, options, {}, lambda text: None)[0]


def test_a_model_that_differs_is_not_timed(small: Path, runtime: Runtime) -> None:
    runtime.change = 1
    result = measure(small)
    assert result.state is State.DIFFERS
    assert result.equal is False
    assert result.times == {}
    assert result.note == "output 'scores': 1 of 5 elements differ from litert-reference's"


def test_an_equal_model_is_timed_with_its_macs(small: Path, runtime: Runtime) -> None:
    result = measure(small)
    assert (result.state, result.equal) == (State.TIMED, True)
    assert result.macs == 1 * 4 * 4 * 2 * 27 + 5 * 32
    assert set(result.times) == {OURS}
    assert result.gmacs[OURS] == pytest.approx(result.macs / result.times[OURS].median / 1e6)
    assert 0 < result.share[OURS] < 1


def test_a_batch_multiplies_macs(two: Path, small: Path, runtime: Runtime) -> None:
    assert measure(two, Options(against=(), seconds=0.01, batch=3)).state is State.TIMED
    reshaped = measure(small, Options(against=(), seconds=0.01, batch=3))
    assert reshaped.state is State.BAD_MODEL  # a constant shape of one image


def test_operators_and_trace_are_of_the_same_nodes(small: Path, runtime: Runtime) -> None:
    result = measure(small, Options(against=(), seconds=0.01, ops=True, trace=True))
    assert [node.op for node in result.nodes] == ["CONV_2D", "RESHAPE", "FULLY_CONNECTED"]
    assert sum(node.macs for node in result.nodes) == result.macs
    run, *steps = result.trace
    assert [event["name"] for event in steps] == [node.op for node in result.nodes]
    assert [event["args"]["macs"] for event in steps] == [node.macs for node in result.nodes]
    assert steps[0]["args"]["outputs"] == ["int8[1, 4, 4, 2]"]
    assert all(event["ph"] == "X" and event["dur"] >= 0 for event in result.trace)
    assert sum(event["dur"] for event in steps) == pytest.approx(run["dur"], abs=0.01)


@pytest.mark.parametrize("error", [MissingDependencyError("not installed"), RunnerError("refused")])
def test_where_nobody_can_be_asked_intengine_is_timed_and_it_says_so(
    error: Exception, small: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(profile: str) -> None:
        raise error

    monkeypatch.setattr(worker, "open_runner", fail)
    result = measure(small)
    assert (result.state, result.equal) == (State.TIMED, None)
    assert result.note == f"not compared: {error}"


def test_a_profile_without_an_installed_runtime_is_not_compared(small: Path) -> None:
    result = measure(small, Options(against=(), seconds=0.01, profile="cmsis-nn"))
    assert (result.state, result.equal) == (State.TIMED, None)
    assert "cmsis-nn" in result.note


def test_models_that_cannot_run_say_why(custom: Path, tmp_path: Path) -> None:
    assert measure(custom).state is State.UNSUPPORTED
    (tmp_path / "text.tflite").write_bytes(b"no model at all")
    assert measure(tmp_path / "text.tflite").state is State.BAD_MODEL
    (tmp_path / "impossible.tflite").write_bytes(models.impossible())
    assert measure(tmp_path / "impossible.tflite").state is State.BAD_MODEL


def test_the_process_ends_when_the_one_that_asked_does(small: Path) -> None:
    command = [sys.executable, "-m", "intengine.benchmark.worker"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as child:
        assert child.stdin is not None
        assert child.stdout is not None
        try:
            send(child.stdin, (str(small), Options(against=(), seconds=600.0), {}))
            assert receive(child.stdout)[0] == "say"
            child.stdin.close()
            assert child.wait(60) == 1
        finally:
            child.kill()
