"""Fused multiply-adds: one rounding, held to fractions; products and dynamic rows held to a spec in that arithmetic."""

from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numba
import numpy as np
import pytest
from intengine_kernels.float_matrix import gemm_float
from intengine_kernels.fma import fma32
from intengine_kernels.fused_matrix import batch_matmul_fused
from intengine_kernels.hybrid_quantize import LANES, quantize_dynamic

from tests.kernels._both import both_ways

F32 = np.float32


def nearest(value: Fraction) -> np.float32:
    """The float32 nearest to a number, halves to even; by the two around it."""
    guess = F32(float(value))
    around = [np.nextafter(guess, F32(-np.inf)), guess, np.nextafter(guess, F32(np.inf))]
    best = min(abs(Fraction(float(x)) - value) for x in around)
    ties = [x for x in around if abs(Fraction(float(x)) - value) == best]
    return next(x for x in ties if len(ties) == 1 or int(x.view(np.int32)) % 2 == 0)


def exact(a: np.float32, b: np.float32, c: np.float32) -> np.float32:
    return nearest(Fraction(float(a)) * Fraction(float(b)) + Fraction(float(c)))


@numba.njit
def _compiled(a, b, c):
    return fma32(a, b, c)


@pytest.mark.parametrize("run", [_compiled, fma32], ids=["compiled", "uncompiled"])
def test_one_rounding_where_two_would_differ(run: Callable[..., Any]) -> None:
    rng = np.random.default_rng(0)
    # Sums of a product and something far smaller lie just beside ties of float32.
    a, b = (rng.integers(1, 1 << 12, 500).astype(F32) for _ in range(2))
    c = (rng.choice([-1, 1], 500) * 2.0 ** rng.integers(-60, 30, 500)).astype(F32)
    a[0], b[0], c[0] = F32(1 + 2.0**-23), F32(1 + 2.0**-23), F32(2.0**-60)
    for x, y, z in zip(a, b, c, strict=True):
        assert run(x, y, z) == exact(x, y, z)


@both_ways(gemm_float)
def test_products_begin_with_the_bias_and_round_at_each_tap(run: Callable[..., Any]) -> None:
    rng = np.random.default_rng(1)
    for rows, depth, channels in ((9, 7, 16), (4, 9, 16), (1, 3, 16)):
        a = rng.standard_normal((rows, depth)).astype(F32)
        w = rng.standard_normal((depth, channels)).astype(F32)
        bias = rng.standard_normal(channels).astype(F32)
        out = np.zeros((rows, channels), F32)
        end, scratch = np.full(channels, -0.0, F32), (np.zeros(rows, np.int64), np.zeros(1, np.int64))
        run(True, a, w[None, None], bias, end, -2.0, 2.0, 0, rows, *scratch, out)
        for m in range(rows):
            for n in range(channels):
                total = bias[n]
                for k in range(depth):
                    total = exact(a[m, k], w[k, n], total)
                assert out[m, n] == min(max(total, F32(-2)), F32(2))


@both_ways(batch_matmul_fused)
def test_batched_products_begin_with_zero(run: Callable[..., Any]) -> None:
    rng = np.random.default_rng(2)
    a, b = rng.standard_normal((2, 3, 5)).astype(F32), rng.standard_normal((1, 4, 5)).astype(F32)
    out = np.zeros((2, 3, 4), F32)
    run(a, b, np.arange(2), np.zeros(2, np.int64), out)
    for i, m, n in np.ndindex(out.shape):
        total = F32(0)
        for k in range(5):
            total = exact(a[i, m, k], b[0, n, k], total)
        assert out[i, m, n] == total


@both_ways(quantize_dynamic)
def test_rows_are_quantized_in_float32(run: Callable[..., Any]) -> None:
    rng = np.random.default_rng(3)
    rows = [rng.standard_normal(n).astype(F32) * F32(2.0**e) for n in (1, 5, 64, 130) for e in (-20, 0, 12)]
    rows += [np.zeros(7, F32), np.arange(-3, 5, dtype=F32), np.abs(rows[4]), -np.abs(rows[5])]
    for x in rows:
        q = np.zeros(x.size, np.int8)
        scale, zero_point = run(x, np.zeros((2, LANES), F32), q)
        lo, hi = min(F32(0), x.min()), max(F32(0), x.max())
        factor = F32(1) if lo == hi else F32(255) / F32(hi - lo)
        least, most = F32(lo * factor), F32(hi * factor)
        real = F32(-128) - least if F32(F32(-128) + least) + F32(F32(127) + most) > 0 else F32(127) - most
        wanted = round(float(min(max(real, F32(-128)), F32(127))))
        assert (scale, zero_point) == (F32(1) / factor, wanted)
        assert q.tolist() == [min(max(round(float(F32(v * factor))) + wanted, -128), 127) for v in x]
