"""int32 or int64 accumulators -> quantized values, a row of channels at a time, under any scheme.

The scheme is an integer argument, branched on once a row: a closure would recompile at every start.
"""

import numpy as np

from intengine_kernels.fixedpoint import (
    INT32_MAX,
    INT32_MIN,
    mbqm64,
    mbqm_single,
    mbqm_twice,
    mbqm_upward,
    round_half_away,
)
from intengine_kernels.jit import inline

#: srdhm then a rounding shift with ties away from zero; int32 accumulator.
DOUBLE_ROUNDING = 0
#: multiplier cut to 15 bits, one rounding with ties up; int64 accumulator.
INT64_15BIT = 1
#: double precision product, rounded half away from zero; beyond int32 it is -2**31.
REAL_DOUBLE = 2
#: srdhm then a rounding shift with ties up; int32 accumulator.
UPWARD = 3
#: UPWARD in whole blocks of 8 channels, DOUBLE_ROUNDING in those behind the last block; int32 accumulator.
UPWARD_BLOCKS = 4
#: The accumulator and its product with a scale in float32, halves to even; the upper bound before rounding.
FLOAT32 = 5
#: One rounding of the whole fixed-point product, ties up; int32 accumulator.
SINGLE = 6
#: Channels of a block of UPWARD_BLOCKS.
BLOCK = 8


@inline
def _fixed(acc, multiplier, shift, begin, end, up, zero_point, lo, hi, out):
    """Two roundings, the second with ties up or away from zero."""
    store = out.dtype.type
    for c in range(begin, end):
        total = np.int32(acc[c])
        if up:
            value = mbqm_upward(total, multiplier[c], shift[c])
        else:
            value = mbqm_twice(total, multiplier[c], shift[c])
        out[c] = store(min(max(np.int32(value + zero_point), lo), hi))


@inline
def requantize_row(acc, multiplier, shift, scale, scheme, zero_point, lo, hi, out):
    """out[c] = clamp(requantize(acc[c]) + zero_point, lo, hi).

    Args:
        acc: int32[n] or int64[n].
        multiplier, shift: int32[n], used by the fixed-point schemes.
        scale: float64[n], used by REAL_DOUBLE, and by FLOAT32, for which it holds float32 numbers.
        scheme: one of the constants of this file.
        zero_point, lo, hi: ints within int32; lo is applied first.
        out: int8[n], uint8[n], int16[n] or int32[n], written.
    """
    n = out.shape[0]
    store = out.dtype.type
    zero_point = np.int32(zero_point)
    lo = np.int32(lo)
    hi = np.int32(hi)
    if scheme == DOUBLE_ROUNDING:
        _fixed(acc, multiplier, shift, 0, n, False, zero_point, lo, hi, out)
    elif scheme == UPWARD:
        _fixed(acc, multiplier, shift, 0, n, True, zero_point, lo, hi, out)
    elif scheme == UPWARD_BLOCKS:
        whole = n // BLOCK * BLOCK
        _fixed(acc, multiplier, shift, 0, whole, True, zero_point, lo, hi, out)
        _fixed(acc, multiplier, shift, whole, n, False, zero_point, lo, hi, out)
    elif scheme == FLOAT32:
        top = np.float32(np.int64(hi) - np.int64(zero_point))
        for c in range(n):
            real = min(np.float32(np.float32(np.int32(acc[c])) * np.float32(scale[c])), top)
            rounded = np.int64(np.rint(max(real, np.float32(INT32_MIN)))) + np.int64(zero_point)
            out[c] = store(max(rounded, np.int64(lo)))
    elif scheme == SINGLE:
        for c in range(n):
            value = np.int32(mbqm_single(np.int32(acc[c]), multiplier[c], shift[c]) + zero_point)
            out[c] = store(min(max(value, lo), hi))
    elif scheme == INT64_15BIT:
        for c in range(n):
            value = np.int32(mbqm64(np.int64(acc[c]), multiplier[c], shift[c]) + zero_point)
            out[c] = store(min(max(value, lo), hi))
    else:
        for c in range(n):
            real = round_half_away(np.float64(acc[c]) * scale[c])
            # What int32 cannot hold is its least number, as x86 has it, before the zero point is added.
            real = real if INT32_MIN <= real <= INT32_MAX else np.float64(INT32_MIN)
            value = np.int32(np.int64(np.int32(real)) + np.int64(zero_point))
            out[c] = store(min(max(value, lo), hi))
