"""Kernels that find their input bad say so when the run is over, and the next run knows nothing of it."""

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

import intengine
from intengine import InputError, Interpreter
from intengine.writer import ModelBuilder

GOOD, BAD = np.array([3, 0], np.int32), np.array([1, 4], np.int32)


def _gather() -> bytes:
    b = ModelBuilder()
    places, x = b.tensor("places", "INT32", (2,)), b.tensor("x", "INT32", (4,), np.arange(10, 50, 10, np.int32))
    y, again, z = (b.tensor(name, "INT32", (2,)) for name in ("y", "again", "z"))
    b.op("GATHER", [x, places], [y], axis=0)
    b.op("GATHER", [x, places], [again], axis=0)
    b.op("ADD", [y, again], [z])
    return b.build([places], [z])


def _runs(engine: Interpreter) -> dict[str, Callable[[NDArray[np.int32]], NDArray[np.int32]]]:
    return {"run": lambda x: engine.run(x)["z"], "trace": lambda x: engine.trace(x)["z"]}


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("way", ["run", "trace"])
def test_a_bad_index_is_refused_with_its_numbers_and_the_next_run_is_right(threads: int, way: str) -> None:
    run = _runs(Interpreter(_gather(), num_threads=threads))[way]
    for _ in range(2):
        with pytest.raises(InputError, match=r"GATHER needs indices in 0\.\.3; its input has 1\.\.4\."):
            run(BAD)
        assert run(GOOD).tolist() == [80, 20]


def test_python_operators_do_not_run_on_what_is_left_of_bad_input() -> None:
    seen = []

    @intengine.custom_operator("TestFindings")
    def look(node: object, x: NDArray[np.int32]) -> NDArray[np.int32]:
        seen.append(x.tolist())
        return x

    b = ModelBuilder()
    places, x = b.tensor("places", "INT32", (2,)), b.tensor("x", "INT32", (4,), np.arange(10, 50, 10, np.int32))
    y, z = b.tensor("y", "INT32", (2,)), b.tensor("z", "INT32", (2,))
    b.op("GATHER", [x, places], [y], axis=0)
    b.op("TestFindings", [y], [z])
    engine = Interpreter(b.build([places], [z]))
    with pytest.raises(InputError, match="GATHER needs indices"):
        engine.run(BAD)
    engine.run(GOOD)
    assert seen == [[40, 10]]


@pytest.mark.parametrize("op", ["DIV", "FLOOR_DIV"])
def test_a_divisor_of_zero_is_refused(op: str) -> None:
    b = ModelBuilder()
    x, y, z = (b.tensor(name, "INT32", (2,)) for name in "xyz")
    b.op(op, [x, y], [z])
    engine = Interpreter(b.build([x, y], [z]))
    one = np.array([-7, 7], np.int32)
    with pytest.raises(InputError, match=f"{op} needs divisors other than 0"):
        engine.run({"x": one, "y": np.array([2, 0], np.int32)})
    found = engine.run({"x": one, "y": np.array([2, 2], np.int32)})["z"]
    assert found.tolist() == [-4 if op == "FLOOR_DIV" else -3, 3]
