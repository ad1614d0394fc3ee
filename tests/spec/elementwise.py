"""Quantized ADD, SUB and MUL in unbounded Python ints."""

from tests.spec.fixedpoint import mbqm


def add(
    a: int, b: int, za: int, zb: int, left_shift: int, first: tuple[int, int], second: tuple[int, int], sign: int,
    last: tuple[int, int], zo: int, lo: int, hi: int,
) -> int:  # fmt: skip
    """Both inputs shifted left, brought to one scale, added or subtracted, brought to the output's, clamped."""
    x = mbqm((a - za) << left_shift, *first)
    y = mbqm((b - zb) << left_shift, *second)
    return min(max(mbqm(x + sign * y, *last) + zo, lo), hi)


def mul(a: int, b: int, za: int, zb: int, multiplier: int, shift: int, zo: int, lo: int, hi: int) -> int:
    """The product without zero points, requantized and clamped."""
    return min(max(mbqm((a - za) * (b - zb), multiplier, shift) + zo, lo), hi)
