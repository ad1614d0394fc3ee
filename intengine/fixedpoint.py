"""Fixed-point arithmetic on whole tables: NumPy int64 arrays (or Python ints), exact, independent of the host.

Operators of one 8- or 16-bit input are tables of all 256 or 65,536 answers, made here when a model is prepared.
The kernels' scalar forms are in `intengine_kernels.fixedpoint`.
"""

from typing import Any

import numpy as np
from intengine_kernels.fixedpoint import ONCE
from numpy.typing import NDArray

Ints = NDArray[np.int64]

INT32_MAX = 2**31 - 1


def wrap(x: Ints, bits: int) -> Ints:
    """Modulo 2**bits, as a signed number."""
    half = 1 << (bits - 1)
    return (x + half) % (1 << bits) - half


def srdhm(a: Ints, b: Ints | int, bits: int = 32) -> Ints:
    """Saturating rounding doubling high multiply: floor((a * b + 2**(bits-2)) / 2**(bits-1)), ties toward +inf.

    Source: gemmlowp/fixedpoint/fixedpoint.h
    """
    high = (np.asarray(a, np.int64) * b + (1 << (bits - 2))) >> (bits - 1)
    return np.minimum(high, (1 << (bits - 1)) - 1)


def rdp(x: Ints, exponent: int) -> Ints:
    """x / 2**exponent rounded to nearest, ties away from zero.

    Source: gemmlowp/fixedpoint/fixedpoint.h
    """
    if exponent == 0:
        return x
    return (x + (1 << (exponent - 1)) - (x < 0)) >> exponent


def mbqm(x: Ints, multiplier: int, shift: int) -> Ints:
    """x * multiplier * 2**(shift - 31) with two roundings, or with one if ONCE was added to the shift.

    A left shift wraps at 32 bits where there are two.

    Source: tflite/kernels/internal/common.h
    """
    if shift >= ONCE // 2:
        total = 31 - (shift - ONCE)
        return wrap((np.asarray(x, np.int64) * multiplier + (1 << (total - 1))) >> total, 32)
    left = wrap(np.asarray(x, np.int64) << max(shift, 0), 32)
    return rdp(srdhm(left, multiplier), max(-shift, 0))


def mbqm_upward(x: Ints, multiplier: int, shift: int) -> Ints:
    """As `mbqm`, but ties of the second rounding go toward +inf.

    Source: tflite/kernels/internal/common.h, MultiplyByQuantizedMultiplier4Rows
    """
    left = wrap(np.asarray(x, np.int64) << max(shift, 0), 32)
    right = max(-shift, 0)
    return (srdhm(left, multiplier) + ((1 << right) >> 1)) >> right


def saturate(x: Ints, bits: int) -> Ints:
    """Clamp to the signed range of `bits`."""
    return np.clip(x, -(1 << (bits - 1)), (1 << (bits - 1)) - 1)


def saturating_shift(x: Ints, exponent: int, bits: int = 32) -> Ints:
    """x * 2**exponent, saturating to the left, rounding (ties away) to the right."""
    return saturate(x << exponent, bits) if exponent >= 0 else rdp(x, -exponent)


def round_half_away(x: NDArray[Any]) -> NDArray[Any]:
    """Nearest integer in the type of x, halves away from zero."""
    whole = np.trunc(x)
    return whole + np.copysign(np.abs(x - whole) >= 0.5, x).astype(x.dtype)


_EXP_MINUS_EIGHTH = 1895147668
_ONE_THIRD = 715827883
#: round(2**31 * exp(-2**j)) for j = -2..4.
_EXP_MINUS_POWER = (1672461947, 1302514674, 790015084, 290630308, 39332535, 720401, 242)


def exp_small(a: Ints) -> Ints:
    """exp(a) for a in [-1/4, 0), both Q0.31: a Taylor polynomial around -1/8.

    Source: gemmlowp/fixedpoint/fixedpoint.h
    """
    x = a + (1 << 28)
    x2 = srdhm(x, x)
    x3 = srdhm(x2, x)
    x4 = srdhm(x2, x2)
    rest = rdp(srdhm(rdp(x4, 2) + x3, _ONE_THIRD) + x2, 1)
    return _EXP_MINUS_EIGHTH + srdhm(x + rest, _EXP_MINUS_EIGHTH)


def exp_negative(a: Ints, integer_bits: int) -> Ints:
    """exp(a) in Q0.31 for a <= 0 with `integer_bits` integer bits.

    Source: gemmlowp/fixedpoint/fixedpoint.h
    """
    fraction_bits = 31 - integer_bits
    quarter = 1 << (fraction_bits - 2)
    low = (a & (quarter - 1)) - quarter
    result = exp_small(saturating_shift(low, integer_bits))
    rest = low - a
    for j, factor in zip(range(-2, 5), _EXP_MINUS_POWER, strict=True):
        if integer_bits > j:
            result = np.where(rest & (1 << (fraction_bits + j)), srdhm(result, factor), result)
    if integer_bits > 5:
        result = np.where(a < -(1 << (fraction_bits + 5)), 0, result)
    return np.where(a == 0, INT32_MAX, result)


def inverse_square_root(x: int) -> tuple[int, int]:
    """(multiplier, shift) with 1 / sqrt(x) ~= multiplier * 2**(shift - 31), by five Newton steps in Q3.28.

    Args: x: a positive int32.
    Source: tflite/kernels/internal/quantization_util.cc
    """
    if x <= 1:
        return INT32_MAX, 0
    shift = 11
    while x >= 1 << 29:
        x //= 4
        shift += 1
    leading = 31 - x.bit_length()
    pairs = leading // 2 - 1
    shift -= pairs
    raw = np.array(x << (2 * pairs), np.int64)
    half = rdp(raw >> 1, 1)
    y = np.array(1 << 28, np.int64)
    for _ in range(5):
        cube = saturating_shift(srdhm(srdhm(y, y), y), 6)
        y = saturating_shift(srdhm(y, (1 << 28) + (1 << 27)) - srdhm(half, cube), 3)
    multiplier = int(srdhm(y, 1518500250))
    if shift < 0:
        multiplier, shift = multiplier << -shift, 0
    return multiplier, -shift
