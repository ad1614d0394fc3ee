"""Resize kernels, compiled and not, and the operators' positions, against the formula pixel by pixel."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from intengine_kernels.resize import PADDING, resize_bilinear_float, resize_bilinear_q10, resize_nearest

import intengine
from tests.cases import Problem, problems
from tests.cases._build import uniform
from tests.compare import assert_same
from tests.kernels._both import both_ways
from tests.spec import resize as spec

SHAPE, SIZE = (2, 3, 4, 5), (7, 5)
MODES = pytest.mark.parametrize(("align", "half"), [(False, False), (True, False), (False, True)])

#: Fewer than a vector, one, and more.
CHANNELS = pytest.mark.parametrize("channels", [5, 16, 21, 40])


def positions(find: Callable[..., Any], align: bool, half: bool, part: Any) -> list[np.ndarray]:
    """y_low, y_high, y_part, x_low, x_high, x_part."""
    found = []
    for size, out in zip(SHAPE[1:3], SIZE, strict=True):
        low, high, parts = zip(*(find(i, size, out, align=align, half=half) for i in range(out)), strict=True)
        found += [np.array(low, np.int64), np.array(high, np.int64), np.array(parts, part)]
    return found


@both_ways(resize_bilinear_q10)
@MODES
@CHANNELS
@pytest.mark.parametrize(("kind", "wide"), [("INT8", np.int32), ("INT16", np.int64)])
def test_bilinear_in_fixed_point(
    run: Callable[..., Any], kind: str, wide: Any, channels: int, align: bool, half: bool
) -> None:
    x = uniform(np.random.default_rng(1), kind, (*SHAPE[:3], channels))
    out = np.zeros((2, *SIZE, channels), x.dtype)
    where = positions(spec.q10_position, align, half, wide)
    for begin, end in ((0, 3), (3, 14)):
        run(x, *where, begin, end, np.empty((1, 4 * channels + PADDING), wide), out)
    assert np.array_equal(out, spec.resize(x, SIZE, align=align, half=half, nearest=False))


@both_ways(resize_bilinear_q10)
def test_halves_round_away_from_zero(run: Callable[..., Any]) -> None:
    x = np.array([[[[0], [1]]], [[[0], [-1]]], [[[-2], [1]]]], np.int8)
    out = np.zeros((3, 1, 1, 1), np.int8)
    whole, half = np.zeros(1, np.int32), np.full(1, 512, np.int32)
    low, high = np.zeros(1, np.int64), np.ones(1, np.int64)
    run(x, low, low, whole, low, high, half, 0, 3, np.empty((1, 2 + PADDING), np.int32), out)
    assert out.reshape(-1).tolist() == [1, -1, -1]


@both_ways(resize_bilinear_float)
@MODES
@CHANNELS
@pytest.mark.parametrize(("kind", "add"), [("UINT8", 0.5), ("FLOAT32", 0.0)])
def test_bilinear_in_floats(
    run: Callable[..., Any], kind: str, add: float, channels: int, align: bool, half: bool
) -> None:
    x = uniform(np.random.default_rng(2), kind, (*SHAPE[:3], channels))
    out = np.zeros((2, *SIZE, channels), x.dtype)
    where = positions(spec.float_position, align, half, np.float32)
    for begin, end in ((0, 3), (3, 14)):
        run(x, *where, add, begin, end, np.empty((2, 4 * channels + PADDING), np.float32), out)
    assert np.array_equal(out, spec.resize(x, SIZE, align=align, half=half, nearest=False))


@both_ways(resize_nearest)
def test_nearest_copies_pixels(run: Callable[..., Any]) -> None:
    x = uniform(np.random.default_rng(3), "UINT8", SHAPE)
    rows, columns = np.array([2, 0, 0, 1]), np.array([3, 3, 1])
    out = np.zeros((2, 4, 3, 5), np.uint8)
    for begin, end in ((0, 5), (5, 8)):
        run(x, rows, columns, begin, end, out)
    assert np.array_equal(out, x[:, rows][:, :, columns])


def test_every_case_equals_the_formula() -> None:
    for problem in problems("resize"):
        engine = intengine.Interpreter(problem.model)
        node = engine.model.main.nodes[0]
        with np.errstate(all="ignore"):
            (found,) = engine.run({engine.model.main.inputs[0]: problem.inputs[0]}).values()
        assert_same(found, expected(problem, node), problem)


def expected(problem: Problem, node: Any) -> np.ndarray:
    (x,) = problem.inputs
    options = node.options
    size = intengine.load(problem.model).main.tensors[node.outputs[0]].shape[1:3]
    with np.errstate(all="ignore"):
        return spec.resize(
            x,
            size,
            align=bool(options["align_corners"]),
            half=bool(options["half_pixel_centers"]),
            nearest=node.op == "RESIZE_NEAREST_NEIGHBOR",
        )
