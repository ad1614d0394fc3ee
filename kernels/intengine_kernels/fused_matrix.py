"""float32 products as XNNPACK adds them up: from the bias on, one fused multiply-add for each tap, in order.

Convolutions take their taps by row, column, channel; depthwise ones by column, row.
Source: XNNPACK/src/f32-gemm, f32-igemm, f32-dwconv
"""

import numpy as np

from intengine_kernels.fma import fma32
from intengine_kernels.jit import inline, kernel
from intengine_kernels.ordered import ROWS
from intengine_kernels.patch import gather


@inline
def _fuse_rows(a, row, rows, w, acc):
    """acc[i] = a[row + i] @ w added to acc[i], tap by tap."""
    depth, columns = w.shape
    for i in range(rows):
        x = a[row + i]
        line = acc[i]
        for k in range(depth):
            factor = x[k]
            weights = w[k]
            for n in range(columns):
                line[n] = fma32(factor, weights[n], line[n])


@inline
def _clamped(line, lo, hi, out):
    for n in range(out.shape[0]):
        value = line[n]
        value = lo if value < lo else value
        out[n] = hi if hi < value else value


@kernel
def gemm_fused(a, w, bias, lo, hi, row_begin, row_end, acc, out):
    """out[m] = clamp(bias + a[m] @ w) for rows row_begin..row_end. bias: float32[>= N]; the rest as in `gemm_float`."""
    lo, hi = np.float32(lo), np.float32(hi)
    for row in range(row_begin, row_end, ROWS):
        rows = min(ROWS, row_end - row)
        acc[:rows] = bias
        _fuse_rows(a, row, rows, w, acc)
        for i in range(rows):
            _clamped(acc[i], lo, hi, out[row + i])


@kernel
def conv_fused(
    x, w, bias, kh, kw, stride_h, stride_w, dil_h, dil_w, pad_h, pad_w, lo, hi, row_begin, row_end,
    patches, acc, out,
):  # fmt: skip
    """Convolution of output pixels row_begin..row_end. bias: float32[G, >= N / G]; the rest as in `conv_float`."""
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
            acc[:rows] = bias[g]
            _fuse_rows(patches, 0, rows, w[g], acc)
            first = g * columns
            for i in range(rows):
                pixel = row + i
                target = out[pixel // (out_w * out_h), (pixel // out_w) % out_h, pixel % out_w]
                _clamped(acc[i], lo, hi, target[first : first + columns])


@kernel
def depthwise_conv_fused(
    x, w, bias, stride_h, stride_w, dil_h, dil_w, pad_h, pad_w, lo, hi, row_begin, row_end, acc, out
):
    """Depthwise convolution of output rows row_begin..row_end; as `depthwise_conv_float`."""
    _, height, width, channels = x.shape
    kh, kw, out_c = w.shape
    _, out_h, out_w, _ = out.shape
    multiplier = out_c // channels
    lo, hi = np.float32(lo), np.float32(hi)
    for row in range(row_begin, row_end):
        b = row // out_h
        out_y = row % out_h
        for out_x in range(out_w):
            acc[:] = bias
            for kx in range(kw):
                column = out_x * stride_w - pad_w + kx * dil_w
                if column < 0 or column >= width:
                    continue
                for ky in range(kh):
                    y = out_y * stride_h - pad_h + ky * dil_h
                    if y < 0 or y >= height:
                        continue
                    taps = x[b, y, column]
                    factors = w[ky, kx]
                    if multiplier == 1:
                        for c in range(out_c):
                            acc[c] = fma32(taps[c], factors[c], acc[c])
                    else:
                        for c in range(channels):
                            for d in range(multiplier):
                                at = c * multiplier + d
                                acc[at] = fma32(taps[c], factors[at], acc[at])
            _clamped(acc, lo, hi, out[b, out_y, out_x])
