"""Pooling over windows: channels innermost."""

import numpy as np

from intengine_kernels.jit import kernel


@kernel
def average_pool(x, kh, kw, stride_h, stride_w, pad_h, pad_w, lo, hi, row_begin, row_end, acc, out):
    """Mean of the taps inside the image, halves away from zero, clamped; output rows over batch * out_height.

    Args:
        x: int8, uint8 or int16 [B, H, W, C]. acc: scratch int32[C]. out: like x, [B, OH, OW, C].
    """
    _, height, width, channels = x.shape
    _, out_h, out_w, _ = out.shape
    store = out.dtype.type
    lo, hi = np.int32(lo), np.int32(hi)
    for row in range(row_begin, row_end):
        b = row // out_h
        y0 = (row % out_h) * stride_h - pad_h
        top, bottom = max(y0, 0), min(y0 + kh, height)
        for out_x in range(out_w):
            x0 = out_x * stride_w - pad_w
            left, right = max(x0, 0), min(x0 + kw, width)
            target = out[b, row % out_h, out_x]
            acc[:] = np.int32(0)
            for y in range(top, bottom):
                for column in range(left, right):
                    taps = x[b, y, column]
                    for c in range(channels):
                        acc[c] = np.int32(acc[c] + np.int32(taps[c]))
            count = (bottom - top) * (right - left)
            half = np.float64(count // 2)
            for c in range(channels):
                # The quotient of two int32 in double, truncated, is their exact integer quotient.
                total = np.float64(acc[c])
                mean = np.int32(np.trunc((total + np.copysign(half, total)) / np.float64(count)))
                target[c] = store(min(max(mean, lo), hi))


@kernel
def average_pool_float(x, kh, kw, stride_h, stride_w, pad_h, pad_w, lo, hi, row_begin, row_end, acc, out):
    """Mean of the taps inside the image: a float32 sum in the order row, column; then a division; then the clamp."""
    _, height, width, channels = x.shape
    _, out_h, out_w, _ = out.shape
    lo, hi = np.float32(lo), np.float32(hi)
    for row in range(row_begin, row_end):
        b = row // out_h
        y0 = (row % out_h) * stride_h - pad_h
        top, bottom = max(y0, 0), min(y0 + kh, height)
        for out_x in range(out_w):
            x0 = out_x * stride_w - pad_w
            left, right = max(x0, 0), min(x0 + kw, width)
            target = out[b, row % out_h, out_x]
            acc[:] = np.float32(0)
            for y in range(top, bottom):
                for column in range(left, right):
                    taps = x[b, y, column]
                    for c in range(channels):
                        acc[c] = np.float32(acc[c] + taps[c])
            count = np.float32((bottom - top) * (right - left))
            for c in range(channels):
                mean = np.float32(acc[c] / count)
                mean = lo if mean < lo else mean
                target[c] = hi if hi < mean else mean


@kernel
def max_pool(x, kh, kw, stride_h, stride_w, pad_h, pad_w, lo, hi, start, row_begin, row_end, out):
    """Greatest tap inside the image and `start`, clamped; the first of equal ones, NaN is passed over.

    Args: x, out: any of the number types, [B, H, W, C]. start: the least finite number of the type.
    """
    _, height, width, channels = x.shape
    _, out_h, out_w, _ = out.shape
    store = out.dtype.type
    lo, hi, start = store(lo), store(hi), store(start)
    for row in range(row_begin, row_end):
        b = row // out_h
        y0 = (row % out_h) * stride_h - pad_h
        top, bottom = max(y0, 0), min(y0 + kh, height)
        for out_x in range(out_w):
            x0 = out_x * stride_w - pad_w
            left, right = max(x0, 0), min(x0 + kw, width)
            target = out[b, row % out_h, out_x]
            target[:] = start
            for y in range(top, bottom):
                for column in range(left, right):
                    taps = x[b, y, column]
                    for c in range(channels):
                        target[c] = taps[c] if target[c] < taps[c] else target[c]
            for c in range(channels):
                value = lo if target[c] < lo else target[c]
                target[c] = hi if hi < value else value
