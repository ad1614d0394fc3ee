"""Sums over any axes, and what MEAN and SUM make of them."""

import numpy as np

from intengine_kernels.broadcast import row_offset
from intengine_kernels.fixedpoint import mbqm
from intengine_kernels.jit import inline, kernel


@inline
def _sum_into(x, shape, strides, acc):
    """acc[output of element] += element, in the order of x; strides give the output, 0 along reduced axes."""
    inner = shape[-1]
    step = strides[-1]
    wide = acc.dtype.type
    acc[:] = wide(0)
    for row in range(x.size // inner):
        at = row * inner
        to = row_offset(row, shape, strides)
        if step == 0:
            total = acc[to]
            for i in range(inner):
                total = wide(total + wide(x[at + i]))
            acc[to] = total
        else:
            for i in range(inner):
                acc[to + i] = wide(acc[to + i] + wide(x[at + i]))


@kernel
def reduce_requantize(x, shape, strides, offset, multiplier, shift, zero_point, lo, hi, acc, out):
    """out = clamp(mbqm(sum - offset) + zero_point).

    Args:
        x: flat int8, uint8 or int16. shape, strides: int64[n], see `_sum_into`.
        offset: int, the input's zero point times the number of summed elements.
        acc: scratch int32 like out. out: flat, the type of x.
    """
    store = out.dtype.type
    _sum_into(x, shape, strides, acc)
    offset, zero_point = np.int32(offset), np.int32(zero_point)
    multiplier, shift = np.int32(multiplier), np.int32(shift)
    lo, hi = np.int32(lo), np.int32(hi)
    for i in range(out.shape[0]):
        value = np.int32(mbqm(np.int32(acc[i] - offset), multiplier, shift) + zero_point)
        out[i] = store(min(max(value, lo), hi))


@kernel
def reduce_float(x, shape, strides, count, acc, out):
    """out = sum / count in float32, the sum in the order of x; a count of 1 divides nothing.

    Args: x: flat float32. acc: scratch like out. out: flat float32.
    """
    _sum_into(x, shape, strides, acc)
    divisor = np.float32(count)
    for i in range(out.shape[0]):
        out[i] = np.float32(acc[i] / divisor)


@kernel
def reduce_integer(x, shape, strides, count, acc, out):
    """out = sum / count truncated toward zero, for plain integers. acc: scratch int64 like out."""
    store = out.dtype.type
    _sum_into(x, shape, strides, acc)
    divisor = np.int64(count)
    for i in range(out.shape[0]):
        total = acc[i]
        out[i] = store(total // divisor if total >= 0 else -((-total) // divisor))
