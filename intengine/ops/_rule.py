"""How sums of packed products are requantized: what they can be at most, and in which form."""

from typing import Any

import numpy as np
from intengine_kernels.isa.lanes import SCALE
from intengine_kernels.isa.words import GUESSED, GUESSED_RELU, LIMIT, NOT, UNPROVEN
from intengine_kernels.requantize import FLOAT32, Rule
from numpy.typing import NDArray

from intengine.numerics import Requantizer
from intengine.ops._guess import guess_table


def padded_rule(
    requantizer: Requantizer, bound: NDArray[np.int64], groups: int, width: int, dtype: np.dtype[Any], zero_point: int,
    lo: int, hi: int,
) -> Rule:  # fmt: skip
    """A requantizer as kernels take it: each group's channels padded to `width`.

    Args:
        bound: int64[channels], the greatest magnitude of each accumulator. dtype: of the results.
    """

    def padded(values: NDArray[Any]) -> NDArray[Any]:
        rows = values.reshape(*values.shape[:-1], groups, -1)
        return np.ascontiguousarray(pad_last(rows, width).reshape(*values.shape[:-1], -1))

    table = guess_table(requantizer, bound, zero_point, lo, hi, dtype)
    multiplier, shift, scale, scheme = requantizer.args
    return Rule(
        padded(multiplier), padded(shift), padded(scale), scheme, zero_point, lo, hi, bound.size, padded(table),
        _form(scheme, table[SCALE].astype(np.float64), bound, zero_point, lo, hi, dtype),
    )  # fmt: skip


def _form(
    scheme: int, scale: NDArray[np.float64], bound: NDArray[np.int64], zero_point: int, lo: int, hi: int,
    dtype: np.dtype[Any],
) -> int:  # fmt: skip
    """How `intengine_kernels.isa.words` requantizes."""
    info = np.iinfo(dtype)
    is_relu = (zero_point, lo, hi) == (info.min, info.min, info.max) and (scale >= 0).all()
    if is_relu and dtype.itemsize == 1 and scheme != FLOAT32:
        return GUESSED_RELU
    if dtype.itemsize > 1 or not (bound * np.abs(scale) < LIMIT).all():
        return NOT
    return UNPROVEN if scheme == FLOAT32 else GUESSED


def greatest_sums(
    magnitude: NDArray[np.int64], dtype: np.dtype[Any], zero_point: int, bias: NDArray[np.int64]
) -> NDArray[np.int64]:
    """The greatest magnitude of each accumulator.

    Args:
        magnitude: int64[channels], the sum of the magnitudes of its weights. dtype, zero_point: of the activations.
    """
    info = np.iinfo(dtype)
    reach = max(info.max - zero_point, zero_point - info.min)
    return magnitude * reach + np.abs(np.clip(bias, -(2**62), 2**62))


def pad_last(values: NDArray[Any], size: int) -> NDArray[Any]:
    """Zeros after the last axis up to `size`."""
    return np.pad(values, [(0, 0)] * (values.ndim - 1) + [(0, size - values.shape[-1])])
