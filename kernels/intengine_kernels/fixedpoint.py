"""Fixed-point primitives on scalars: the arithmetic that all quantized kernels are made of.

Widths are said at every operation, because int32 * int32 is an int64 in Numba. All are compiled into their callers.
"""

import numpy as np

from intengine_kernels.jit import inline

INT32_MIN = -(2**31)
INT32_MAX = 2**31 - 1
#: Added to the shift of a multiplier that is to be applied with one rounding.
ONCE = 256


@inline
def srdhm(a, b):
    """Saturating rounding doubling high multiply of two int32: floor((a * b + 2**30) / 2**31), ties toward +inf.

    Only (-2**31) * (-2**31) saturates, to 2**31 - 1.
    Source: gemmlowp/fixedpoint/fixedpoint.h
    """
    high = (np.int64(a) * np.int64(b) + np.int64(1 << 30)) >> np.int64(31)
    return np.int32(min(high, np.int64(INT32_MAX)))


@inline
def rdp(x, exponent):
    """int32 / 2**exponent, rounded to nearest, ties away from zero; 0 <= exponent <= 31.

    Source: gemmlowp/fixedpoint/fixedpoint.h
    """
    wide = np.int64(x)
    half = (np.int64(1) << np.int64(exponent)) >> np.int64(1)
    # Ties away from zero: a negative number gets one less than half before the floor. No branch, so it vectorizes.
    less = (wide >> np.int64(63)) & min(half, np.int64(1))
    return np.int32((wide + half - less) >> np.int64(exponent))


@inline
def mbqm(x, multiplier, shift):
    """x * multiplier * 2**(shift - 31) with two roundings, or with one if ONCE was added to the shift.

    Args: x int32, multiplier int32, shift int32 in -31..31, positive to the left, which wraps.
    Source: tflite/kernels/internal/common.h, the builds without and with TFLITE_SINGLE_ROUNDING
    """
    if shift >= ONCE // 2:
        return mbqm_single(x, multiplier, shift - ONCE)
    return mbqm_twice(x, multiplier, shift)


@inline
def mbqm_twice(x, multiplier, shift):
    """As `mbqm` for a plain shift."""
    left = np.int64(max(shift, 0))
    right = np.int64(max(-shift, 0))
    return rdp(srdhm(np.int32(np.int64(x) << left), multiplier), right)


@inline
def mbqm_upward(x, multiplier, shift):
    """As `mbqm`, but ties of the second rounding go toward +inf.

    Source: tflite/kernels/internal/common.h, MultiplyByQuantizedMultiplier4Rows
    """
    left = np.int64(max(shift, 0))
    right = np.int64(max(-shift, 0))
    high = np.int64(srdhm(np.int32(np.int64(x) << left), multiplier))
    return np.int32((high + ((np.int64(1) << right) >> np.int64(1))) >> right)


@inline
def mbqm_single(x, multiplier, shift):
    """x * multiplier * 2**(shift - 31) rounded once, ties up; the result wraps to int32.

    Args: x int32, multiplier int32, shift int32 in -31..30.
    Source: tflite/kernels/internal/common.h, the build with TFLITE_SINGLE_ROUNDING
    """
    total = np.int64(31) - np.int64(shift)
    return np.int32((np.int64(x) * np.int64(multiplier) + (np.int64(1) << (total - np.int64(1)))) >> total)


@inline
def mbqm64(x, multiplier, shift):
    """x * multiplier * 2**(shift - 31) for an int64 x: the multiplier is cut to 15 bits, then one rounding up.

    Args: x int64 with |x| < 2**47, multiplier int32, shift int32 in -31..7. The result wraps to int32.
    Source: tflite/kernels/internal/common.cc, the overload for int64
    """
    cut = np.int64(32767)
    if multiplier < 0x7FFF0000:
        cut = (np.int64(multiplier) + np.int64(1 << 15)) >> np.int64(16)
    total = np.int64(15) - np.int64(shift)
    return np.int32((np.int64(x) * cut + (np.int64(1) << (total - np.int64(1)))) >> total)


@inline
def round_half_away(x):
    """float64 -> the nearest integer as float64, halves away from zero (C round)."""
    whole = np.trunc(x)
    if abs(x - whole) >= 0.5:
        whole += np.copysign(1.0, x)
    return whole
