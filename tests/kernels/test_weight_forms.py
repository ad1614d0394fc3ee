"""Products with sparse, blockwise and int16 weights, batches of hybrid products, 3-D convolutions."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from intengine_kernels.batch_matmul_hybrid import batch_matmul_hybrid, batch_matmul_int32
from intengine_kernels.conv_3d import conv_3d_float, conv_3d_transpose_float
from intengine_kernels.gemm_blocks import gemm_blocks
from intengine_kernels.gemm_int16 import gemm_int16
from intengine_kernels.hybrid_blockwise import gemm_hybrid_blockwise
from intengine_kernels.hybrid_quantize import LANES
from intengine_kernels.hybrid_sparse import gemm_hybrid_sparse
from intengine_kernels.requantize import DOUBLE_ROUNDING, INT64_15BIT, REAL_DOUBLE
from numpy.testing import assert_array_equal

from tests.kernels._both import both_ways
from tests.spec import fixedpoint
from tests.spec import weight_forms as spec
from tests.spec.hybrid import F32, quantize_asymmetric, quantize_symmetric


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(16)


def lanes() -> np.ndarray:
    return np.empty((2, LANES), np.float32)


@both_ways(gemm_int16)
@pytest.mark.parametrize("wraps", [False, True])
def test_int16_sums_take_64_bits_or_wrap_to_32(run: Callable[..., Any], wraps: bool, rng: np.random.Generator) -> None:
    x = rng.choice([-32768, 32767, 5], (2, 9)).astype(np.int16)
    w = rng.choice([-32768, 32767, -3], (4, 9)).astype(np.int16)
    bias = rng.integers(-(2**34), 2**34, 4)
    scheme = REAL_DOUBLE if wraps else INT64_15BIT
    multiplier, shift = np.full(4, 3 << 29, np.int32), np.full(4, -15, np.int32)
    scale, out = np.full(4, 3e-6), np.empty((2, 4), np.int16)
    with np.errstate(over="ignore"):
        run(x, w, 7, bias, wraps, multiplier, shift, scale, scheme, -30000, 32767, np.empty(4, np.int64), out)
    for m, n in np.ndindex(2, 4):
        acc = int(bias[n]) + sum(int(a) * (int(b) - 7) for a, b in zip(x[m], w[n], strict=True))
        value = fixedpoint.real_product(fixedpoint.wrap32(acc), 3e-6) if wraps else fixedpoint.mbqm64(acc, 3 << 29, -15)
        assert out[m, n] == fixedpoint.clamp(value, -30000, 32767)


@both_ways(gemm_blocks)
def test_products_of_four_lowest_factors_wrap(run: Callable[..., Any], rng: np.random.Generator) -> None:
    x = rng.choice([-128, -128, 127, 3], (3, 32)).astype(np.int8)
    w = rng.choice([-128, -128, 127, 0], (4, 32)).astype(np.int8)
    x[0], w[0] = -128, -128
    bias, sums = rng.integers(-999, 999, 4).astype(np.int32), w.sum(axis=1, dtype=np.int32)
    multiplier, shift = np.full(4, 3 << 29, np.int32), np.full(4, -11, np.int32)
    out = np.empty((3, 4), np.int8)
    with np.errstate(over="ignore"):
        run(
            x, -5, w, sums, bias, multiplier, shift, np.zeros(4), DOUBLE_ROUNDING, 2, -128, 127,
            np.empty(4, np.int32), out,
        )  # fmt: skip
    for m, n in np.ndindex(3, 4):
        acc = int(bias[n]) + spec.block_sum(x[m].tolist(), -5, w[n].tolist())
        assert out[m, n] == fixedpoint.clamp(fixedpoint.mbqm(acc, 3 << 29, -11) + 2, -128, 127)


@both_ways(gemm_hybrid_blockwise)
def test_each_block_has_its_scale(run: Callable[..., Any], rng: np.random.Generator) -> None:
    x, w = rng.standard_normal((3, 17)).astype(np.float32), rng.integers(-8, 8, (4, 17)).astype(np.int8)
    scales, bias = rng.random((4, 4)).astype(np.float32), rng.standard_normal(4).astype(np.float32)
    out = np.empty((3, 4), np.float32)
    run(x, w, 4, scales, bias, lanes(), np.empty(17, np.int8), out)
    assert_array_equal(out, spec.blockwise(x, w, 4, scales, bias))


@both_ways(gemm_hybrid_sparse)
@pytest.mark.parametrize("per_channel", [False, True])
def test_the_zero_point_is_taken_off_the_bias_first(
    run: Callable[..., Any], per_channel: bool, rng: np.random.Generator
) -> None:
    x, w = rng.standard_normal((3, 32)).astype(np.float32), rng.choice([-128, 0, 5, 127], (4, 32)).astype(np.int8)
    scales, bias = rng.random(4).astype(np.float32), rng.standard_normal(4).astype(np.float32)
    out = np.empty((3, 4), np.float32)
    sums = w.sum(axis=1, dtype=np.int32)
    negatives = (w == -128).astype(np.int8)
    with np.errstate(over="ignore"):
        run(x, w, negatives, sums, scales, per_channel, bias, -np.inf, np.inf, lanes(), np.empty(32, np.int8), out)
    assert_array_equal(out, spec.sparse(x, w.astype(int), scales, bias, per_channel=per_channel))


@both_ways(batch_matmul_hybrid)
@pytest.mark.parametrize("asymmetric", [False, True])
def test_rows_of_batches_are_quantized_one_by_one(
    run: Callable[..., Any], asymmetric: bool, rng: np.random.Generator
) -> None:
    """Row sums in 16 bits: 2080 weights of 127 are too many."""
    depth = 2093
    a, b = rng.standard_normal((2, 1, depth)).astype(np.float32), rng.integers(-128, 128, (1, 2, depth)).astype(np.int8)
    a[:, 0, 0], b[0, 0] = 9, 127
    scale = np.array([0.5, 0.01], np.float32)
    out, here, zero = np.empty((2, 1, 2), np.float32), np.array([0, 1]), np.zeros(2, np.int64)
    with np.errstate(over="ignore"):
        run(
            a, b, here, zero, here, zero, scale, asymmetric, lanes(), np.empty(8, np.int16), np.empty(2, np.float32),
            np.empty(2, np.int32), np.empty(2, np.int32), np.empty((2, 1, depth), np.int8), out,
        )  # fmt: skip
    for i, n in np.ndindex(2, 2):
        q, s, z = quantize_asymmetric(a[i, 0]) if asymmetric else (*quantize_symmetric(a[i, 0]), 0)
        dot = sum(x * y for x, y in zip(q, b[0, n].tolist(), strict=True))
        total = spec.truncated_difference(dot, spec.lane_sum(b[0, n].tolist()), z)
        assert out[i, 0, n] == F32(F32(s * scale[n]) * F32(total))


@both_ways(batch_matmul_int32)
def test_stored_integers_are_multiplied(run: Callable[..., Any], rng: np.random.Generator) -> None:
    a, b = (rng.integers(-128, 128, shape).astype(np.int8) for shape in ((2, 3, 7), (1, 4, 7)))
    out = np.empty((2, 3, 4), np.int32)
    run(a, b, np.array([1, 0]), np.zeros(2, np.int64), out)
    assert_array_equal(out, a[::-1].astype(int) @ b.astype(int).transpose(0, 2, 1))


GEOMETRIES = [((1, 1, 1), (1, 1, 1), (0, 0, 0)), ((2, 1, 3), (1, 2, 1), (1, 0, 1))]


@both_ways(conv_3d_float)
@pytest.mark.parametrize("geometry", GEOMETRIES)
def test_3d_sums_come_tap_after_tap(run: Callable[..., Any], geometry: Any, rng: np.random.Generator) -> None:
    x, w = rng.standard_normal((1, 3, 4, 4, 2)).astype(np.float32), rng.standard_normal((2, 2, 3, 2, 3))
    found, expected = np.empty((1, 2, 2, 2, 3), np.float32), np.zeros((1, 2, 2, 2, 3), np.float32)
    bias = rng.standard_normal(3).astype(np.float32)
    w = w.astype(np.float32)
    run(x, w, bias, *map(np.array, geometry), -1.0, 2.0, found)
    spec.conv_3d(x, w, *geometry, expected)
    assert_array_equal(found, np.clip(expected + bias, np.float32(-1), np.float32(2)))


@both_ways(conv_3d_transpose_float)
@pytest.mark.parametrize("geometry", GEOMETRIES)
def test_3d_pixels_are_spread_in_order(run: Callable[..., Any], geometry: Any, rng: np.random.Generator) -> None:
    x, w = rng.standard_normal((1, 2, 2, 2, 3)).astype(np.float32), rng.standard_normal((2, 2, 3, 3, 2))
    found, expected = np.empty((1, 3, 4, 4, 2), np.float32), np.zeros((1, 3, 4, 4, 2), np.float32)
    bias = rng.standard_normal(2).astype(np.float32)
    w = w.astype(np.float32)
    run(x, w, bias, *map(np.array, geometry), -1.0, 2.0, found)
    spec.conv_3d_transpose(x, w, *geometry, expected)
    assert_array_equal(found, np.clip(expected + bias, np.float32(-1), np.float32(2)))
