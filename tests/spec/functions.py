"""Quantized SQUARED_DIFFERENCE and comparisons in unbounded Python ints."""

from tests.spec.fixedpoint import mbqm


def level(q: int, zero_point: int, left_shift: int, scale: tuple[int, int]) -> int:
    """A stored number without its zero point, shifted left and brought to another scale."""
    return mbqm((q - zero_point) << left_shift, *scale)


def squared_difference(
    a: int, b: int, za: int, zb: int, first: tuple[int, int], second: tuple[int, int], last: tuple[int, int], zo: int,
    lo: int, hi: int,
) -> int:  # fmt: skip
    """Both inputs at one scale, 7 bits to the left; the square of their difference at the output's, clamped."""
    difference = level(a, za, 7, first) - level(b, zb, 7, second)
    return min(max(mbqm(difference * difference, *last) + zo, lo), hi)
