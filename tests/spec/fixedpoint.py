"""The fixed-point primitives in unbounded integers, as numerics.md states them."""

from fractions import Fraction
from math import floor

import numpy as np

INT32_MIN, INT32_MAX = -(2**31), 2**31 - 1


def wrap32(x: int) -> int:
    """x modulo 2**32, as int32."""
    return (x + 2**31) % 2**32 - 2**31


def clamp(x: int, lo: int, hi: int) -> int:
    """lo first, then hi."""
    return min(max(x, lo), hi)


def half_away(x: Fraction | float) -> int:
    """Nearest integer, halves away from zero."""
    exact = Fraction(x)
    whole = floor(abs(exact) + Fraction(1, 2))
    return whole if exact >= 0 else -whole


def half_up(x: Fraction) -> int:
    """Nearest integer, halves toward plus infinity."""
    return floor(x + Fraction(1, 2))


def srdhm(a: int, b: int) -> int:
    """2 * a * b / 2**32, halves up, saturated."""
    return min(half_up(Fraction(a * b, 2**31)), INT32_MAX)


def rdp(x: int, exponent: int) -> int:
    """x / 2**exponent, halves away from zero."""
    return half_away(Fraction(x, 2**exponent))


def mbqm(x: int, multiplier: int, shift: int) -> int:
    """x * multiplier * 2**(shift - 31) with two roundings; a left shift wraps."""
    return rdp(srdhm(wrap32(x << max(shift, 0)), multiplier), max(-shift, 0))


def mbqm_upward(x: int, multiplier: int, shift: int) -> int:
    """Two roundings, both with ties up."""
    high = srdhm(wrap32(x << max(shift, 0)), multiplier)
    return half_up(Fraction(high, 1 << max(-shift, 0)))


def mbqm_single(x: int, multiplier: int, shift: int) -> int:
    """One rounding with ties up."""
    return half_up(Fraction(x * multiplier, 1 << (31 - shift)))


def float_product(acc: int, scale: float, top: int) -> int:
    """float32(acc) * float32(scale) in float32, at most `top`, halves to even."""
    product = np.float32(acc) * np.float32(scale)
    return round(float(min(product, np.float32(top))))


def mbqm64(x: int, multiplier: int, shift: int) -> int:
    """x * multiplier * 2**(shift - 31) with 15 bits of the multiplier and one rounding."""
    cut = (multiplier + 2**15) >> 16 if multiplier < 0x7FFF0000 else 0x7FFF
    return wrap32(half_up(Fraction(x * cut, 2 ** (15 - shift))))


def real_product(acc: int, scale: float) -> int:
    """float64(acc) * scale, to the nearest integer, halves away from zero; -2**31 if int32 cannot hold that."""
    nearest = half_away(float(acc) * scale)
    return nearest if INT32_MIN <= nearest <= INT32_MAX else INT32_MIN


def encode_multiplier(real: Fraction | float) -> tuple[int, int]:
    """(multiplier, shift): real = multiplier * 2**(shift - 31) with 31 bits, to the nearest, halves away."""
    exact, shift = abs(Fraction(real)), 0
    sign = 1 if real > 0 else -1
    if exact < Fraction(1, 2**32):
        return 0, 0
    while exact >= 1:
        exact, shift = exact / 2, shift + 1
    while exact < Fraction(1, 2):
        exact, shift = exact * 2, shift - 1
    multiplier = half_away(exact * 2**31)
    return (sign * 2**30, shift + 1) if multiplier == 2**31 else (sign * multiplier, shift)


def activation_bounds(activation: int, scale: float, zero_point: int, lo: int, hi: int) -> tuple[int, int]:
    """The range lo..hi of a type, narrowed by NONE, RELU, RELU_N1_TO_1 or RELU6 (0 to 3) at a float32 scale."""
    least, most = {0: (None, None), 1: (0.0, None), 2: (-1.0, 1.0), 3: (0.0, 6.0)}[activation]

    def quantized(real: float) -> int:
        return zero_point + half_away(float(np.float32(np.float32(real) / np.float32(scale))))

    return (
        lo if least is None else max(lo, quantized(least)),
        hi if most is None else min(hi, quantized(most)),
    )
