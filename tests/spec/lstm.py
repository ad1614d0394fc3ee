"""The integer LSTM cell in unbounded integers (numerics.md A8 and 0.11), and float32 sums in given orders."""

from collections.abc import Sequence
from math import exp

import numpy as np

from tests.spec.fixedpoint import INT32_MAX, clamp, half_away, mbqm, rdp, wrap32


def wrap16(x: int) -> int:
    """x modulo 2**16, as int16."""
    return (x + 2**15) % 2**16 - 2**15


def sat16(x: int) -> int:
    return clamp(x, -(2**15), 2**15 - 1)


def srdhm16(a: int, b: int) -> int:
    """2 * a * b / 2**16, halves up, saturated."""
    return min((a * b + 2**14) >> 15, 2**15 - 1)


def power16(x: int, exponent: int) -> int:
    """x * 2**exponent, saturating; exponent >= 0."""
    return sat16(x << exponent)


def constant16(real: float) -> int:
    """A number in 0..1 as Q0.31, rounded to Q0.15."""
    return rdp(half_away(2**31 * real), 16)


def exp_negative16(a: int, integer_bits: int) -> int:
    """exp(a), a <= 0 with `integer_bits` integer bits of 16; no integer bits in the result."""
    fraction_bits = 15 - integer_bits
    quarter = 2 ** (fraction_bits - 2)
    m = a % quarter - quarter
    x = power16(m, integer_bits) + 2**12
    x2 = srdhm16(x, x)
    x3, x4 = srdhm16(x2, x), srdhm16(x2, x2)
    t = rdp(srdhm16(rdp(x4, 2) + x3, constant16(1 / 3)) + x2, 1)
    eighth = constant16(exp(-1 / 8))
    r = sat16(eighth + srdhm16(eighth, x + t))
    rest = m - a
    for j in range(-2, 5):
        if integer_bits > j and (rest >> (fraction_bits + j)) & 1:
            r = srdhm16(r, constant16(exp(-(2.0**j))))
    if integer_bits > 5 and a < -32 * 2**fraction_bits:
        return 0
    return 2**15 - 1 if a == 0 else r


def half_reciprocal16(a: int) -> int:
    """1 / (1 + a) with two integer bits, 0 <= a <= 1."""
    h = (a + 2**15) // 2
    x = rdp(1515870810, 16) + srdhm16(h, rdp(-1010580540, 16))
    for _ in range(3):
        x += power16(srdhm16(x, 2**13 - srdhm16(h, x)), 2)
    return x


def logistic16(a: int, integer_bits: int) -> int:
    """1 / (1 + exp(-a)) without integer bits."""
    p = power16(half_reciprocal16(exp_negative16(-abs(a), integer_bits)), 1)
    return 2**14 if a == 0 else p if a > 0 else 2**15 - 1 - p


def tanh16(a: int, integer_bits: int) -> int:
    """tanh(a) without integer bits."""
    t = power16(half_reciprocal16(exp_negative16(-abs(a), integer_bits + 1)) - 2**13, 2)
    return 0 if a == 0 else t if a > 0 else -t


def truncated(a: int, b: int) -> int:
    """a / b toward zero."""
    return abs(a) // b * (1 if a >= 0 else -1)


def inverse_square_root(x: int) -> tuple[int, int]:
    """(multiplier, shift) of 1 / sqrt(x)."""
    if x <= 1:
        return INT32_MAX, 0

    def srdhm(a: int, b: int) -> int:
        return (a * b + 2**30) >> 31

    def up(a: int, exponent: int) -> int:
        return clamp(a << exponent, -(2**31), INT32_MAX)

    shift = 11
    while x >= 2**29:
        x, shift = x // 4, shift + 1
    pairs = (32 - x.bit_length() - 1) // 2 - 1
    x, shift = x << 2 * pairs, shift - pairs
    half, y = rdp(x >> 1, 1), 2**28
    for _ in range(5):
        cube = up(srdhm(srdhm(y, y), y), 6)
        y = up(srdhm(2**28 + 2**27, y) - srdhm(half, cube), 3)
    y = srdhm(y, 1518500250)
    return (y << -shift, 0) if shift < 0 else (y, -shift)


def normalize(
    gate: Sequence[int], weights: Sequence[int], bias: Sequence[int], guard: int, multiplier: int, shift: int
) -> list[int]:
    """Layer normalization of a gate."""
    n = len(gate)
    mean = truncated(sum(gate) * 1024, n)
    variance = truncated(sum(g * g for g in gate) * (2**20 // n) - mean * mean, 2**20)
    a, b = inverse_square_root(variance if variance >= 1 else guard)
    found = []
    for g, w, c in zip(gate, weights, bias, strict=True):
        u = wrap32(mbqm(1024 * g - mean, a, b) * w + c)
        found.append(sat16(mbqm(truncated(u + 512 if u > 0 else u - 512, 1024), multiplier, shift + 12)))
    return found


def update_cell(cell: int, forget: int, entering: int, opened: int, shift: int, clip: int) -> int:
    """forget * cell + opened * entering."""
    total = sat16(wrap16(rdp(forget * cell, 15)) + wrap16(rdp(opened * entering, shift)))
    return clamp(total, -clip, clip) if clip else total


def summed(terms: Sequence[np.float32]) -> np.float32:
    """float32 sum from 0, term by term."""
    total = np.float32(0)
    for term in terms:
        total = np.float32(total + term)
    return total


def by_lanes(terms: Sequence[np.float32]) -> np.float32:
    """Four sums over every fourth term, (0 + 2) + (1 + 3), then the rest."""
    whole = len(terms) // 4 * 4
    c = [summed(terms[lane:whole:4]) for lane in range(4)]
    return summed([np.float32(np.float32(c[0] + c[2]) + np.float32(c[1] + c[3])), *terms[whole:]])


def by_fours(terms: Sequence[np.float32]) -> np.float32:
    """Four sums over every fourth term, (0 + 1) + (2 + 3), then the rest."""
    whole = len(terms) // 4 * 4
    c = [summed(terms[lane:whole:4]) for lane in range(4)]
    return summed([np.float32(np.float32(c[0] + c[1]) + np.float32(c[2] + c[3])), *terms[whole:]])


def alternating(terms: Sequence[np.float32]) -> np.float32:
    """Even and odd terms of whole blocks of eight, then the rest."""
    whole = len(terms) // 8 * 8
    return summed([np.float32(summed(terms[0:whole:2]) + summed(terms[1:whole:2])), *terms[whole:]])
