"""float32 convolutions and products; the taps of each output are summed in the order row, column, input channel."""

import numpy as np

from intengine_kernels.jit import kernel
from intengine_kernels.ordered import ROWS, add_rows, clamp_row
from intengine_kernels.patch import gather


@kernel
def gemm_float(a, w, bias, lo, hi, row_begin, row_end, acc, out):
    """out[m] = clamp(a[m] @ w + bias) for rows row_begin..row_end; the sum starts at 0 and the bias comes last.

    Args:
        a: float32[M, K]. w: float32[K, >= N]. bias: float32[N]. lo, hi: floats.
        acc: scratch float32[ROWS, >= N].
        out: float32[M, N], written.
    """
    lo, hi = np.float32(lo), np.float32(hi)
    for row in range(row_begin, row_end, ROWS):
        rows = min(ROWS, row_end - row)
        acc[:rows] = np.float32(0.0)
        add_rows(a, row, rows, w, acc, 0)
        for i in range(rows):
            clamp_row(acc[i], bias, lo, hi, out[row + i])


@kernel
def conv_float(
    x, w, bias, kh, kw, stride_h, stride_w, dil_h, dil_w, pad_h, pad_w, lo, hi, row_begin, row_end,
    patches, acc, out,
):  # fmt: skip
    """Convolution of output pixels row_begin..row_end, counted over batch * out_height * out_width.

    A tap outside the image adds 0 * w, which changes no sum as long as w is finite.

    Args:
        x: float32[B, H, W, C]. w: float32[G, K, >= N / G] for G groups, K = kh * kw * C / G. bias: float32[N].
        lo, hi: floats.
        patches: scratch float32[ROWS, K]. acc: scratch float32[ROWS, >= N / G].
        out: float32[B, OH, OW, N], written.
    """
    _, out_h, out_w, out_c = out.shape
    groups = w.shape[0]
    columns = out_c // groups
    depth = x.shape[3] // groups
    _, height, width, _ = x.shape
    image = height * width * x.shape[3]
    flat_x = x.reshape(-1)
    none = np.float32(0.0)
    lo, hi = np.float32(lo), np.float32(hi)
    for row in range(row_begin, row_end, ROWS):
        rows = min(ROWS, row_end - row)
        for g in range(groups):
            for i in range(rows):
                pixel = row + i
                gather(
                    flat_x, pixel // (out_w * out_h) * image, height, width, depth * groups,
                    (pixel // out_w) % out_h, pixel % out_w, kh, kw, stride_h, stride_w, dil_h, dil_w,
                    pad_h, pad_w, g * depth, depth, none, none, patches[i],
                )  # fmt: skip
            acc[:rows] = np.float32(0.0)
            add_rows(patches, 0, rows, w[g], acc, 0)
            first = g * columns
            last = first + columns
            for i in range(rows):
                pixel = row + i
                clamp_row(
                    acc[i], bias[first:last], lo, hi,
                    out[pixel // (out_w * out_h), (pixel // out_w) % out_h, pixel % out_w, first:last],
                )  # fmt: skip


@kernel
def depthwise_conv_float(
    x, w, start, bias, stride_h, stride_w, dil_h, dil_w, pad_h, pad_w, lo, hi, row_begin, row_end, acc, out
):
    """Depthwise convolution of output rows row_begin..row_end, counted over batch * out_height.

    Args:
        x: float32[B, H, W, C]. w: float32[kh, kw, C * D], output channel c * D + d reads input c.
        start, bias: float32[C * D], what each sum begins with and what is added to it when it is complete.
        lo, hi: floats.
        acc: scratch float32[C * D].
        out: float32[B, OH, OW, C * D], written.
    """
    _, height, width, channels = x.shape
    kh, kw, out_c = w.shape
    _, out_h, out_w, _ = out.shape
    multiplier = out_c // channels
    lo, hi = np.float32(lo), np.float32(hi)
    for row in range(row_begin, row_end):
        b = row // out_h
        out_y = row % out_h
        for out_x in range(out_w):
            acc[:] = start
            for ky in range(kh):
                y = out_y * stride_h - pad_h + ky * dil_h
                if y < 0 or y >= height:
                    continue
                for kx in range(kw):
                    column = out_x * stride_w - pad_w + kx * dil_w
                    if column < 0 or column >= width:
                        continue
                    taps = x[b, y, column]
                    factors = w[ky, kx]
                    if multiplier == 1:
                        for c in range(out_c):
                            acc[c] = acc[c] + taps[c] * factors[c]
                    else:
                        for c in range(channels):
                            for d in range(multiplier):
                                at = c * multiplier + d
                                acc[at] = acc[at] + taps[c] * factors[at]
            clamp_row(acc, bias, lo, hi, out[b, out_y, out_x])
