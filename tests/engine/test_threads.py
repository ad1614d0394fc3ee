"""Any number of threads gives the same bytes."""

import threading
import time

import numpy as np
import pytest

import intengine
from intengine import binding
from intengine.workers import Workers
from tests.cases import Problem, problems
from tests.compare import assert_same

MODULES = ("conv_2d", "depthwise_conv_2d", "fully_connected")
#: Only integer kernels are shared.
PROBLEMS = [p for name in MODULES for p in problems(name) if p.inputs[0].dtype.kind != "f"]


@pytest.mark.parametrize("problem", PROBLEMS, ids=lambda problem: problem.name)
def test_threads_share_rows_and_give_the_same_bytes(problem: Problem, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(binding, "_LEAST_WORK", 1)
    alone, *others = (intengine.Interpreter(problem.model, num_threads=n) for n in (1, 2, 5))
    inputs = dict(zip(alone.inputs, problem.inputs, strict=True))
    expected = list(alone.run(inputs).values())
    for engine in others:
        for found, wanted in zip(engine.run(inputs).values(), expected, strict=True):
            assert_same(found, wanted, problem)


def test_calls_run_at_once_and_a_failure_is_raised_when_all_have_ended() -> None:
    workers = Workers(3)
    barrier = threading.Barrier(3, timeout=10)
    done = np.zeros(3)

    def work(place: int) -> None:
        barrier.wait()
        done[place] = 1
        if place == 1:
            raise ValueError("second")

    with pytest.raises(ValueError, match="second"):
        workers.share(*((work, (i,)) for i in range(3)))
    assert done.all()


def test_threads_end_with_the_interpreter_that_had_them() -> None:
    before = threading.active_count()
    workers = Workers(4)
    assert threading.active_count() == before + 3
    del workers
    end = time.monotonic() + 10
    while threading.active_count() > before and time.monotonic() < end:
        time.sleep(0.01)
    assert threading.active_count() == before
