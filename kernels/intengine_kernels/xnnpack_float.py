"""float32 operators in XNNPACK's order of operations, with denormals read and written as zeros.

Source: XNNPACK src/f32-vbinary, src/f32-vhswish, src/f32-rsum, src/f32-rdsum, src/f32-avgpool; tflite's delegate runs
them with flushed denormals.
"""

import numpy as np

from intengine_kernels.broadcast import row_offset
from intengine_kernels.denormals import flushed
from intengine_kernels.fma import fma32
from intengine_kernels.jit import inline, kernel

#: Functions of `unary_flushed`.
NEGATE, CLAMP, LEAKY, HARD_SWISH, SQUARE, FLOOR, CEIL = range(7)
#: Functions of `binary_flushed`.
ADD, SUB, MUL, DIV = range(4)

_LANES = 16


@inline
def _unary(function, x, first, second, out):
    zero, half, one = np.float32(0), np.float32(0.5), np.float32(1)
    sixth = np.float32(1 / 6)
    for i in range(x.shape[0]):
        v = flushed(x[i])
        if function == NEGATE:
            out[i] = np.float32(zero - v)
        elif function == CLAMP:
            v = first if v < first else v
            out[i] = second if second < v else v
        elif function == LEAKY:
            out[i] = flushed(np.float32(v * first)) if v < zero else x[i]
        elif function == FLOOR:
            out[i] = np.floor(v)
        elif function == CEIL:
            out[i] = np.ceil(v)
        elif function == SQUARE:
            out[i] = flushed(np.float32(v * v))
        else:
            part = flushed(fma32(v, sixth, half))
            part = zero if part < zero else part
            part = one if one < part else part
            out[i] = flushed(np.float32(part * v))


@kernel
def unary_flushed(function, x, first, second, out):
    """out = function(x). x, out: flat float32.

    NEGATE: 0 - x. CLAMP: within first..second. LEAKY: first * x below 0. SQUARE: x * x. FLOOR, CEIL: as named.
    HARD_SWISH: x * min(max(fma(x, 1/6, 1/2), 0), 1).
    """
    first, second = np.float32(first), np.float32(second)
    # A loop for each of the frequent functions: a choice inside keeps it from vectorizing.
    if function == CLAMP:
        _unary(CLAMP, x, first, second, out)
    elif function == LEAKY:
        _unary(LEAKY, x, first, second, out)
    elif function == HARD_SWISH:
        _unary(HARD_SWISH, x, first, second, out)
    else:
        _unary(function, x, first, second, out)


@inline
def _binary(function, a, at_a, a_step, b, at_b, b_step, lo, hi, out):
    for i in range(out.shape[0]):
        x, y = flushed(a[at_a + i * a_step]), flushed(b[at_b + i * b_step])
        if function == ADD:
            value = flushed(np.float32(x + y))
        elif function == SUB:
            value = flushed(np.float32(x - y))
        elif function == MUL:
            value = flushed(np.float32(x * y))
        else:
            value = flushed(np.float32(x / y))
        value = lo if value < lo else value
        out[i] = hi if hi < value else value


@kernel
def binary_flushed(function, a, b, shape, a_strides, b_strides, lo, hi, out):
    """As `binary.arithmetic`, flat float32; without an activation lo and hi are infinite."""
    a, b, out = a.reshape(-1), b.reshape(-1), out.reshape(-1)
    inner = shape[-1]
    a_step, b_step = a_strides[-1], b_strides[-1]
    lo, hi = np.float32(lo), np.float32(hi)
    for row in range(out.size // inner):
        at_a = row_offset(row, shape, a_strides)
        at_b = row_offset(row, shape, b_strides)
        target = out[row * inner : (row + 1) * inner]
        if a_step == 1 and b_step == 1 and function <= MUL:
            # Slices and a loop for each function, so that they vectorize.
            xs, ys = a[at_a : at_a + inner], b[at_b : at_b + inner]
            if function == ADD:
                _binary(ADD, xs, 0, 1, ys, 0, 1, lo, hi, target)
            elif function == SUB:
                _binary(SUB, xs, 0, 1, ys, 0, 1, lo, hi, target)
            else:
                _binary(MUL, xs, 0, 1, ys, 0, 1, lo, hi, target)
        else:
            _binary(function, a, at_a, a_step, b, at_b, b_step, lo, hi, target)


@inline
def _row_sum(row, lanes):
    """Sum in two times 16 lanes, then halves of the lanes onto each other. lanes: scratch float32[32]."""
    n = row.shape[0]
    for i in range(2 * _LANES):
        lanes[i] = np.float32(0)
    at = 0
    while n - at >= 2 * _LANES:
        for i in range(2 * _LANES):
            lanes[i] = flushed(np.float32(lanes[i] + flushed(row[at + i])))
        at += 2 * _LANES
    if n - at >= _LANES:
        for i in range(_LANES):
            lanes[i] = flushed(np.float32(lanes[i] + flushed(row[at + i])))
        at += _LANES
    for i in range(_LANES):
        lanes[i] = flushed(np.float32(lanes[i] + lanes[_LANES + i]))
    for i in range(n - at):
        lanes[i] = flushed(np.float32(lanes[i] + flushed(row[at + i])))
    width = _LANES // 2
    while width:
        for i in range(width):
            lanes[i] = flushed(np.float32(lanes[i] + lanes[width + i]))
        width //= 2
    return lanes[0]


@kernel
def sum_in_units(x, shape, strides, factor, acc, out):
    """out = sum * factor. The innermost reduced axis is summed by itself; those sums times factor are added in order.

    Along the last axis the sum is made in lanes and added by a fused multiply-add, along another one in order.

    Args:
        x: flat float32. shape, strides: as in `reduce`, reduced and kept axes in turn.
        acc: scratch float32[n], n at least 32 and the size of the last axis. out: flat float32.
    """
    out[:] = np.float32(0)
    factor = np.float32(factor)
    inner = shape[-1]
    rows = x.size // inner
    if strides[-1] == 0:
        for row in range(rows):
            to = row_offset(row, shape, strides)
            total = _row_sum(x[row * inner : row * inner + inner], acc)
            out[to] = flushed(fma32(total, factor, out[to]))
    else:
        unit = shape[-2] if shape.shape[0] > 1 else 1
        for first in range(0, rows, unit):
            acc[:] = np.float32(0)
            for row in range(first, first + unit):
                for i in range(inner):
                    acc[i] = flushed(np.float32(acc[i] + flushed(x[row * inner + i])))
            to = row_offset(first, shape, strides)
            for i in range(inner):
                out[to + i] = flushed(np.float32(out[to + i] + flushed(np.float32(acc[i] * factor))))


@kernel
def average_pool_nines(x, kh, kw, stride_h, stride_w, pad_h, pad_w, lo, hi, row_begin, row_end, taps, out):
    """Mean of the taps inside the image, in groups of nine taps counted down the columns of the window.

    A group is ((t2 + t3) + (t4 + t5)) + (((t0 + t1) + t8) + (t6 + t7)), taps outside being 0; the sum of groups is
    multiplied by 1 / n.

    Args: x, out: float32 [B, H, W, C]. taps: scratch float32[9].
    """
    _, height, width, channels = x.shape
    _, out_h, out_w, _ = out.shape
    lo, hi = np.float32(lo), np.float32(hi)
    for row in range(row_begin, row_end):
        b = row // out_h
        y0 = (row % out_h) * stride_h - pad_h
        for out_x in range(out_w):
            x0 = out_x * stride_w - pad_w
            count = (min(y0 + kh, height) - max(y0, 0)) * (min(x0 + kw, width) - max(x0, 0))
            factor = np.float32(np.float32(1) / np.float32(count))
            for c in range(channels):
                total = np.float32(0)
                for first in range(0, kh * kw, 9):
                    for i in range(9):
                        column, line = x0 + (first + i) // kh, y0 + (first + i) % kh
                        inside = first + i < kh * kw and 0 <= column < width and 0 <= line < height
                        taps[i] = flushed(x[b, line, column, c]) if inside else np.float32(0)
                    middle = np.float32(np.float32(taps[2] + taps[3]) + np.float32(taps[4] + taps[5]))
                    ends = np.float32(np.float32(taps[0] + taps[1]) + taps[8])
                    ends = np.float32(ends + np.float32(taps[6] + taps[7]))
                    total = np.float32(total + np.float32(middle + ends))
                mean = flushed(np.float32(total * factor))
                mean = lo if mean < lo else mean
                out[b, row % out_h, out_x, c] = hi if hi < mean else mean
