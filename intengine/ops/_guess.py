"""What `intengine_kernels.isa.lanes` needs to guess requantized values and to know when a guess is a proof."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from intengine_kernels.fixedpoint import ONCE
from intengine_kernels.isa.lanes import FRACTION, FRACTION64, LEAST, MASK, MOST, NUDGE, OFFSET, SCALE, SIGN
from intengine_kernels.requantize import (
    BLOCK,
    DOUBLE_ROUNDING,
    FLOAT32,
    INT64_15BIT,
    REAL_DOUBLE,
    SINGLE,
    UPWARD_BLOCKS,
)
from numpy.typing import NDArray

from intengine.numerics import Requantizer

#: Greater results could wrap when the zero point is added.
_MOST = 2.0**31 - 2**17
#: Shifts beyond which the plain loops' own limits decide.
_LEAST_SHIFT, _MOST_SHIFT = -31, 30


def guess_table(
    requantizer: Requantizer, bound: NDArray[np.int64], zero_point: int, lo: int, hi: int, dtype: np.dtype[Any]
) -> NDArray[np.floating]:
    """float32[7, channels] for 8-bit results, float64 for 16: rows as `isa.lanes` names them.

    With s the scale and y = acc * s, each scheme gives an integer R for which |y + nudge - R| <= 1/2 (see
    docs/numerics.md). DOUBLE_ROUNDING rounds first to a multiple of 2**shift, ties up, and then that, ties away from
    zero; together that is rounding y + 2**(shift - 1), or y - 2**(shift - 1) for negative y. UPWARD adds
    2**(shift - 1) for both signs, the others nothing. Floating point computes y + nudge with an error of at most four
    units of its precision; if the result is not that close to halfway between integers, it rounds to R. A channel that
    could leave what the scheme's own integers hold is given no proof at all.

    Args:
        bound: int64[channels], the greatest magnitude that each accumulator can have.
        zero_point, lo, hi, dtype: of the result.
    """
    kind = np.float32 if dtype.itemsize == 1 else np.float64
    scheme = requantizer.scheme
    multiplier, shift = requantizer.multiplier.astype(np.float64), requantizer.shift.astype(np.float64)
    shift = np.clip(shift, -512, 512)
    nudge, sign = np.zeros_like(multiplier), np.zeros_like(multiplier)
    most = bound.astype(np.float64)
    if scheme in (REAL_DOUBLE, FLOAT32):
        scale = requantizer.scale
        fits = np.ones_like(scale, np.bool_)
    elif scheme == INT64_15BIT:
        cut = np.minimum(np.floor(multiplier / 2**16 + 0.5), 32767)
        scale = cut * 2.0 ** (shift - 15)
        fits = (shift > _LEAST_SHIFT) & (shift < 15) & (most * np.abs(cut) < 2.0**62)
    else:
        scale = multiplier * 2.0 ** (shift - 31)
        fits = (shift > _LEAST_SHIFT) & (shift < _MOST_SHIFT) & (most * 2.0 ** np.maximum(shift, 0) < _MOST)
        if scheme != SINGLE:
            nudge = np.where(shift < 0, 2.0 ** (shift - 1), 0)
            away = np.full(nudge.shape, scheme == DOUBLE_ROUNDING)
            if scheme == UPWARD_BLOCKS:
                away[away.size // BLOCK * BLOCK :] = True
            nudge = np.where(away, np.copysign(nudge, multiplier), nudge)
            sign = np.where(away, -0.0, 0.0)
    with np.errstate(all="ignore"):
        fits &= np.isfinite(scale) & (np.abs(scale) < _MOST) & (most * np.abs(scale) < _MOST)
    reach = max(abs(lo - zero_point), abs(hi - zero_point)) + 2
    offset, mask = _offset(4 * float(np.finfo(kind).eps) / 2 * reach, zero_point, kind)
    if scheme == FLOAT32 and kind is np.float32:
        # The scheme is this very computation; this offset rounds to an integer, halves to even. Then comes the mask.
        fits, offset, mask = np.isfinite(scale), 1.5 * 2.0**23, np.int32(zero_point)
    table = np.empty((7, scale.size), kind)
    table[SCALE], table[NUDGE], table[SIGN] = np.where(fits, scale, 0), np.where(fits, nudge, 0), sign
    table[LEAST], table[MOST], table[OFFSET] = lo - zero_point, hi - zero_point, offset
    table[MASK].view(mask.dtype)[:] = np.where(fits, mask, 0)
    return table


def _offset(error: float, zero_point: int, kind: type[np.floating]) -> tuple[float, Any]:
    """(offset, mask) for guesses with at most that error: see `isa.lanes`; no mask if it is too great.

    The sum has FRACTION bits behind the point. A half makes its floor the nearest integer; a margin, a power of two
    greater than the error and the rounding of the sum, moves results that are too close to halfway to where the bits
    between twice the margin and the point are zero.
    """
    width, fraction = (np.int32, FRACTION) if kind is np.float32 else (np.int64, FRACTION64)
    unit = 2.0**-fraction
    margin = math.ldexp(1.0, math.frexp(error + unit / 2)[1])
    mask = (1 << fraction) - max(int(2 * margin / unit), 1)
    digits = 23 if kind is np.float32 else 52
    return 1.5 * 2.0 ** (digits - fraction) + 0.5 + margin + zero_point, width(max(mask, 0) if margin < 0.25 else 0)


def sum_table(
    inputs: Sequence[tuple[int, int, int, int]], out_multiplier: int, out_shift: int, left_shift: int, zero_point: int,
    lo: int, hi: int, dtype: np.dtype[Any],
) -> NDArray[np.floating]:  # fmt: skip
    """float32[8] for 8-bit sums, float64 for int16: as `isa.pairs` names the entries.

    Both inputs are scaled to a common integer with an error below 1.5 units each, the sum is requantized with two
    roundings, or with one where ONCE was added to the shift.

    Args:
        inputs: (zero_point, multiplier, shift, sign) of both. The others as in `add.add_double_rounding`.
    """
    kind = np.float32 if dtype.itemsize == 1 else np.float64
    once = out_shift >= ONCE // 2
    out_shift -= ONCE if once else 0
    unit = out_multiplier * 2.0 ** (out_shift - 31)
    info = np.iinfo(dtype)
    scales, reach = [], 2.0
    for input_zero_point, multiplier, shift, sign in inputs:
        shift -= ONCE if shift >= ONCE // 2 else 0
        scales.append(sign * multiplier * 2.0 ** (shift - 31 + left_shift) * unit)
        reach += max(info.max - input_zero_point, input_zero_point - info.min) * abs(scales[-1])
    nudge = 2.0 ** (out_shift - 1) if out_shift < 0 and not once else 0.0
    reach += max(abs(lo - zero_point), abs(hi - zero_point))
    offset, mask = _offset(4 * float(np.finfo(kind).eps) * reach + 3 * unit, zero_point, kind)
    if reach > np.iinfo(np.int16).max * 2.0 ** (8 * (dtype.itemsize - 1)):
        mask = mask * 0
    entries = [scales[0], nudge, -0.0, lo - zero_point, hi - zero_point, offset, 0, scales[1]]
    table: NDArray[np.floating] = np.array(entries, kind)
    table[MASK : MASK + 1].view(mask.dtype)[:] = mask
    return table


def product_table(
    multiplier: int, shift: int, zero_points: tuple[int, int], zero_point: int, lo: int, hi: int, dtype: np.dtype[Any]
) -> NDArray[np.floating]:
    """float32[7] for 8-bit products, float64 for int16: as `isa.pairs` names the entries."""
    info = np.iinfo(dtype)
    bound = math.prod(max(info.max - offset, offset - info.min) for offset in zero_points)
    once = shift >= ONCE // 2
    requantizer = Requantizer(
        SINGLE if once else DOUBLE_ROUNDING,
        np.array([multiplier], np.int32), np.array([shift - ONCE if once else shift], np.int32), np.zeros(1),
    )  # fmt: skip
    return guess_table(requantizer, np.array([bound]), zero_point, lo, hi, dtype).reshape(-1)
