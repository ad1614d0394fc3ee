"""Arithmetic of LiteRT's optimized kernels and of XNNPACK, in unbounded numbers or float32 step by step."""

from fractions import Fraction
from math import floor, log2, trunc

import numpy as np
from numpy.typing import NDArray

from tests.spec.fixedpoint import clamp, half_away, half_up, mbqm, rdp, srdhm, wrap32

F32 = np.float32


def half_even(x: Fraction) -> int:
    """Nearest integer, halves to even."""
    return round(x)


def nearest32(x: Fraction) -> np.float32:
    """The float32 nearest to a normal number, halves to even."""
    if x == 0:
        return F32(0)
    exponent = floor(log2(abs(x)))
    exponent += 1 if abs(x) >= Fraction(2) ** (exponent + 1) else -1 if abs(x) < Fraction(2) ** exponent else 0
    step = Fraction(2) ** (exponent - 23)
    return F32(float(half_even(x / step) * step))


def wrap16(x: int) -> int:
    return (x + 2**15) % 2**16 - 2**15


def mbqm_upward(x: int, multiplier: int, shift: int) -> int:
    """Two roundings with halves up."""
    return half_up(Fraction(srdhm(wrap32(x << max(shift, 0)), multiplier), 2 ** max(-shift, 0)))


def block_input(q: int, left: int, multiplier: int, shift: int, *, merged: bool) -> int:
    """An input of ADD in a block: both shifts first, or the multiplier's after and rounded down."""
    if merged:
        return srdhm(floor(Fraction(q) * Fraction(2) ** (left + shift)), multiplier)
    return floor(Fraction(srdhm(q << left, multiplier), 2**-shift))


def block_sum(
    a: int, b: int, left: int, first: tuple[int, int], second: tuple[int, int], last: tuple[int, int], zero_point: int,
    lo: int, hi: int, *, merged: bool, narrow: bool,
) -> int:  # fmt: skip
    """ADD of two numbers without zero points in a block."""
    total = block_input(a, left, *first, merged=merged) + block_input(b, left, *second, merged=merged)
    value = rdp(srdhm(wrap32(total), last[0]), -last[1])
    value = wrap16(wrap16(value) + zero_point) if narrow else value + zero_point
    return max(min(value, hi), lo)


def sum_21(a: int, b: int, ma: int, mb: int, bias: int, shift: int, zero_point: int, lo: int, hi: int) -> int:
    """ADD by two multipliers and one shift that rounds down; the bias holds the half."""
    value = clamp((bias + a * ma + b * mb) >> shift, -32768, 32767)
    return clamp(clamp(value + zero_point, -32768, 32767), lo, hi)


def quantized(x: np.float32, inverse: np.float32, zero_point: int, lo: int, hi: int, *, saturate: bool) -> int:
    """x * inverse in float32, halves to even."""
    product = F32(x * inverse)
    if np.isnan(product) or abs(product) >= 2**31:
        least = not saturate or product < 0
        return clamp(wrap32(-(2**31) + zero_point), lo, hi) if least and not saturate else (lo if least else hi)
    return clamp(half_even(Fraction(float(product))) + zero_point, lo, hi)


def scaled_sum(total: int, scale: np.float32, bias: np.float32, zero_point: int, *, even: bool) -> int:
    """total * scale + bias in float32, rounded."""
    value = Fraction(float(F32(F32(F32(total) * scale) + bias)))
    return (half_even(value) if even else half_away(value)) + zero_point


def image_mean(total: int, multiplier: int, shift: int, bias: int, lo: int, hi: int, *, upward: bool) -> int:
    return clamp((mbqm_upward if upward else mbqm)(total, multiplier, shift) + bias, lo, hi)


def fixed_pixel(taps: tuple[int, int, int, int], fy: int, fx: int, bits: int) -> int:
    """Four neighbours (rows, then columns) by weights of `bits` bits, halves up."""
    one = 1 << bits
    weights = ((one - fy) * (one - fx), (one - fy) * fx, fy * (one - fx), fy * fx)
    return half_up(Fraction(sum(tap * weight for tap, weight in zip(taps, weights, strict=True)), 1 << (2 * bits)))


def softmax(row: list[int], table: NDArray[np.float32], scale: np.float32, zero_point: int, lo: int, hi: int,
            *, truncate: bool) -> list[int]:  # fmt: skip
    """Exponentials of a table, over their sum in order."""
    total = F32(0)
    for q in row:
        total = F32(total + table[max(row) - q])
    inverse = F32(F32(1) / F32(total * scale))
    values = [F32(table[max(row) - q] * inverse) for q in row]
    whole = [trunc(float(F32(v + F32(0.5)))) if truncate else half_away(float(v)) for v in values]
    return [clamp(value + zero_point, lo, hi) for value in whole]


def lane_sum(row: NDArray[np.float32], before: int) -> np.float32:
    """Sum in two times four lanes from the first multiple of four on; `before` is how many elements lie before."""
    begin = min(-before % 4, row.size)
    packets = [row[at : at + 4] for at in range(begin, row.size - 3, 4)]
    if not packets:
        rest = list(row)
        total = rest.pop(0)
    else:
        first, second = packets[0], None
        pairs = len(packets) // 2
        if len(packets) > 1:
            second = packets[1]
            for pair in range(1, pairs):
                first, second = first + packets[2 * pair], second + packets[2 * pair + 1]
            first = first + second
            if len(packets) % 2:
                first = first + packets[-1]
        total = F32(F32(first[0] + first[2]) + F32(first[1] + first[3]))
        rest = [*row[:begin], *row[begin + 4 * len(packets) :]]
    for value in rest:
        total = F32(total + value)
    return F32(total)


def sixteen_lanes(row: NDArray[np.float32]) -> np.float32:
    """Sum in two times sixteen lanes, then halves of the lanes onto each other."""
    lanes, at = np.zeros((2, 16), F32), 0
    while row.size - at >= 32:
        lanes, at = lanes + row[at : at + 32].reshape(2, 16), at + 32
    if row.size - at >= 16:
        lanes[0], at = lanes[0] + row[at : at + 16], at + 16
    one = lanes[0] + lanes[1]
    one[: row.size - at] += row[at:]
    while one.size > 1:
        one = one[: one.size // 2] + one[one.size // 2 :]
    return F32(one[0])


def nine_taps(t: list[np.float32]) -> np.float32:
    """The sum of a group of nine."""
    return F32(((t[2] + t[3]) + (t[4] + t[5])) + (((t[0] + t[1]) + t[8]) + (t[6] + t[7])))
