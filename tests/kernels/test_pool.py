"""Pooling kernels, compiled and not, against the formula window by window."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from intengine_kernels.pool import average_pool, average_pool_float, max_pool

from intengine.shapes import window_output, window_padding
from tests.cases._build import uniform
from tests.kernels._both import both_ways
from tests.spec import pool as spec

#: (shape, window, stride, same)
GEOMETRIES = [
    ((1, 5, 4, 3), (2, 2), (2, 2), False),
    ((2, 4, 5, 1), (3, 3), (1, 1), True),
    ((1, 2, 3, 17), (5, 4), (2, 1), True),
    ((1, 7, 3, 2), (3, 1), (2, 3), False),
    ((1, 6, 6, 2), (1, 2), (4, 5), True),
]
LEAST = float(np.finfo(np.float32).min)


def pooled(
    kernel: Callable[..., Any],
    x: np.ndarray,
    geometry: Any,
    limits: tuple[Any, ...],
    *scratch: np.ndarray,
    split: int = 0,
) -> np.ndarray:
    """The kernel over all output rows, in two calls if `split` is given."""
    shape, (kh, kw), (sh, sw), same = geometry
    out_h, out_w = (window_output(shape[1], kh, sh, 1, same), window_output(shape[2], kw, sw, 1, same))
    pads = window_padding(shape[1], kh, sh, 1, out_h), window_padding(shape[2], kw, sw, 1, out_w)
    out = np.zeros((shape[0], out_h, out_w, shape[3]), x.dtype)
    rows = shape[0] * out_h
    for begin, end in ((0, split), (split, rows)):
        kernel(x, kh, kw, sh, sw, *(pads if same else (0, 0)), *limits, begin, end, *scratch, out)
    return out


@both_ways(average_pool)
@pytest.mark.parametrize("geometry", GEOMETRIES)
@pytest.mark.parametrize("kind", ["INT8", "UINT8", "INT16"])
def test_integer_averages(run: Callable[..., Any], kind: str, geometry: Any) -> None:
    shape, (kh, kw), stride, same = geometry
    x = uniform(np.random.default_rng(1), kind, shape)
    acc = np.full(shape[3], 99, np.int32)
    for lo, hi in ((-20, 90), (np.iinfo(x.dtype).min, np.iinfo(x.dtype).max)):
        lo = max(lo, int(np.iinfo(x.dtype).min))
        expected = spec.pool(x, kh, kw, stride, spec.average, same=same, lo=lo, hi=int(hi))
        assert np.array_equal(pooled(run, x, geometry, (lo, int(hi)), acc, split=1), expected)


@both_ways(average_pool)
def test_every_sum_and_count_rounds_halves_away_from_zero(run: Callable[..., Any]) -> None:
    for n in range(1, 13):
        totals = np.arange(-3 * n, 3 * n + 1)
        x = np.zeros((1, n, 1, totals.size), np.int8)
        x[0, 0, 0] = totals
        out = np.zeros((1, 1, 1, totals.size), np.int8)
        run(x, n, 1, 1, 1, 0, 0, -128, 127, 0, 1, np.zeros(totals.size, np.int32), out)
        assert out.reshape(-1).tolist() == [spec.average([int(total)] + [0] * (n - 1)) for total in totals]


@both_ways(average_pool_float)
@pytest.mark.parametrize("geometry", GEOMETRIES)
def test_float_averages_are_sums_in_order(run: Callable[..., Any], geometry: Any) -> None:
    shape, (kh, kw), stride, same = geometry
    x = uniform(np.random.default_rng(2), "FLOAT32", shape)
    for lo, hi in ((LEAST, -LEAST), (0.0, 6.0), (-1.0, 1.0)):
        expected = spec.pool(x, kh, kw, stride, spec.average_float, same=same, lo=np.float32(lo), hi=np.float32(hi))
        assert np.array_equal(pooled(run, x, geometry, (lo, hi), np.zeros(shape[3], np.float32)), expected)


@both_ways(max_pool)
@pytest.mark.parametrize("geometry", GEOMETRIES)
@pytest.mark.parametrize("kind", ["INT8", "UINT8", "INT16", "FLOAT32"])
def test_maxima(run: Callable[..., Any], kind: str, geometry: Any) -> None:
    shape, (kh, kw), stride, same = geometry
    rng = np.random.default_rng(3)
    x = uniform(rng, kind, shape)
    lo, hi, start = -20, 90, LEAST
    if kind == "FLOAT32":
        x = rng.choice([0.0, -0.0, np.nan, np.inf, -np.inf, 7, -5], shape).astype(np.float32)
    else:
        start = int(np.iinfo(x.dtype).min)
        lo = max(lo, start)
    for limits in ((lo, hi), (start, hi)):
        expected = spec.pool(x, kh, kw, stride, spec.greatest, same=same, lo=x.dtype.type(limits[0]), hi=hi)
        got = pooled(run, x, geometry, (*limits, start), split=1)
        assert np.array_equal(got, expected)
        assert np.array_equal(np.signbit(got), np.signbit(expected))
