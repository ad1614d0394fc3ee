"""The fixed-point primitives in unbounded integers, as numerics.md states them."""

from fractions import Fraction
from math import floor

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


def mbqm64(x: int, multiplier: int, shift: int) -> int:
    """x * multiplier * 2**(shift - 31) with 15 bits of the multiplier and one rounding."""
    cut = (multiplier + 2**15) >> 16 if multiplier < 0x7FFF0000 else 0x7FFF
    return wrap32(half_up(Fraction(x * cut, 2 ** (15 - shift))))


def real_product(acc: int, scale: float) -> int:
    """float64(acc) * scale, rounded to float64, then to the nearest integer, halves away from zero."""
    return half_away(float(acc) * scale)
