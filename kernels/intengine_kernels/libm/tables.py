"""Tables of the functions, from integers: every entry is a fraction of 2**BITS, exact to more than 2**-(BITS - 16)."""

import math
from collections.abc import Iterable

import numpy as np

BITS = 256
ONE = 1 << BITS


def nearest(value: int) -> float:
    """The float64 nearest to value / 2**BITS."""
    return value / ONE


def fixed(value: float) -> int:
    """value * 2**BITS; the value has no bit below 2**-BITS."""
    numerator, denominator = value.as_integer_ratio()
    return numerator * ONE // denominator


def to_multiple(value: int, bits: int) -> int:
    """The multiple of 2**-bits nearest to value / 2**BITS."""
    drop = BITS - bits
    return (value + (1 << (drop - 1))) >> drop << drop


def bits_of(value: float) -> int:
    return int(np.float64(value).view(np.int64))


def floats(values: Iterable[str]) -> list[float]:
    """From hexadecimal notation."""
    return [float.fromhex(value) for value in values]


def powers_of_two(halvings: int) -> list[int]:
    """2**(i / n) for i = 0..n-1 with n = 2**halvings: multiples of a root that is a root of roots."""
    step = 2 * ONE
    for _ in range(halvings):
        step = math.isqrt(step << BITS)
    powers = [ONE]
    while len(powers) < 1 << halvings:
        powers.append(powers[-1] * step >> BITS)
    return powers


def logarithm(numerator: int, denominator: int) -> int:
    """ln(numerator / denominator), near 1: 2 atanh(z) = 2 (z + z**3 / 3 + ...) of z = (n - d) / (n + d)."""
    z = ((numerator - denominator) << BITS) // (numerator + denominator)
    square, total, i = z * z >> BITS, 0, 1
    while z:
        total += z // i
        z = z * square >> BITS if z > 0 else -(-z * square >> BITS)
        i += 2
    return 2 * total


LN2 = 3 * logarithm(5, 4) - logarithm(125, 128)


def _series(x: int, first: int, start: int) -> int:
    """The sum of first and the terms that follow, each -x**2 / ((i + 1) (i + 2)) times the one before."""
    total, size, sign, square, i = 0, first, 1, x * x >> BITS, start
    while size:
        total += sign * size
        size = (size * square >> BITS) // ((i + 1) * (i + 2))
        sign, i = -sign, i + 2
    return total


def sine(x: int) -> int:
    """sin(x / 2**BITS) of x >= 0, by its series."""
    return _series(x, x, 1)


def cosine(x: int) -> int:
    return _series(x, ONE, 0)


def split(value: int) -> tuple[float, float]:
    """(nearest float64, float64 nearest to the rest)."""
    high = nearest(value)
    return high, nearest(value - fixed(high))
