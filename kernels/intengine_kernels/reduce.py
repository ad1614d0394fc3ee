"""Sums, products and extrema over any axes.

The input is walked in its own order; `shape` int64[n] and `strides` int64[n] say where in the output each element
goes, 0 along reduced axes.
"""

import numpy as np

from intengine_kernels.broadcast import row_offset
from intengine_kernels.fixedpoint import mbqm, mbqm64, mbqm_upward
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
def reduce_scaled(x, shape, strides, scale, bias, even, zero_point, lo, hi, acc, out):
    """out = clamp(int32(round(float32(float32(sum * scale) + bias))) + zero_point).

    Args:
        x: flat int8, uint8 or int16. scale, bias: float32.
        even: whether halves are rounded to even; else away from zero.
        acc: scratch int32 like out. out: flat, the type of x.

    Source: tflite/kernels/internal/optimized/reduce.h, XNNPACK src/qs8-rsum
    """
    store = out.dtype.type
    _sum_into(x, shape, strides, acc)
    scale, bias = np.float32(scale), np.float32(bias)
    zero_point, lo, hi = np.int64(zero_point), np.int64(lo), np.int64(hi)
    for i in range(out.shape[0]):
        value = np.float32(np.float32(np.float32(acc[i]) * scale) + bias)
        whole = np.float32(np.rint(value))
        if not even:
            whole = np.float32(np.trunc(value))
            whole += np.copysign(np.float32(abs(value - whole) >= np.float32(0.5)), value)
        out[i] = store(min(max(np.int64(whole) + zero_point, lo), hi))


@kernel
def reduce_image(x, shape, strides, multiplier, shift, bias, channels, block, lo, hi, acc, out):
    """out = clamp(requantize(sum) + bias), channels in blocks with ties up, the rest of them with ties away from zero.

    Args:
        x: flat int8 or uint8. channels: size of the last axis of out. block: 16.
        acc: scratch int32 like out. out: flat, the type of x.

    Source: tflite/kernels/internal/optimized/integer_ops/mean.h
    """
    store = out.dtype.type
    _sum_into(x, shape, strides, acc)
    multiplier, shift, bias = np.int32(multiplier), np.int32(shift), np.int32(bias)
    lo, hi = np.int32(lo), np.int32(hi)
    whole = channels - channels % block
    for i in range(out.shape[0]):
        upward = i % channels < whole
        value = mbqm_upward(acc[i], multiplier, shift) if upward else mbqm(acc[i], multiplier, shift)
        out[i] = store(min(max(np.int32(value + bias), lo), hi))


@kernel
def mean_in_lanes(x, lanes, out):
    """out[r] = sum(x[r]) / n in float32, in the order of SSE lanes.

    The elements from the first multiple of 4 on (counted from the start of x, not of the row) are summed in two
    times four lanes, those added in pairs, and the elements before and after are added one by one.

    Args: x: float32[rows, n]. lanes: scratch float32[8]. out: float32[rows].

    Source: Eigen/src/Core/Redux.h
    """
    rows, n = x.shape
    divisor = np.float32(n)
    for r in range(rows):
        row = x[r]
        begin = min((4 - (r * n) % 4) % 4, n)
        packets = (n - begin) // 4
        end = begin + packets * 4
        if packets == 0:
            total = row[0]
            for i in range(1, n):
                total = np.float32(total + row[i])
        else:
            pairs = packets // 2
            for i in range(4):
                lanes[i] = row[begin + i]
            if packets > 1:
                for i in range(4):
                    lanes[4 + i] = row[begin + 4 + i]
                for pair in range(1, pairs):
                    for i in range(8):
                        lanes[i] = np.float32(lanes[i] + row[begin + pair * 8 + i])
                for i in range(4):
                    lanes[i] = np.float32(lanes[i] + lanes[4 + i])
                if packets % 2:
                    for i in range(4):
                        lanes[i] = np.float32(lanes[i] + row[end - 4 + i])
            total = np.float32(np.float32(lanes[0] + lanes[2]) + np.float32(lanes[1] + lanes[3]))
            for i in range(begin):
                total = np.float32(total + row[i])
            for i in range(end, n):
                total = np.float32(total + row[i])
        out[r] = np.float32(total / divisor)


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
