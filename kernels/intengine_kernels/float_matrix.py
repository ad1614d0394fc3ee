"""float32 convolutions and products; the taps of each output are summed in the order row, column, input channel.

`fused`: each tap is one fused multiply-add and denormals are zeros, as in XNNPACK; else a product and a sum.
Source: tflite/kernels/internal/reference/conv.h; XNNPACK/src/f32-gemm, f32-igemm
"""

import numpy as np

from intengine_kernels.denormals import flush, restore
from intengine_kernels.float_product import multiply_rows
from intengine_kernels.isa.vectors import LANES
from intengine_kernels.jit import inline, kernel


@kernel
def gemm_float(fused, a, w, start, bias, lo, hi, row_begin, row_end, starts, taps, out):
    """out[m] = clamp((start + a[m] @ w) + bias) for rows row_begin..row_end.

    Args:
        fused: bool.
        a: float32[M, K]. w: float32[1, P, K, LANES], column n in panel n // LANES.
        start, bias: float32[P * LANES]. lo, hi: floats.
        starts: scratch int64[S]; S rows are multiplied before the next ones. taps: scratch int64[1].
        out: float32[M, N], written.
    """
    depth, channels = a.shape[1], out.shape[1]
    flat_a, flat_w, flat_out = a.reshape(-1), w.reshape(-1), out.reshape(-1)
    lo, hi = np.float32(lo), np.float32(hi)
    taps[0] = 0
    mode = flush(fused)
    for row in range(row_begin, row_end, starts.shape[0]):
        rows = min(starts.shape[0], row_end - row)
        for i in range(rows):
            starts[i] = (row + i) * depth
        multiply_rows(
            fused, flat_a, starts, rows, taps, 1, depth, flat_w, 0, start, bias, 0, lo, hi,
            flat_out, row * channels, channels, channels,
        )  # fmt: skip
    restore(mode)


@inline
def _fill_strip(x, at, first, height, width, channels, pad_w, rows, columns, strip):
    """strip[rows, columns, C] = image rows from `first` on, moved right by `pad_w` columns; zeros outside the image."""
    line = columns * channels
    left = pad_w * channels
    right = max(min(left + width * channels, line), left)
    for r in range(rows):
        y = first + r
        target = strip[r * line : (r + 1) * line]
        if y < 0 or y >= height:
            target[:] = np.float32(0.0)
            continue
        target[:left] = np.float32(0.0)
        source = x[at + y * width * channels : at + y * width * channels + right - left]
        middle = target[left:right]
        for i in range(right - left):
            middle[i] = source[i]
        target[right:] = np.float32(0.0)


@kernel
def conv_float(
    fused, x, w, start, bias, kh, kw, stride_h, stride_w, dil_h, dil_w, pad_h, pad_w, lo, hi, row_begin, row_end,
    starts, taps, strip, out,
):  # fmt: skip
    """Convolution of output rows row_begin..row_end, counted over batch * out_height.

    A tap outside the image adds 0 * w, which changes no sum that starts at 0 as long as w is finite.

    Args:
        fused: bool.
        x: float32[B, H, W, C]. w: float32[G, P, K, LANES] for G groups, K = kh * kw * C / G.
        start, bias: float32[G * P * LANES]. lo, hi: floats.
        starts: scratch int64[R * OW]; R output rows are made before the next ones. taps: scratch int64[kh * kw].
        strip: scratch float32, the input of R output rows with its padding; empty if no tap is outside the image.
        out: float32[B, OH, OW, N], written.
    """
    _, out_h, out_w, out_c = out.shape
    _, height, width, in_c = x.shape
    groups, panels, _, _ = w.shape
    depth, channels = in_c // groups, out_c // groups
    flat_x, flat_w, flat_out = x.reshape(-1), w.reshape(-1), out.reshape(-1)
    lo, hi = np.float32(lo), np.float32(hi)
    image = height * width * in_c
    columns = (out_w - 1) * stride_w + (kw - 1) * dil_w + 1 if strip.shape[0] else width
    # Neighbouring taps lie next to each other unless the filter is dilated or grouped.
    together = dil_w == 1 and groups == 1
    many, length = (kh, kw * depth) if together else (kh * kw, depth)
    for s in range(many):
        ky, kx = (s, 0) if together else (s // kw, s % kw)
        taps[s] = (ky * dil_h * columns + kx * dil_w) * in_c
    row = row_begin
    mode = flush(fused)
    while row < row_end:
        b, y = row // out_h, row % out_h
        rows = min(starts.shape[0] // out_w, out_h - y, row_end - row)
        first, source = b * image + y * stride_h * columns * in_c, flat_x
        if strip.shape[0]:
            lines = (rows - 1) * stride_h + (kh - 1) * dil_h + 1
            _fill_strip(
                flat_x, b * image, y * stride_h - pad_h, height, width, in_c, pad_w, lines, columns, strip
            )  # fmt: skip
            first, source = 0, strip
        for i in range(rows):
            for j in range(out_w):
                starts[i * out_w + j] = first + (i * stride_h * columns + j * stride_w) * in_c
        for g in range(groups):
            place = g * panels
            multiply_rows(
                fused, source, starts, rows * out_w, taps, many, length, flat_w, place * many * length * LANES,
                start, bias, place * LANES, lo, hi, flat_out, row * out_w * out_c + g * channels, out_c, channels,
            )  # fmt: skip
            for s in range(many):
                taps[s] += depth
        for s in range(many):
            taps[s] -= groups * depth
        row += rows
    restore(mode)
