"""Resizing images [B, H, W, C], channels innermost."""

import numpy as np

from intengine_kernels.jit import kernel


@kernel
def resize_bilinear_q10(x, y_low, y_high, y_part, x_low, x_high, x_part, row_begin, row_end, out):
    """Bilinear with positions in 1/1024: halves away from zero, no zero point; rows over batch * out_height.

    Args:
        x: int8 or int16. y_low, y_high: int64[OH], x_low, x_high: int64[OW], neighbours of each output position.
        y_part[OH], x_part[OW]: distance to the lower neighbour, -512..1024; int32 is wide enough for int8, int64 for
            int16, and is what the sums are made in.
        out: like x [B, OH, OW, C].
    """
    _, out_h, out_w, channels = out.shape
    store = out.dtype.type
    wide = y_part.dtype.type
    one, half, shift = wide(1024), wide(1 << 19), wide(20)
    for row in range(row_begin, row_end):
        b, i = row // out_h, row % out_h
        fy = y_part[i]
        for j in range(out_w):
            fx = x_part[j]
            w00, w10 = wide((one - fy) * (one - fx)), wide(fy * (one - fx))
            w01, w11 = wide((one - fy) * fx), wide(fy * fx)
            q00, q01 = x[b, y_low[i], x_low[j]], x[b, y_low[i], x_high[j]]
            q10, q11 = x[b, y_high[i], x_low[j]], x[b, y_high[i], x_high[j]]
            target = out[b, i, j]
            for c in range(channels):
                value = wide(wide(wide(q00[c]) * w00) + wide(wide(q10[c]) * w10))
                value = wide(value + wide(wide(wide(q01[c]) * w01) + wide(wide(q11[c]) * w11)))
                # Away from zero: of a negative number one less than a half is added before the floor.
                target[c] = store(wide(value + half - wide(1 if value < 0 else 0)) >> shift)


@kernel
def resize_bilinear_float(x, y_low, y_high, y_part, x_low, x_high, x_part, add, row_begin, row_end, out):
    """Bilinear with float32 weights, products and sums rounded one by one.

    Args:
        x: float32 or uint8. Positions as in `resize_bilinear_q10`; y_part, x_part: float32.
        add: float added before the store, which truncates: 0.5 for uint8.
    """
    _, out_h, out_w, channels = out.shape
    store = out.dtype.type
    one, add = np.float32(1), np.float32(add)
    for row in range(row_begin, row_end):
        b, i = row // out_h, row % out_h
        fy = y_part[i]
        gy = np.float32(one - fy)
        for j in range(out_w):
            fx = x_part[j]
            gx = np.float32(one - fx)
            q00, q01 = x[b, y_low[i], x_low[j]], x[b, y_low[i], x_high[j]]
            q10, q11 = x[b, y_high[i], x_low[j]], x[b, y_high[i], x_high[j]]
            target = out[b, i, j]
            for c in range(channels):
                value = np.float32(np.float32(np.float32(q00[c]) * gy) * gx)
                value = np.float32(value + np.float32(np.float32(np.float32(q10[c]) * fy) * gx))
                value = np.float32(value + np.float32(np.float32(np.float32(q01[c]) * gy) * fx))
                value = np.float32(value + np.float32(np.float32(np.float32(q11[c]) * fy) * fx))
                target[c] = store(np.float32(value + add))


@kernel
def resize_nearest(x, y_from, x_from, row_begin, row_end, out):
    """out[b, i, j] = x[b, y_from[i], x_from[j]]. Any type; y_from int64[OH], x_from int64[OW]."""
    _, out_h, out_w, channels = out.shape
    for row in range(row_begin, row_end):
        b, i = row // out_h, row % out_h
        for j in range(out_w):
            source, target = x[b, y_from[i], x_from[j]], out[b, i, j]
            for c in range(channels):
                target[c] = source[c]
