"""Reductions and searches along axes, compiled and not, against one list of elements for each output."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from intengine_kernels.arg_extremum import arg_extremum, arg_extremum_float_rows, arg_extremum_rows
from intengine_kernels.reduce import (
    reduce_extremum,
    reduce_float,
    reduce_integer,
    reduce_product,
    reduce_product_requantize,
    reduce_requantize,
)

from intengine.shapes import collapse, contiguous_strides
from tests.cases._build import uniform
from tests.kernels._both import both_ways
from tests.spec import reduce as spec

SHAPE = (2, 3, 4, 5)
AXES = pytest.mark.parametrize("axes", [{1, 2}, {0}, {3}, {0, 1, 2, 3}, {1, 3}, {0, 2}, set()], ids=str)
SPECIAL = [0.0, -0.0, 1, -1, 2, np.nan, np.inf, -np.inf, 3e38]


def walk(shape: tuple[int, ...], axes: set[int]) -> tuple[np.ndarray, np.ndarray, int]:
    """(shape, strides) as kernels take them, and the number of outputs."""
    kept = [1 if axis in axes else n for axis, n in enumerate(shape)]
    to = tuple(0 if axis in axes else step for axis, step in enumerate(contiguous_strides(kept)))
    merged, (_, strides) = collapse(shape, contiguous_strides(shape), to)
    return np.array(merged, np.int64), np.array(strides, np.int64), int(np.prod(kept))


@both_ways(reduce_requantize)
@AXES
@pytest.mark.parametrize("kind", ["INT8", "UINT8", "INT16"])
def test_quantized_sums_and_means(run: Callable[..., Any], kind: str, axes: set[int]) -> None:
    x = uniform(np.random.default_rng(1), kind, SHAPE)
    shape, strides, size = walk(SHAPE, axes)
    n = x.size // size
    lo, hi = int(np.iinfo(x.dtype).min), int(np.iinfo(x.dtype).max)
    for ratio in (0.5, 1.0, 0.037, 3.0):
        multiplier, shift = spec.mean_multiplier(ratio, 1.0, n)
        parameters = (3, multiplier, shift, -1, lo, hi)
        out = np.zeros(size, x.dtype)
        run(x.reshape(-1), shape, strides, 3 * n, *parameters[1:], np.zeros(size, np.int32), out)
        assert out.tolist() == [spec.requantized_sum(values, *parameters) for values in spec.groups(x, axes)]


@both_ways(reduce_integer)
@AXES
def test_integer_means_truncate(run: Callable[..., Any], axes: set[int]) -> None:
    x = uniform(np.random.default_rng(2), "INT32", SHAPE)
    shape, strides, size = walk(SHAPE, axes)
    out = np.zeros(size, np.int32)
    run(x.reshape(-1), shape, strides, x.size // size, np.zeros(size, np.int64), out)
    assert out.tolist() == [spec.truncated_mean(values) for values in spec.groups(x, axes)]


@both_ways(reduce_float)
@AXES
def test_float_means_are_sums_in_order(run: Callable[..., Any], axes: set[int]) -> None:
    x = uniform(np.random.default_rng(3), "FLOAT32", SHAPE)
    shape, strides, size = walk(SHAPE, axes)
    out = np.zeros(size, np.float32)
    for count in (1, x.size // size):
        run(x.reshape(-1), shape, strides, count, np.zeros(size, np.float32), out)
        assert out.tolist() == [spec.float_sum(values) / np.float32(count) for values in spec.groups(x, axes)]


@both_ways(reduce_extremum)
@AXES
@pytest.mark.parametrize("least", [0, 1])
def test_extrema(run: Callable[..., Any], least: int, axes: set[int]) -> None:
    rng = np.random.default_rng(4)
    shape, strides, size = walk(SHAPE, axes)
    for x in (uniform(rng, "INT8", SHAPE), rng.choice(SPECIAL, SHAPE).astype(np.float32)):
        ends = np.iinfo(np.int8) if x.dtype == np.int8 else np.finfo(np.float32)
        start = ends.max if least else ends.min
        out = np.zeros(size, x.dtype)
        run(least, x.reshape(-1), shape, strides, start, out)
        expected = np.array([spec.extremum(values, bool(least)) for values in spec.groups(x, axes)], x.dtype)
        assert out.tobytes() == expected.tobytes()


@both_ways(reduce_product)
@AXES
def test_products(run: Callable[..., Any], axes: set[int]) -> None:
    rng = np.random.default_rng(5)
    shape, strides, size = walk(SHAPE, axes)
    for kind, product in (("INT32", spec.wrapped_product), ("FLOAT32", spec.float_product)):
        x = uniform(rng, kind, SHAPE)
        out = np.zeros(size, x.dtype)
        run(x.reshape(-1), shape, strides, out)
        assert out.tolist() == [product(values) for values in spec.groups(x, axes)]


@both_ways(reduce_product_requantize)
@AXES
def test_quantized_products_are_scaled_at_each_step(run: Callable[..., Any], axes: set[int]) -> None:
    rng = np.random.default_rng(6)
    shape, strides, size = walk(SHAPE, axes)
    for dtype, zero_point in ((np.int8, 4), (np.int16, 0)):
        x = (zero_point + rng.integers(-9, 10, SHAPE)).astype(dtype)
        lo, hi = int(np.iinfo(dtype).min), int(np.iinfo(dtype).max)
        for multiplier, shift in ((2**30, -1), (1503238553, -2), (2**31 - 1, 0)):
            parameters = (zero_point, multiplier, shift, -3, lo, hi)
            out, acc, begun = np.zeros(size, dtype), np.zeros(size, np.int32), np.ones(size, np.bool_)
            run(x.reshape(-1), shape, strides, *parameters, begun, acc, out)
            assert out.tolist() == [spec.requantized_product(values, *parameters) for values in spec.groups(x, axes)]


@both_ways(arg_extremum)
@pytest.mark.parametrize("least", [0, 1])
def test_the_first_extremum_along_an_inner_axis(run: Callable[..., Any], least: int) -> None:
    rng = np.random.default_rng(7)
    for x in (rng.integers(-2, 3, (3, 7, 4)).astype(np.int8), rng.choice(SPECIAL, (9, 6, 5)).astype(np.float32)):
        x[0, :, 0] = np.nan if x.dtype == np.float32 else 1
        out = np.zeros((x.shape[0], x.shape[2]), np.int32)
        run(least, x, out)
        assert out.reshape(-1).tolist() == [spec.arg_extremum(values, bool(least)) for values in spec.groups(x, {1})]


@both_ways(arg_extremum_rows)
@pytest.mark.parametrize("least", [0, 1])
def test_the_first_extremum_along_rows(run: Callable[..., Any], least: int) -> None:
    rng = np.random.default_rng(8)
    for size in (1, 5, 40):
        x = rng.integers(0, 4, (12, size)).astype(np.uint8)
        out = np.zeros(12, np.int64)
        run(least, x, out)
        assert out.tolist() == [spec.arg_extremum(values, bool(least)) for values in spec.groups(x, {1})]


@both_ways(arg_extremum_float_rows)
@pytest.mark.parametrize("least", [0, 1])
def test_the_first_extremum_along_rows_of_floats(run: Callable[..., Any], least: int) -> None:
    rng = np.random.default_rng(9)
    for size in (1, 3, 4, 5, 18):
        x = rng.choice([0.0, -0.0, 1, -1, np.inf, -np.inf], (12, size)).astype(np.float32)
        out = np.zeros(12, np.int32)
        run(least, x, out)
        assert out.tolist() == [spec.arg_extremum(values, bool(least)) for values in spec.groups(x, {1})]


@both_ways(arg_extremum_float_rows)
def test_lanes_of_four_decide_where_rows_hold_nan(run: Callable[..., Any]) -> None:
    nan = np.nan
    rows = [[27, 44, nan, 49], [nan, 1, 2, 0], [1, nan, 2, 0], [nan, 45, 13, 23, 13, 48, 49, 49], [36, 6, nan, 40, 0]]
    rows += [[nan, 8, 25, 32, 19], [nan, 20], [nan, nan, 29], [31, 43, nan, 44, 7, 21, nan, nan], [nan] * 9]
    expected = [1, 0, 2, 6, 0, 4, 1, 2, 1, 0]
    for row, index in zip(rows, expected, strict=True):
        for least, sign in ((0, 1), (1, -1)):
            out = np.zeros(1, np.int32)
            run(least, sign * np.array([row], np.float32), out)
            assert out[0] == index, row
