"""Any number of threads gives the same bytes."""

import threading
import time

import numpy as np
import pytest
from intengine_kernels.frame import address, place_of_address
from intengine_kernels.jit import parameters
from intengine_kernels.run_loop import APART
from numba.core import config

import intengine
from intengine import chunks
from intengine.workers import Session, Workers
from tests.cases import Problem, problems
from tests.cases._build import given, one_op, result
from tests.compare import assert_same

MATRICES = ("conv_2d", "depthwise_conv_2d", "fully_connected")
OTHERS = ("pool_2d", "resize", "binary", "unary", "movement", "reduce")
#: All products, and of the others, whose kernels are shared by one rule, every fifth.
PROBLEMS = [p for name in MATRICES for p in problems(name)] + [p for name in OTHERS for p in problems(name)][::5]


#: Whole blocks, of which nothing is left: a part without elements.
BLOCKS = one_op(
    "blocks", "QUANTIZE", [given("UINT8", np.arange(256), 0.5, 128)], [result("INT8", (256,), 0.5, 0)], version=2
)
CASES = [(problem, "litert-reference") for problem in PROBLEMS] + [
    (problem, profile) for profile in ("litert-optimized", "litert-xnnpack") for problem in (BLOCKS, *PROBLEMS[::5])
]


@pytest.mark.parametrize(("problem", "profile"), CASES, ids=lambda case: getattr(case, "name", case))
def test_threads_share_rows_and_give_the_same_bytes(
    problem: Problem, profile: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chunks, "_LEAST_SHARE", 1)
    alone, *others = (intengine.Interpreter(problem.model, profile=profile, num_threads=n) for n in (1, 2, 5))
    inputs = dict(zip(alone.inputs, problem.inputs, strict=True))
    expected = list(alone.run(inputs).values())
    for engine in others:
        for found, wanted in zip(engine.run(inputs).values(), expected, strict=True):
            assert_same(found, wanted, problem)


def test_every_thread_has_its_own_accumulators(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where a step has several calls, one for each image of a batch."""
    monkeypatch.setattr(chunks, "_LEAST_SHARE", 1)
    seen = set()
    for problem in PROBLEMS:
        engine = intengine.Interpreter(problem.model, num_threads=2)
        execution = engine.execute(dict(zip(engine.inputs, problem.inputs, strict=True)))
        for step, calls in zip(execution.plan.steps, execution.calls, strict=True):
            for call, bound in zip(step.calls, calls, strict=True):
                names = parameters(call.kernel) if call.work else ()
                if bound.native is None or bound.native.chunks < 2 or "acc" not in names:
                    continue
                args, frames = bound.native.args[0], bound.native.frames
                place, acc = place_of_address(args, names.index("acc")), args[names.index("acc")]
                assert frames[0, 0, place] == address(acc)
                assert abs(frames[1, 0, place] - frames[0, 0, place]) >= acc.nbytes, problem.name
                seen.add((call.kernel.__name__, len(step.calls) > 3))
    assert config.DISABLE_JIT or ("conv_hybrid", True) in seen


def test_helpers_take_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without helpers that take some, the test above would show nothing: run until one has."""
    monkeypatch.setattr(chunks, "_LEAST_SHARE", 1)
    problem = next(p for p in PROBLEMS if p.name.startswith("conv"))
    engine = intengine.Interpreter(problem.model, num_threads=2)
    inputs = dict(zip(engine.inputs, problem.inputs, strict=True))
    execution = engine.execute(inputs)
    session = execution._program._session
    if session is None:
        pytest.skip("kernels are not compiled")
    end = time.monotonic() + 30
    while not session.helped.any() and time.monotonic() < end:
        execution._program.run()
    assert session.helped.all()


@pytest.mark.skipif(bool(config.DISABLE_JIT), reason="kernels are not compiled")
def test_a_helper_that_finds_nothing_waits_for_the_end_of_the_run() -> None:
    """Else it would be missed where calls take longer than it waits for a new run, and the run has just begun."""
    session = Session(np.array([[1, 0, 2, 0]]), np.zeros((4, 2), np.int64), np.zeros(2, np.int64), 2)
    lines = session.control.reshape(-1, APART)
    tickets, done = lines[2:4, 0], lines[4:6, 0]
    number = lines[0, 0] + 1
    # Both chunks of the only call are taken, and this thread does not say that it has done them yet.
    tickets[:] = number << 32 | 1
    lines[0, :3] = number, 0, 1
    workers = Workers(2)
    workers.wake(session)
    time.sleep(0.5)
    assert not session.asleep.any()
    done[0] = 0b11
    end = time.monotonic() + 30
    while not session.asleep.all() and time.monotonic() < end:
        time.sleep(0.01)
    assert session.asleep.all()
    assert not session.helped.any()


def test_threads_start_when_needed_and_end_with_the_interpreter_that_had_them() -> None:
    before = set(threading.enumerate())
    workers = Workers(4)
    assert set(threading.enumerate()) <= before
    session = Session(np.zeros((0, 4), np.int64), np.zeros((0, 2), np.int64), np.zeros(0, np.int64), 4)
    workers.wake(session)
    started = set(threading.enumerate()) - before
    assert len(started) == 3
    del workers
    for thread in started:
        thread.join(timeout=20)
    assert not any(thread.is_alive() for thread in started)
    # They went to sleep before they ended.
    assert session.asleep.all()
