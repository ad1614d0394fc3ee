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
def resize_bilinear_fixed(x, y_low, y_high, y_part, x_low, x_high, x_part, bits, row_begin, row_end, out):
    """Bilinear with weights of `bits` bits on each axis, exact, rounded once with halves up.

    Args: x, out: int8 or uint8. Positions as in `resize_bilinear_q10`; y_part, x_part: int32, 0..2**bits.
    """
    _, out_h, out_w, channels = out.shape
    store = out.dtype.type
    one, half, shift = np.int32(1 << bits), np.int32(1 << (2 * bits - 1)), np.int32(2 * bits)
    for row in range(row_begin, row_end):
        b, i = row // out_h, row % out_h
        fy = np.int32(y_part[i])
        for j in range(out_w):
            fx = np.int32(x_part[j])
            w00, w10 = np.int32((one - fy) * (one - fx)), np.int32(fy * (one - fx))
            w01, w11 = np.int32((one - fy) * fx), np.int32(fy * fx)
            q00, q01 = x[b, y_low[i], x_low[j]], x[b, y_low[i], x_high[j]]
            q10, q11 = x[b, y_high[i], x_low[j]], x[b, y_high[i], x_high[j]]
            target = out[b, i, j]
            for c in range(channels):
                value = np.int32(np.int32(np.int32(q00[c]) * w00) + np.int32(np.int32(q10[c]) * w10))
                value = np.int32(value + np.int32(np.int32(np.int32(q01[c]) * w01) + np.int32(np.int32(q11[c]) * w11)))
                target[c] = store(np.int32(value + half) >> shift)


@kernel
def resize_bilinear_weights_first(x, y_low, y_high, y_part, x_low, x_high, x_part, add, row_begin, row_end, out):
    """As `resize_bilinear_float`, but each neighbour is multiplied once, by the product of its weights.

    The neighbours are summed in the order of memory.
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
            w00, w01, w10, w11 = np.float32(gy * gx), np.float32(gy * fx), np.float32(fy * gx), np.float32(fy * fx)
            q00, q01 = x[b, y_low[i], x_low[j]], x[b, y_low[i], x_high[j]]
            q10, q11 = x[b, y_high[i], x_low[j]], x[b, y_high[i], x_high[j]]
            target = out[b, i, j]
            for c in range(channels):
                value = np.float32(np.float32(q00[c]) * w00)
                value = np.float32(value + np.float32(np.float32(q01[c]) * w01))
                value = np.float32(value + np.float32(np.float32(q10[c]) * w10))
                value = np.float32(value + np.float32(np.float32(q11[c]) * w11))
                target[c] = store(np.float32(value + add))


@kernel
def resize_bilinear_double(x, row_begin, row_end, out):
    """Twice as high and wide: float32 elements, and halves and quarters of sums of neighbours.

    Args: x: float32[B, H, W, C]. out: float32[B, 2 H, 2 W, C], rows over B * 2 H.

    Source: tflite/kernels/internal/optimized/resize_bilinear.h
    """
    _, height, width, channels = x.shape
    half, quarter = np.float32(0.5), np.float32(0.25)
    for row in range(row_begin, row_end):
        b, i = row // (2 * height), row % (2 * height)
        y0 = i // 2
        y1 = min(y0 + 1, height - 1)
        for j in range(2 * width):
            x0 = j // 2
            x1 = min(x0 + 1, width - 1)
            for c in range(channels):
                value = x[b, y0, x0, c]
                if i % 2 == 0 and j % 2 == 1:
                    value = np.float32(np.float32(value + x[b, y0, x1, c]) * half)
                elif i % 2 == 1 and j % 2 == 0:
                    value = np.float32(np.float32(value + x[b, y1, x0, c]) * half)
                elif i % 2 == 1:
                    # Down the columns first.
                    right = np.float32(x[b, y0, x1, c] + x[b, y1, x1, c])
                    value = np.float32(np.float32(np.float32(value + x[b, y1, x0, c]) + right) * quarter)
                out[b, i, j, c] = value


@kernel
def resize_bilinear_steps(x, y_low, y_high, y_part, x_low, x_high, x_part, row_begin, row_end, out):
    """Along the rows, then between them: t + (b - t) * part, each step rounded to float32. x, out: float32.

    Source: XNNPACK src/f32-ibilinear
    """
    _, out_h, out_w, channels = out.shape
    for row in range(row_begin, row_end):
        b, i = row // out_h, row % out_h
        for j in range(out_w):
            fx, fy = x_part[j], y_part[i]
            q00, q01 = x[b, y_low[i], x_low[j]], x[b, y_low[i], x_high[j]]
            q10, q11 = x[b, y_high[i], x_low[j]], x[b, y_high[i], x_high[j]]
            target = out[b, i, j]
            for c in range(channels):
                top = np.float32(q00[c] + np.float32(np.float32(q01[c] - q00[c]) * fx))
                bottom = np.float32(q10[c] + np.float32(np.float32(q11[c] - q10[c]) * fx))
                target[c] = np.float32(top + np.float32(np.float32(bottom - top) * fy))


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
