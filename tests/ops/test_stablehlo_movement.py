"""StableHLO operators that LiteRT does not run, against plain NumPy."""

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import intengine
from tests.cases._build import Operand, one_op, result

X = np.arange(24, dtype=np.int16).reshape(2, 3, 4)


def run(
    op: str, inputs: list[NDArray[Any]], out: tuple[int, ...], type_: str = "INT16", **options: Any
) -> NDArray[Any]:
    names = {
        np.dtype(t): n
        for t, n in ((np.int16, "INT16"), (np.bool_, "BOOL"), (np.float32, "FLOAT32"), (np.int32, "INT32"))
    }
    operands = [Operand(names[x.dtype], x.shape, x) for x in inputs]
    problem = one_op(op.lower(), f"STABLEHLO_{op}", operands, [result(type_, out)], **options)
    engine = intengine.Interpreter(problem.model)
    (found,) = engine.run(dict(zip(engine.model.main.inputs, problem.inputs, strict=True))).values()
    return found


def test_elements_move() -> None:
    assert np.array_equal(run("RESHAPE", [X], (4, 6)), X.reshape(4, 6))
    assert np.array_equal(run("TRANSPOSE", [X], (4, 2, 3), permutation=[2, 0, 1]), X.transpose(2, 0, 1))
    sliced = run("SLICE", [X], (1, 2, 2), start_indices=[1, 0, 1], limit_indices=[2, 3, 4], strides=[1, 2, 2])
    assert np.array_equal(sliced, X[1:2, 0:3:2, 1:4:2])
    assert np.array_equal(run("CONCATENATE", [X, X[:, :1]], (2, 4, 4), dimension=1), np.concatenate([X, X[:, :1]], 1))
    wide = run("BROADCAST_IN_DIM", [X[:, :1, 0]], (2, 5, 3), broadcast_dimensions=[0, 2])
    assert np.array_equal(wide, np.broadcast_to(X[:, :1, 0][:, None, :], (2, 5, 3)))
    assert np.array_equal(run("IOTA", [], (2, 3), iota_dimension=1), np.broadcast_to(np.arange(3), (2, 3)))
    starts = [np.array(n, np.int32) for n in (9, -1, 1)]
    assert np.array_equal(run("DYNAMIC_SLICE", [X, *starts], (1, 2, 3), slice_sizes=[1, 2, 3]), X[1:, :2, 1:])
    changed = X.copy()
    changed[1:, :1, 1:3] = -7
    assert np.array_equal(run("DYNAMIC_UPDATE_SLICE", [X, np.full((1, 1, 2), -7, np.int16), *starts], X.shape), changed)


def test_elements_are_chosen() -> None:
    odd = X % 2 == 1
    assert np.array_equal(run("SELECT", [odd, X, -X], X.shape), np.where(odd, X, -X))
    assert np.array_equal(run("SELECT", [np.array(True), X, -X], X.shape), X)
    low, high = np.array(5, np.int16), np.array(17, np.int16)
    assert np.array_equal(run("CLAMP", [low, X, high], X.shape), np.clip(X, 5, 17))


@pytest.mark.parametrize("direction", range(6))
def test_elements_are_compared(direction: int) -> None:
    function = (np.equal, np.not_equal, np.greater_equal, np.greater, np.less_equal, np.less)[direction]
    other = X[::-1].copy()
    found = run("COMPARE", [X, other], X.shape, "BOOL", comparison_direction=direction)
    assert np.array_equal(found, function(X, other))


def test_elements_are_converted() -> None:
    x = np.array([-1.7, 0.0, 2.5], np.float32)
    assert run("CONVERT", [x], (3,), "INT32").tolist() == [-1, 0, 2]
    assert run("CONVERT", [x], (3,), "BOOL").tolist() == [True, False, True]


@pytest.mark.parametrize(
    ("op", "options"),
    [
        ("TRANSPOSE", {"permutation": [0, 0, 1]}),
        ("SLICE", {"start_indices": [0, 0, 0], "limit_indices": [9, 3, 4], "strides": [1, 1, 1]}),
        ("BROADCAST_IN_DIM", {"broadcast_dimensions": [0, 1, 7]}),
        ("RESHAPE", {}),
    ],
)
def test_impossible_options_are_refused(op: str, options: dict[str, Any]) -> None:
    with pytest.raises(intengine.InvalidModelError):
        run(op, [X], (5, 5, 5), **options)
