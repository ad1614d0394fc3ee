"""Arithmetic of optimized kernels and of XNNPACK, compiled and not, against their formulas."""

from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from intengine_kernels import isa
from intengine_kernels.add import FLOOR_SHIFT, MERGED_SHIFT, add_blocks, add_multiplier_21
from intengine_kernels.binary import mul_half_even
from intengine_kernels.log_softmax import log_softmax_table
from intengine_kernels.quantize import dequantize_shifted, quantize_float64, quantize_reciprocal
from intengine_kernels.reduce import mean_in_lanes, reduce_image, reduce_scaled
from intengine_kernels.resize import PADDING, resize_bilinear_fixed
from intengine_kernels.softmax import softmax_table
from intengine_kernels.xnnpack_float import (
    HARD_SWISH,
    LEAKY,
    NEGATE,
    average_pool_nines,
    sum_in_units,
    unary_flushed,
)

from intengine.ops._guess import sum_table
from tests.kernels._both import both_ways
from tests.spec import profiles as spec
from tests.spec.fixedpoint import half_away

F32 = np.float32
STEP = np.array([1], np.int64)
RNG = np.random.default_rng(3)
HALVES = np.array([0.5, 1.5, -0.5, -1.5, 2.5, 0.0, -0.0, 3e9, -3e9, 127.4, -1e-40], F32)


@both_ways(add_blocks)
@pytest.mark.parametrize(("scheme", "block"), [(MERGED_SHIFT, 16), (FLOOR_SHIFT, 8)])
def test_adding_in_blocks(run: Callable[..., Any], scheme: int, block: int) -> None:
    n = 37
    a, b = RNG.integers(-128, 128, n).astype(np.int8), RNG.integers(-128, 128, n).astype(np.int8)
    first, second, last = (2**30, 0), (1518500251, -2), (1476395009, -3)
    out = np.empty(n, np.int8)
    shape = np.array([n], np.int64)
    table = sum_table(((3, *first, 1), (-5, *second, 1)), *last, 20, 7, -120, 126, out.dtype)
    before = (isa.tag(isa.best()), table, a, b, shape, STEP, STEP)
    run(*before, 3, -5, 20, *first, *second, *last, 7, -120, 126, True, scheme, block, n, out)
    whole = n - n % block
    merged = scheme == MERGED_SHIFT
    assert out[:whole].tolist() == [
        spec.block_sum(x - 3, y + 5, 20, first, second, last, 7, -120, 126, merged=merged, narrow=True)
        for x, y in zip(a[:whole].tolist(), b[:whole].tolist(), strict=True)
    ]


@both_ways(add_multiplier_21)
def test_adding_with_21_bits(run: Callable[..., Any]) -> None:
    a = np.arange(-128, 128).astype(np.int8)
    b = RNG.permutation(a)
    out = np.empty_like(a)
    parameters = (1 << 20, -777777, (1 << 19) + 5, 20, 9, -100, 99)
    run(a, b, np.array([256], np.int64), STEP, STEP, *parameters, out)
    assert out.tolist() == [spec.sum_21(x, y, *parameters) for x, y in zip(a.tolist(), b.tolist(), strict=True)]


@both_ways(mul_half_even)
def test_products_round_halves_to_even(run: Callable[..., Any]) -> None:
    a = np.arange(-128, 128).astype(np.int8)
    b = RNG.permutation(a)
    out = np.empty_like(a)
    run(a, b, np.array([256], np.int64), STEP, STEP, 2, -3, F32(2.0**-6), 1, -128, 127, out)
    pairs = zip(a.tolist(), b.tolist(), strict=True)
    assert out.tolist() == [min(max(spec.half_even(Fraction((x - 2) * (y + 3), 64)) + 1, -128), 127) for x, y in pairs]


@both_ways(quantize_reciprocal)
@pytest.mark.parametrize("saturate", [False, True])
def test_quantizing_by_a_reciprocal(run: Callable[..., Any], saturate: bool) -> None:
    x = np.concatenate([HALVES, np.array([np.nan, np.inf, -np.inf], F32)])
    out = np.empty(x.size, np.int8)
    run(x, F32(1), -3, saturate, -128, 127, out)
    assert out.tolist() == [spec.quantized(v, F32(1), -3, -128, 127, saturate=saturate) for v in x]


@both_ways(quantize_float64)
def test_quantizing_in_float64(run: Callable[..., Any]) -> None:
    x = HALVES[np.abs(HALVES) < 1e9]
    out = np.empty(x.size, np.int16)
    run(x, F32(0.1), 5, -32768, 32767, out)
    assert out.tolist() == [half_away(float(v) / float(F32(0.1))) + 5 for v in x]


@both_ways(dequantize_shifted)
def test_dequantizing_with_a_bias(run: Callable[..., Any]) -> None:
    x = np.arange(-128, 128).astype(np.int8)
    out = np.empty(256, F32)
    run(x, F32(1 / 3), -128, out)
    scale = F32(1 / 3)
    assert out.tolist() == [float(F32(F32(F32(q) * scale) + F32(F32(128) * scale))) for q in x]


@both_ways(reduce_scaled)
@pytest.mark.parametrize("even", [False, True])
def test_float_sums_of_quantized_elements(run: Callable[..., Any], even: bool) -> None:
    x = RNG.integers(-128, 128, (9, 4)).astype(np.int8)
    acc, out = np.empty(9, np.int32), np.empty(9, np.int8)
    run(x.reshape(-1), np.array(x.shape), np.array([1, 0]), F32(0.125), F32(0.5), even, 3, -128, 127, acc, out)
    totals = x.astype(np.int64).sum(axis=1).tolist()
    assert out.tolist() == [min(max(spec.scaled_sum(t, F32(0.125), F32(0.5), 3, even=even), -128), 127) for t in totals]


@both_ways(reduce_image)
def test_image_means_round_ties_up_in_whole_blocks(run: Callable[..., Any]) -> None:
    x = RNG.integers(-128, 128, (6, 19)).astype(np.int8)
    acc, out = np.empty(19, np.int32), np.empty(19, np.int8)
    run(x.reshape(-1), np.array(x.shape), np.array([0, 1]), 2**30, -2, 4, 19, 16, -128, 127, acc, out)
    totals = x.astype(np.int64).sum(axis=0).tolist()
    assert out.tolist() == [spec.image_mean(t, 2**30, -2, 4, -128, 127, upward=c < 16) for c, t in enumerate(totals)]


@both_ways(mean_in_lanes)
@pytest.mark.parametrize("n", [1, 3, 4, 7, 8, 13, 23, 64])
def test_means_in_lanes(run: Callable[..., Any], n: int) -> None:
    x = RNG.standard_normal((5, n)).astype(F32)
    out = np.empty(5, F32)
    run(x, np.empty(8, F32), out)
    assert out.tolist() == [float(F32(spec.lane_sum(row, r * n) / F32(n))) for r, row in enumerate(x)]


@both_ways(sum_in_units)
@pytest.mark.parametrize("n", [1, 15, 16, 40, 48, 117])
def test_sums_in_units(run: Callable[..., Any], n: int) -> None:
    x, factor = RNG.standard_normal((3, n)).astype(F32), F32(1 / 3)
    out = np.empty(3, F32)
    run(x.reshape(-1), np.array([3, n]), np.array([1, 0]), factor, np.empty(32, F32), out)
    assert out.tolist() == [float(F32(spec.sixteen_lanes(row) * factor)) for row in x]
    columns = np.empty(n, F32)
    run(x.reshape(-1), np.array([3, n]), np.array([0, 1]), factor, np.empty(max(n, 32), F32), columns)
    assert columns.tolist() == (((x[0] + x[1]) + x[2]) * factor).tolist()


@both_ways(average_pool_nines)
def test_average_pools_in_nines(run: Callable[..., Any]) -> None:
    x = RNG.standard_normal((1, 4, 3, 2)).astype(F32)
    out = np.empty((1, 1, 1, 2), F32)
    run(x, 4, 3, 1, 1, 0, 0, -np.inf, np.inf, 0, 1, np.empty(9, F32), out)
    for c in range(2):
        taps = [*x[0, :, :, c].T.reshape(-1), *np.zeros(6, F32)]
        assert out[0, 0, 0, c] == F32(F32(spec.nine_taps(taps[:9]) + spec.nine_taps(taps[9:])) * F32(1 / 12))


@both_ways(resize_bilinear_fixed)
@pytest.mark.parametrize("bits", [4, 11])
def test_bilinear_with_integer_weights(run: Callable[..., Any], bits: int) -> None:
    x = RNG.integers(-128, 128, (1, 2, 2, 3)).astype(np.int8)
    parts = RNG.integers(0, (1 << bits) + 1, 5).astype(np.int32)
    low, high = np.zeros(5, np.int64), np.ones(5, np.int64)
    out = np.empty((1, 5, 5, 3), np.int8)
    run(x, low, high, parts, low, high, parts, bits, 0, 5, np.empty((1, 2 * 3 + PADDING), np.int32), out)
    for (i, j, c), value in np.ndenumerate(out[0]):
        taps = tuple(int(q) for q in x[0, :, :, c].reshape(-1))
        assert value == spec.fixed_pixel(taps, int(parts[i]), int(parts[j]), bits)  # type: ignore[arg-type]


@both_ways(softmax_table)
@pytest.mark.parametrize("truncate", [False, True])
def test_softmax_from_a_float_table(run: Callable[..., Any], truncate: bool) -> None:
    x = RNG.integers(-128, 128, (4, 9)).astype(np.int8)
    table = np.exp(-0.05 * np.arange(256)).astype(F32)
    out = np.empty_like(x)
    run(x, table, F32(1 / 256), -128, truncate, -128, 127, out)
    rows = [spec.softmax(r, table, F32(1 / 256), -128, -128, 127, truncate=truncate) for r in x.tolist()]
    assert out.tolist() == rows


@both_ways(log_softmax_table)
def test_log_softmax_of_equal_logits_is_minus_the_logarithm_of_their_number(run: Callable[..., Any]) -> None:
    x = np.full((1, 8), 5, np.int8)
    out = np.empty_like(x)
    run(x, np.exp(-0.1 * np.arange(256)).astype(F32), F32(0.1), F32(1 / 16), 127, -128, 127, out)
    assert out.tolist() == [[127 - round(16 * np.log(8))] * 8]


@both_ways(unary_flushed)
def test_denormals_are_zeros(run: Callable[..., Any]) -> None:
    x = np.array([1e-40, -1e-40, -2.0, 6.0], F32)
    out = np.empty(4, F32)
    run(NEGATE, x, 0.0, 0.0, out)
    assert out.tolist() == [0.0, 0.0, 2.0, -6.0]
    run(LEAKY, x, 0.5, 0.0, out)
    assert out.tolist() == [x[0], x[1], -1.0, 6.0]
    run(HARD_SWISH, x, 0.0, 0.0, out)
    assert out.tolist() == [0.0, 0.0, float(F32(spec.nearest32(Fraction(-2) * Fraction(float(F32(1 / 6)))
                                                              + Fraction(1, 2)) * F32(-2))), 6.0]  # fmt: skip
