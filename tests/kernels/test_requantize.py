"""Rows of accumulators under every scheme, against unbounded integers; each pair of schemes is told apart."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from intengine_kernels.requantize import (
    BLOCK,
    DOUBLE_ROUNDING,
    FLOAT32,
    INT64_15BIT,
    REAL_DOUBLE,
    SINGLE,
    UPWARD,
    UPWARD_BLOCKS,
    requantize_row,
)

from intengine.quantization import quantize_multiplier
from tests.kernels._both import both_ways
from tests.spec import fixedpoint as spec

ACCUMULATOR = {
    DOUBLE_ROUNDING: np.int32, INT64_15BIT: np.int64, REAL_DOUBLE: np.int32, UPWARD: np.int32, UPWARD_BLOCKS: np.int32,
    FLOAT32: np.int32, SINGLE: np.int32,
}  # fmt: skip
SCHEMES = pytest.mark.parametrize("scheme", list(ACCUMULATOR))


def expected(acc: np.ndarray, real: np.ndarray, scheme: int, zero_point: int, lo: int, hi: int) -> np.ndarray:
    out = []
    whole = acc.size // BLOCK * BLOCK
    for at, (value, scale) in enumerate(zip(acc.tolist(), real.tolist(), strict=True)):
        multiplier, shift = quantize_multiplier(scale)
        blocks = spec.mbqm_upward if at < whole else spec.mbqm
        scaled = {
            UPWARD: lambda v=value, m=multiplier, s=shift: spec.mbqm_upward(v, m, s),
            UPWARD_BLOCKS: lambda v=value, m=multiplier, s=shift, f=blocks: f(v, m, s),
            SINGLE: lambda v=value, m=multiplier, s=shift: spec.mbqm_single(v, m, s),
            FLOAT32: lambda v=value, r=scale: spec.float_product(v, r, hi - zero_point),
            DOUBLE_ROUNDING: lambda v=value, m=multiplier, s=shift: spec.mbqm(v, m, s),
            INT64_15BIT: lambda v=value, m=multiplier, s=shift: spec.mbqm64(v, m, s),
            REAL_DOUBLE: lambda v=value, r=scale: spec.real_product(v, r),
        }[scheme]()
        least = scaled if scheme == FLOAT32 else spec.wrap32(scaled + zero_point) - zero_point
        out.append(spec.clamp(least + zero_point, lo, hi))
    return np.array(out)


def requantized(
    run: Callable[..., Any],
    acc: np.ndarray,
    real: np.ndarray,
    scheme: int,
    zero_point: int,
    lo: int,
    hi: int,
    dtype: type,
) -> np.ndarray:
    pairs = np.array([quantize_multiplier(float(value)) for value in real], np.int32).reshape(-1, 2)
    out = np.full(acc.size, 77, dtype)
    multiplier, shift = np.ascontiguousarray(pairs[:, 0]), np.ascontiguousarray(pairs[:, 1])
    run(acc, multiplier, shift, real, scheme, zero_point, lo, hi, out)
    return out


@SCHEMES
@both_ways(requantize_row)
@pytest.mark.parametrize(
    ("dtype", "zero_point", "lo", "hi"),
    [(np.int8, -128, -128, 127), (np.int8, 127, -20, 90), (np.uint8, 255, 0, 255), (np.int16, 0, -32768, 32767)],
)  # fmt: skip
def test_rows_equal_the_formula(
    run: Callable[..., Any], scheme: int, dtype: type, zero_point: int, lo: int, hi: int
) -> None:
    rng = np.random.default_rng(1)
    n = 400
    real = 2.0 ** rng.uniform(-20, 5, n)
    reach = np.minimum(1.2 * np.iinfo(dtype).max / real, 2.0**30)
    acc = (reach * rng.uniform(-1, 1, n)).astype(ACCUMULATOR[scheme])
    got = requantized(run, acc, real, scheme, zero_point, lo, hi, dtype)
    assert np.array_equal(got, expected(acc, real, scheme, zero_point, lo, hi))


@SCHEMES
@both_ways(requantize_row)
def test_ties_go_where_the_scheme_sends_them(run: Callable[..., Any], scheme: int) -> None:
    acc = np.arange(-50, 50).astype(ACCUMULATOR[scheme])
    real = np.full(acc.size, 0.125)
    got = requantized(run, acc, real, scheme, 0, -128, 127, np.int8)
    assert np.array_equal(got, expected(acc, real, scheme, 0, -128, 127))
    tie = np.flatnonzero(acc == -4)[0]
    up = scheme in (INT64_15BIT, UPWARD, UPWARD_BLOCKS, FLOAT32, SINGLE)
    assert got[tie] == (0 if up else -1)


@both_ways(requantize_row)
@pytest.mark.parametrize("zero_point", [-5, 0, 5])
def test_products_beyond_int32_are_the_least_number(run: Callable[..., Any], zero_point: int) -> None:
    acc = np.array([2**30, -(2**30), 2**30, 1, 2**30 + 1], np.int32)
    real = np.array([4.0, 4.0, 1.9, 3.0, 2.0**900 / 2.0**890])
    got = requantized(run, acc, real, REAL_DOUBLE, zero_point, -128, 127, np.int8)
    assert np.array_equal(got, expected(acc, real, REAL_DOUBLE, zero_point, -128, 127))
    assert got[0] == (127 if zero_point < 0 else -128)


@SCHEMES
def test_lo_comes_before_hi(scheme: int) -> None:
    acc = np.array([-5, 0, 5]).astype(ACCUMULATOR[scheme])
    got = requantized(requantize_row, acc, np.ones(3), scheme, 0, 3, -3, np.int8)
    # FLOAT32 takes the upper bound before it rounds, and the lower one after.
    assert np.array_equal(got, [3, 3, 3] if scheme == FLOAT32 else [-3, -3, -3])


def test_each_pair_of_schemes_differs_somewhere() -> None:
    rng = np.random.default_rng(2)
    acc = rng.integers(-(2**20), 2**20, 3003)
    real = rng.uniform(0.001, 0.01, acc.size)
    # Powers of two make ties, the last of them behind the last block.
    acc[-2000:], real[-2000:] = rng.integers(-1000, 1000, 2000), 2.0 ** rng.integers(-4, 0, 2000)
    acc[-1], real[-1] = -3, 0.5
    answers = [
        requantized(requantize_row, acc.astype(kind), real, scheme, 0, -32768, 32767, np.int16)
        for scheme, kind in ACCUMULATOR.items()
    ]
    for i in range(len(answers)):
        for j in range(i):
            assert (answers[i] != answers[j]).any()
