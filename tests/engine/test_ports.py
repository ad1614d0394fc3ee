"""With threads a program copies the caller's arrays itself: whatever arrays these are, results are the same."""

import numpy as np
import pytest
from numpy.typing import NDArray

from intengine import Interpreter
from tests.cases import Problem, problems

PROBLEMS = [next(p for p in problems(name) if p.inputs[0].size > 1) for name in ("conv_2d", "pool_2d", "movement")]


@pytest.fixture(params=PROBLEMS, ids=lambda problem: problem.name)
def problem(request: pytest.FixtureRequest) -> Problem:
    found: Problem = request.param
    return found


def run(problem: Problem, inputs: tuple[NDArray[np.generic], ...], threads: int = 1) -> list[NDArray[np.generic]]:
    engine = Interpreter(problem.model, num_threads=threads)
    return list(engine.run(dict(zip(engine.inputs, inputs, strict=True))).values())


def equal(found: list[NDArray[np.generic]], wanted: list[NDArray[np.generic]]) -> bool:
    return all(a.tobytes() == b.tobytes() for a, b in zip(found, wanted, strict=True))


def test_arrays_may_be_views_of_any_strides(problem: Problem) -> None:
    views = tuple(np.repeat(array[..., ::-1], 2, axis=-1)[..., ::-2] for array in problem.inputs)
    assert not views[0].flags.c_contiguous
    assert equal(run(problem, views, 2), run(problem, problem.inputs))


def test_arrays_may_be_unaligned_and_read_only(problem: Problem) -> None:
    odd = []
    for array in problem.inputs:
        memory = np.empty(array.nbytes + 1, np.uint8)
        odd.append(memory[1:].view(array.dtype).reshape(array.shape))
        odd[-1][...] = array
        odd[-1].flags.writeable = False
    assert equal(run(problem, tuple(odd), 2), run(problem, problem.inputs))


def test_arrays_may_lie_in_the_arena(problem: Problem) -> None:
    engine = Interpreter(problem.model, num_threads=2)
    names = list(engine.inputs)
    given = dict(zip(names, problem.inputs, strict=True))
    execution = engine.execute(given)
    execution.enter({spec.index: given[name] for name, spec in engine.inputs.items()})
    inside = {name: execution.value(spec.index) for name, spec in engine.inputs.items()}
    assert equal(list(engine.run(inside).values()), run(problem, problem.inputs))


def test_outputs_are_the_callers_own(problem: Problem) -> None:
    engine = Interpreter(problem.model, num_threads=2)
    first = list(engine.run(dict(zip(engine.inputs, problem.inputs, strict=True))).values())
    kept = [array.copy() for array in first]
    changed = tuple(np.roll(array, 1) for array in problem.inputs)
    engine.run(dict(zip(engine.inputs, changed, strict=True)))
    assert equal(first, kept)
    assert all(array.flags.owndata and array.flags.writeable for array in first)
