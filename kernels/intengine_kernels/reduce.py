"""Sums, products and extrema over any axes.

The input is walked in its own order; `shape` int64[n] and `strides` int64[n] say where in the output each element
goes, 0 along reduced axes.
"""

import numpy as np

from intengine_kernels.broadcast import row_offset
from intengine_kernels.fixedpoint import mbqm, mbqm64
from intengine_kernels.jit import inline, kernel


@inline
def _sum_into(x, shape, strides, acc):
    """acc[output of element] += element, in the order of x."""
    inner = shape[-1]
    step = strides[-1]
    wide = acc.dtype.type
    acc[:] = wide(0)
    for row in range(x.size // inner):
        source = x[row * inner : row * inner + inner]
        to = row_offset(row, shape, strides)
        if step == 0:
            total = acc[to]
            for i in range(inner):
                total = wide(total + wide(source[i]))
            acc[to] = total
        else:
            target = acc[to : to + inner]
            for i in range(inner):
                target[i] = wide(target[i] + wide(source[i]))


@kernel
def reduce_requantize(x, shape, strides, offset, multiplier, shift, zero_point, lo, hi, acc, out):
    """out = clamp(mbqm(sum - offset) + zero_point).

    Args:
        x: flat int8, uint8 or int16.
        offset: int, the input's zero point times the number of summed elements.
        acc: scratch int32 like out. out: flat, the type of x.

    Source: tflite/kernels/internal/reference/reduce.h
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


@kernel
def reduce_extremum(least, x, shape, strides, start, out):
    """out = the greatest (least: 0) or the least (1) element and `start`; NaN is passed over.

    Args: x: flat, any number type. start: the type's least or greatest finite number. out: flat, the type of x.
    """
    inner = shape[-1]
    step = strides[-1]
    out[:] = out.dtype.type(start)
    for row in range(x.size // inner):
        source = x[row * inner : row * inner + inner]
        to = row_offset(row, shape, strides)
        if step == 0:
            best = out[to]
            for i in range(inner):
                better = source[i] < best if least else source[i] > best
                best = source[i] if better else best
            out[to] = best
        else:
            target = out[to : to + inner]
            for i in range(inner):
                better = source[i] < target[i] if least else source[i] > target[i]
                target[i] = source[i] if better else target[i]


@kernel
def reduce_product(x, shape, strides, out):
    """out = product in the order of x: floats rounded at each step, integers wrapping. x, out: flat, of one type."""
    inner = shape[-1]
    step = strides[-1]
    store = out.dtype.type
    out[:] = store(1)
    for row in range(x.size // inner):
        to = row_offset(row, shape, strides)
        for i in range(inner):
            out[to + i * step] = store(out[to + i * step] * x[row * inner + i])


@kernel
def reduce_product_requantize(
    x, shape, strides, input_zero_point, multiplier, shift, zero_point, lo, hi, begun, acc, out
):
    """out = clamp(mbqm64(product) + zero_point), the product scaled by mbqm64 at each step but the first.

    Args:
        x: flat int8 or int16. multiplier, shift: of s_in / s_out ** (1 / n).
        begun: scratch bool like out. acc: scratch int32 like out. out: flat, the type of x.

    Source: tflite/kernels/internal/reference/reduce.h
    """
    inner = shape[-1]
    step = strides[-1]
    store = out.dtype.type
    multiplier, shift = np.int32(multiplier), np.int32(shift)
    zx, zo, lo, hi = np.int64(input_zero_point), np.int32(zero_point), np.int32(lo), np.int32(hi)
    begun[:] = False
    for row in range(x.size // inner):
        to = row_offset(row, shape, strides)
        for i in range(inner):
            at = to + i * step
            factor = np.int64(x[row * inner + i]) - zx
            if begun[at]:
                acc[at] = mbqm64(np.int64(acc[at]) * factor, multiplier, shift)
            else:
                acc[at] = np.int32(factor)
                begun[at] = True
    for i in range(out.shape[0]):
        value = np.int32(mbqm64(np.int64(acc[i]), multiplier, shift) + zo)
        out[i] = store(min(max(value, lo), hi))
