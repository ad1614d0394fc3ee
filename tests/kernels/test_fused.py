"""Fused multiply-adds: one rounding, held to fractions; products and dynamic rows held to a spec in that arithmetic."""

from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numba
import numpy as np
import pytest
from intengine_kernels.denormals import flush, flushed_fma32, restore
from intengine_kernels.float_depthwise import depthwise_conv_float
from intengine_kernels.float_matrix import conv_float, gemm_float
from intengine_kernels.fma import fma32
from intengine_kernels.fused_matrix import batch_matmul_fused, transpose_conv_fused
from intengine_kernels.hybrid_quantize import LANES, quantize_dynamic
from intengine_kernels.jit import kernel

from tests.kernels._both import both_ways
from tests.spec.profiles import nearest32

F32 = np.float32


def exact(a: np.float32, b: np.float32, c: np.float32) -> np.float32:
    return nearest32(Fraction(float(a)) * Fraction(float(b)) + Fraction(float(c)))


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
    # The sum in float64 is a tie of float32; what float64 rounded off lies below it.
    a[1:3], b[1:3] = [(1 + 2.0**-23) * 2.0**-12, -(1 + 2.0**-23) * 2.0**-12], (1 - 2.0**-23) * 2.0**-12
    c[1:3] = [1 + 2.0**-23, -(1 + 2.0**-23)]
    a[3:300], b[3:300], c[3:300] = rng.standard_normal((3, 297))
    for x, y, z in zip(a, b, c, strict=True):
        assert run(x, y, z) == exact(x, y, z)


def flushing(a: np.float32, b: np.float32, c: np.float32) -> np.float32:
    """a * b + c with denormals as zeros; what becomes normal by rounding is none."""
    x, y, z = (F32(np.copysign(0, v)) if abs(v) < F32(2.0**-126) else v for v in (a, b, c))
    value = Fraction(float(x)) * Fraction(float(y)) + Fraction(float(z))
    if value == 0:
        return F32(float(x) * float(y) + float(z))
    if abs(value) < Fraction(2) ** -126 - Fraction(2) ** -151:
        return F32(-0.0 if value < 0 else 0.0)
    return nearest32(value)


@kernel
def _flushing(a, b, c, out):
    mode = flush(True)
    for i in range(out.shape[0]):
        out[i] = flushed_fma32(a[i], b[i], c[i])
    restore(mode)


def small(rng: np.random.Generator, *shape: int) -> np.ndarray:
    """Of either sign, zeros among them; products of two are about as often denormal as not."""
    values = rng.choice([-1.0, 1.0], shape) * 2.0 ** rng.uniform(-66, -60, shape)
    return np.where(rng.random(shape) < 0.1, 0.0, values).astype(F32)


@both_ways(_flushing)
def test_denormals_are_zeros_of_their_sign(run: Callable[..., Any]) -> None:
    rng = np.random.default_rng(4)
    least = F32(2.0**-126)
    a, b, c = small(rng, 500), small(rng, 500), small(rng, 500) * small(rng, 500)
    # Just beside what is rounded to the least normal number; then operands that are denormal.
    a[:4], b[:4], c[:4] = F32(-(2.0**-75)), [2.0**-75, 2.0**-76, 1.0000001 * 2.0**-76, -(2.0**-76)], least
    a[4:7], b[4:7], c[4:7] = [1e-40, -1e-40, 1], [1, 1, -1e-40], [1e-38, 0, -1e-40]
    out = np.zeros(500, F32)
    run(a, b, c, out)
    wanted = np.array([flushing(*terms) for terms in zip(a, b, c, strict=True)])
    assert out.tobytes() == wanted.tobytes()
    assert out[:4].tolist() == [0, least, 0, least]
    # Only while the kernel runs.
    assert F32(1e-20) * F32(1e-20) != 0


def _all_products(a: np.ndarray, w: np.ndarray, run: dict[str, Callable[..., Any]]) -> list[np.ndarray]:
    """float32[8, 16] of each kernel: what 8 rows and the columns of w[5, 16] give, and 8 pixels under w as taps."""
    zeros, end = np.zeros(16, F32), np.full(16, -0.0, F32)
    starts, taps, more = np.zeros(8, np.int64), np.zeros(8, np.int64), np.zeros(8, np.int64)
    strip, (lo, hi) = np.zeros(0, F32), (-np.inf, np.inf)
    ones = (1, 1, 1, 1, 1, 1, 0, 0, lo, hi, 0, 1)
    out = [np.zeros((8, 16), F32) for _ in range(5)]
    image, pixels = a.reshape(1, 1, 8, 5), np.repeat(a.T[:, :, np.newaxis], 16, 2)[np.newaxis]
    run["gemm"](True, a, w[None, None], zeros, end, lo, hi, 0, 8, starts, taps, out[0])
    run["conv"](True, image, w[None, None], zeros, end, *ones, starts, taps, strip, out[1].reshape(1, 1, 8, 16))
    run["depthwise"](
        True, True, pixels, np.pad(w.reshape(-1), (0, LANES)), zeros, end, 5, 1, *ones[2:], starts, taps, more,
        out[2].reshape(1, 1, 8, 16),
    )  # fmt: skip
    first = np.zeros(1, np.int64)
    run["batch_matmul"](a[None], np.ascontiguousarray(w.T)[None], first, first, out[3][None])
    run["transpose_conv"](image, w[None, None], zeros, 1, 1, 0, 0, lo, hi, 0, 1, zeros.copy(), out[4][None, None])
    return out


def test_products_have_denormals_as_zeros() -> None:
    """Compiled and as Python runs them."""
    kernels = {
        "gemm": gemm_float, "conv": conv_float, "depthwise": depthwise_conv_float,
        "batch_matmul": batch_matmul_fused, "transpose_conv": transpose_conv_fused,
    }  # fmt: skip
    rng = np.random.default_rng(5)
    a, w = small(rng, 8, 5), small(rng, 5, 16)
    wanted = np.zeros((8, 16), F32)
    for m, n in np.ndindex(wanted.shape):
        for k in range(5):
            wanted[m, n] = flushing(a[m, k], w[k, n], wanted[m, n])
    assert (wanted == 0).any()
    assert (wanted != 0).any()
    for run in (kernels, {name: getattr(one, "py_func", one) for name, one in kernels.items()}):
        for out in _all_products(a, w, run):
            assert out.tobytes() == wanted.tobytes()


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
