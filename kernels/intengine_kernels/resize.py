"""Resizing images [B, H, W, C], channels innermost.

A row of the output is made from two rows of the input, `y_low[i]` and `y_high[i]`, brought into `scratch` in the form
that all its pixels share.
"""

import numpy as np

from intengine_kernels.isa.blend import blend_columns_first, blend_integers, blend_steps, blend_weights_first
from intengine_kernels.jit import inline, kernel, twin_of

#: What scratch rows must be longer than a row of the input; the row is read 16 elements at a time.
PADDING = 15


@twin_of(blend_integers)
def _blend_integers(row, x_low, x_high, x_part, channels, one, shift, away, out):
    wide, store = row.dtype.type, out.dtype.type
    half = wide(wide(1) << wide(shift - wide(1)))
    for j in range(x_low.shape[0]):
        low, high = x_low[j] * channels, x_high[j] * channels
        far, near = x_part[j], wide(one - x_part[j])
        for c in range(channels):
            value = wide(wide(row[low + c] * near) + wide(row[high + c] * far))
            out[j * channels + c] = store(wide(value + half - wide(away if value < 0 else 0)) >> shift)


@twin_of(blend_columns_first)
def _blend_columns_first(top, bottom, x_low, x_high, x_part, channels, gy, fy, add, out):
    f32, store = np.float32, out.dtype.type
    for j in range(x_low.shape[0]):
        low, high = x_low[j] * channels, x_high[j] * channels
        fx, gx = x_part[j], f32(f32(1) - x_part[j])
        for c in range(channels):
            value = f32(f32(top[low + c] * gx) + f32(bottom[low + c] * gx))
            value = f32(f32(value + f32(top[high + c] * fx)) + f32(bottom[high + c] * fx))
            out[j * channels + c] = store(f32(value + add))


@twin_of(blend_weights_first)
def _blend_weights_first(top, bottom, x_low, x_high, x_part, channels, gy, fy, add, out):
    f32, store = np.float32, out.dtype.type
    for j in range(x_low.shape[0]):
        low, high = x_low[j] * channels, x_high[j] * channels
        fx, gx = x_part[j], f32(f32(1) - x_part[j])
        w00, w01, w10, w11 = f32(gy * gx), f32(gy * fx), f32(fy * gx), f32(fy * fx)
        for c in range(channels):
            value = f32(f32(top[low + c] * w00) + f32(top[high + c] * w01))
            value = f32(f32(value + f32(bottom[low + c] * w10)) + f32(bottom[high + c] * w11))
            out[j * channels + c] = store(f32(value + add))


@twin_of(blend_steps)
def _blend_steps(top, bottom, x_low, x_high, x_part, channels, gy, fy, add, out):
    f32 = np.float32
    for j in range(x_low.shape[0]):
        low, high, fx = x_low[j] * channels, x_high[j] * channels, x_part[j]
        for c in range(channels):
            above = f32(top[low + c] + f32(f32(top[high + c] - top[low + c]) * fx))
            below = f32(bottom[low + c] + f32(f32(bottom[high + c] - bottom[low + c]) * fx))
            out[j * channels + c] = f32(above + f32(f32(below - above) * fy))


@inline
def _weighted_sum(up, down, near, far, out):
    """out = up * near + down * far, in the type of out."""
    wide = out.dtype.type
    for k in range(up.shape[0]):
        out[k] = wide(wide(wide(up[k]) * near) + wide(wide(down[k]) * far))


@inline
def _products(row, weight, out):
    for k in range(row.shape[0]):
        out[k] = np.float32(np.float32(row[k]) * weight)


@inline
def _resize_integers(x, y_low, y_high, y_part, x_low, x_high, x_part, one, shift, away, begin, end, scratch, out):
    _, out_h, _, channels = out.shape
    wide = scratch.dtype.type
    one, shift, away = wide(one), wide(shift), wide(away)
    for row in range(begin, end):
        b, i = row // out_h, row % out_h
        fy = wide(y_part[i])
        up, down = x[b, y_low[i]].reshape(-1), x[b, y_high[i]].reshape(-1)
        _weighted_sum(up, down, wide(one - fy), fy, scratch[0, : up.shape[0]])
        target = out[b, i].reshape(-1)
        _blend_integers(scratch[0], x_low, x_high, x_part, channels, one, shift, away, target)


@kernel
def resize_bilinear_q10(x, y_low, y_high, y_part, x_low, x_high, x_part, row_begin, row_end, scratch, out):
    """Bilinear with positions in 1/1024: halves away from zero, no zero point; rows over batch * out_height.

    Args:
        x: int8 or int16. y_low, y_high: int64[OH], x_low, x_high: int64[OW], neighbours of each output position.
        y_part[OH], x_part[OW]: distance to the lower neighbour, -512..1024; int32 is wide enough for int8, int64 for
            int16, and is what the sums are made in.
        scratch: like y_part [1, W * C + PADDING]. out: like x [B, OH, OW, C].
    """
    _resize_integers(
        x, y_low, y_high, y_part, x_low, x_high, x_part, 1024, 20, 1, row_begin, row_end, scratch, out
    )  # fmt: skip


@kernel
def resize_bilinear_fixed(x, y_low, y_high, y_part, x_low, x_high, x_part, bits, row_begin, row_end, scratch, out):
    """Bilinear with weights of `bits` bits on each axis, exact, rounded once with halves up.

    Args: x, out: int8 or uint8. The rest as in `resize_bilinear_q10`; y_part, x_part: int32, 0..2**bits.
    """
    _resize_integers(
        x, y_low, y_high, y_part, x_low, x_high, x_part, 1 << bits, 2 * bits, 0, row_begin, row_end, scratch, out
    )  # fmt: skip


@kernel
def resize_bilinear_float(x, y_low, y_high, y_part, x_low, x_high, x_part, add, row_begin, row_end, scratch, out):
    """Bilinear with float32 weights, products and sums rounded one by one.

    Args:
        x: float32 or uint8. Positions as in `resize_bilinear_q10`; y_part, x_part: float32.
        add: float added before the store, which truncates: 0.5 for uint8.
        scratch: float32[2, W * C + PADDING].
    """
    _, out_h, _, channels = out.shape
    for row in range(row_begin, row_end):
        b, i = row // out_h, row % out_h
        fy = y_part[i]
        gy = np.float32(np.float32(1) - fy)
        up, down = x[b, y_low[i]].reshape(-1), x[b, y_high[i]].reshape(-1)
        _products(up, gy, scratch[0, : up.shape[0]])
        _products(down, fy, scratch[1, : down.shape[0]])
        target = out[b, i].reshape(-1)
        _blend_columns_first(
            scratch[0], scratch[1], x_low, x_high, x_part, channels, gy, fy, np.float32(add), target
        )  # fmt: skip


@kernel
def resize_bilinear_weights_first(
    x, y_low, y_high, y_part, x_low, x_high, x_part, add, row_begin, row_end, scratch, out
):  # fmt: skip
    """As `resize_bilinear_float`, but each neighbour is multiplied once, by the product of its weights.

    The neighbours are summed in the order of memory.
    """
    _, out_h, _, channels = out.shape
    for row in range(row_begin, row_end):
        b, i = row // out_h, row % out_h
        fy = y_part[i]
        gy = np.float32(np.float32(1) - fy)
        _copy_rows(x, b, y_low[i], y_high[i], scratch)
        target = out[b, i].reshape(-1)
        _blend_weights_first(
            scratch[0], scratch[1], x_low, x_high, x_part, channels, gy, fy, np.float32(add), target
        )  # fmt: skip


@kernel
def resize_bilinear_steps(x, y_low, y_high, y_part, x_low, x_high, x_part, row_begin, row_end, scratch, out):
    """Along the rows, then between them: t + (b - t) * part, each step rounded to float32. x, out: float32.

    Source: XNNPACK src/f32-ibilinear
    """
    _, out_h, _, channels = out.shape
    zero = np.float32(0)
    for row in range(row_begin, row_end):
        b, i = row // out_h, row % out_h
        _copy_rows(x, b, y_low[i], y_high[i], scratch)
        target = out[b, i].reshape(-1)
        _blend_steps(scratch[0], scratch[1], x_low, x_high, x_part, channels, zero, y_part[i], zero, target)


@inline
def _copy_rows(x, b, low, high, scratch):
    up, down = x[b, low].reshape(-1), x[b, high].reshape(-1)
    top, bottom = scratch[0, : up.shape[0]], scratch[1, : up.shape[0]]
    for k in range(up.shape[0]):
        top[k] = np.float32(up[k])
    for k in range(up.shape[0]):
        bottom[k] = np.float32(down[k])


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
def resize_nearest(x, y_from, x_from, row_begin, row_end, out):
    """out[b, i, j] = x[b, y_from[i], x_from[j]]. Any type; y_from int64[OH], x_from int64[OW]."""
    _, out_h, out_w, channels = out.shape
    for row in range(row_begin, row_end):
        b, i = row // out_h, row % out_h
        for j in range(out_w):
            source, target = x[b, y_from[i], x_from[j]], out[b, i, j]
            for c in range(channels):
                target[c] = source[c]
