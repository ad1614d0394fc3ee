"""Reductions as numerics.md 2.B1 and 2.B2 state them: one list of elements, in the input's order, for each output."""

from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tests.spec.fixedpoint import clamp, encode_multiplier, mbqm, mbqm64, wrap32

F32 = np.float32


def groups(x: NDArray[Any], axes: set[int]) -> list[list[Any]]:
    """The elements that make each output, outputs in their own order."""
    kept = [axis for axis in range(x.ndim) if axis not in axes]
    count = prod(x.shape[axis] for axis in axes)
    return list(map(list, x.transpose(*kept, *sorted(axes)).reshape(-1, count)))


def mean_multiplier(scale: float, out_scale: float, n: int) -> tuple[int, int]:
    """The multiplier of the scales, divided by n after as many shifts to the left as n has bits."""
    multiplier, shift = encode_multiplier(scale / out_scale)
    bits = min(n.bit_length() - 1, 32, 31 + shift)
    return (multiplier << bits) // n, shift - bits


def requantized_sum(
    values: list[Any], zero_point: int, multiplier: int, shift: int, out_zero_point: int, lo: int, hi: int
) -> int:
    """clamp(mbqm(sum - n * zero_point) + out_zero_point)."""
    total = wrap32(sum(int(value) for value in values) - zero_point * len(values))
    return clamp(mbqm(total, multiplier, shift) + out_zero_point, lo, hi)


def truncated_mean(values: list[Any]) -> int:
    """The sum divided by n toward zero."""
    total = sum(int(value) for value in values)
    return total // len(values) if total >= 0 else -(-total // len(values))


def float_sum(values: list[np.float32]) -> np.float32:
    """In order, rounded at each step."""
    total = F32(0)
    for value in values:
        total = F32(total + value)
    return total


def wrapped_product(values: list[np.int32]) -> int:
    """Modulo 2**32."""
    return wrap32(prod(map(int, values)))


def float_product(values: list[np.float32]) -> np.float32:
    """In order, rounded at each step."""
    total = F32(1)
    for value in values:
        total = F32(total * value)
    return total


def requantized_product(
    values: list[Any], zero_point: int, multiplier: int, shift: int, out_zero_point: int, lo: int, hi: int
) -> int:
    """The product of what is above the zero point, scaled by mbqm64 at each step but the first, and at the end."""
    product = int(values[0]) - zero_point
    for value in values[1:]:
        product = mbqm64(product * (int(value) - zero_point), multiplier, shift)
    return clamp(mbqm64(product, multiplier, shift) + out_zero_point, lo, hi)


def extremum(values: list[Any], least: bool) -> Any:
    """The first of the greatest or least, from the type's own end on; NaN is passed over."""
    info = np.finfo(F32) if values[0].dtype == F32 else np.iinfo(values[0].dtype)
    best = info.max if least else info.min
    for value in values:
        best = value if (value < best if least else value > best) else best
    return best


def arg_extremum(values: list[Any], least: bool) -> int:
    """The index of the first of the greatest or least; a NaN gives way to any number and never wins."""
    at = 0
    for i, value in enumerate(values):
        if value == value and (values[at] != values[at] or (value < values[at] if least else value > values[at])):
            at = i
    return at
