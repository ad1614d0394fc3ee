"""float32 products as XNNPACK adds them up: from the bias on, one fused multiply-add for each tap, in order.

Convolutions take their taps by row, column, channel; depthwise ones by column, row.
Source: XNNPACK/src/f32-gemm, f32-igemm, f32-dwconv
"""

import numpy as np

from intengine_kernels.fma import fma32
from intengine_kernels.hybrid_quantize import quantize_dynamic
from intengine_kernels.jit import inline, kernel
from intengine_kernels.ordered import ROWS
from intengine_kernels.patch import gather


@inline
def _fuse_four(a, row, w, acc):
    """`_fuse_rows` of four rows, which share the weights; four taps at a time, in order."""
    depth, columns = w.shape
    x0, x1, x2, x3 = a[row], a[row + 1], a[row + 2], a[row + 3]
    c0, c1, c2, c3 = acc[0], acc[1], acc[2], acc[3]
    whole = depth - depth % 4
    for k in range(0, whole, 4):
        w0, w1, w2, w3 = w[k], w[k + 1], w[k + 2], w[k + 3]
        for n in range(columns):
            v0, v1, v2, v3 = w0[n], w1[n], w2[n], w3[n]
            c0[n] = fma32(x0[k + 3], v3, fma32(x0[k + 2], v2, fma32(x0[k + 1], v1, fma32(x0[k], v0, c0[n]))))
            c1[n] = fma32(x1[k + 3], v3, fma32(x1[k + 2], v2, fma32(x1[k + 1], v1, fma32(x1[k], v0, c1[n]))))
            c2[n] = fma32(x2[k + 3], v3, fma32(x2[k + 2], v2, fma32(x2[k + 1], v1, fma32(x2[k], v0, c2[n]))))
            c3[n] = fma32(x3[k + 3], v3, fma32(x3[k + 2], v2, fma32(x3[k + 1], v1, fma32(x3[k], v0, c3[n]))))
    for k in range(whole, depth):
        w0 = w[k]
        for n in range(columns):
            c0[n] = fma32(x0[k], w0[n], c0[n])
            c1[n] = fma32(x1[k], w0[n], c1[n])
            c2[n] = fma32(x2[k], w0[n], c2[n])
            c3[n] = fma32(x3[k], w0[n], c3[n])


@inline
def _fuse_rows(a, row, rows, w, acc):
    """acc[i] = a[row + i] @ w added to acc[i], tap by tap."""
    if rows == ROWS:
        _fuse_four(a, row, w, acc)
        return
    depth, columns = w.shape
    for i in range(rows):
        x = a[row + i]
        line = acc[i]
        for k in range(depth):
            weights = w[k]
            for n in range(columns):
                line[n] = fma32(x[k], weights[n], line[n])


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


@inline
def _source(at, tap, stride, pad, size):
    """The input row or column that a filter row or column brings to output `at`, or -1."""
    place = at + pad - tap
    if place < 0 or place % stride != 0 or place // stride >= size:
        return -1
    return place // stride


@kernel
def transpose_conv_fused(x, w, bias, stride_h, stride_w, pad_h, pad_w, lo, hi, row_begin, row_end, acc, out):
    """float32 transposed convolution of output rows row_begin..row_end, counted over batch * out_height.

    Args:
        x: float32[B, H, W, C]. w: float32[kh, kw, C, N]. bias: float32[N]. lo, hi: floats. acc: scratch float32[N].
        out: float32[B, OH, OW, N], written.

    Source: XNNPACK/src/operators/deconvolution-nhwc.c
    """
    _, height, width, channels = x.shape
    kh, kw, _, out_c = w.shape
    _, out_h, out_w, _ = out.shape
    lo, hi = np.float32(lo), np.float32(hi)
    for row in range(row_begin, row_end):
        b, out_y = row // out_h, row % out_h
        for out_x in range(out_w):
            acc[:] = bias
            for ky in range(kh):
                y = _source(out_y, ky, stride_h, pad_h, height)
                if y < 0:
                    continue
                for kx in range(kw):
                    column = _source(out_x, kx, stride_w, pad_w, width)
                    if column < 0:
                        continue
                    for c in range(channels):
                        factor, weights = x[b, y, column, c], w[ky, kx, c]
                        for n in range(out_c):
                            acc[n] = fma32(factor, weights[n], acc[n])
            _clamped(acc, lo, hi, out[b, out_y, out_x])


@kernel
def transpose_conv_dynamic(x, w, filter_scale, bias, stride_h, stride_w, pad_h, pad_w, lo, hi, lanes, q, acc, out):
    """Transposed convolution of images that are quantized one by one, with a zero point.

    Args:
        x: float32[B, H, W, C]. w: int8[kh, kw, C, N]. filter_scale, bias: float32[N]. lo, hi: floats.
        lanes: scratch float32[2, LANES]. q: scratch int8[1, H, W, C]. acc: scratch int32[N].
        out: float32[B, OH, OW, N], written.
    """
    batches, out_h, out_w, out_c = out.shape
    _, height, width, channels = x.shape
    kh, kw, _, _ = w.shape
    lo, hi = np.float32(lo), np.float32(hi)
    for b in range(batches):
        scale, zero_point = quantize_dynamic(x[b].reshape(-1), lanes, q.reshape(-1))
        for out_y in range(out_h):
            for out_x in range(out_w):
                acc[:] = np.int32(0)
                for ky in range(kh):
                    y = _source(out_y, ky, stride_h, pad_h, height)
                    if y < 0:
                        continue
                    for kx in range(kw):
                        column = _source(out_x, kx, stride_w, pad_w, width)
                        if column < 0:
                            continue
                        for c in range(channels):
                            factor, weights = np.int32(np.int32(q[0, y, column, c]) - zero_point), w[ky, kx, c]
                            for n in range(out_c):
                                acc[n] = np.int32(acc[n] + np.int32(factor * np.int32(weights[n])))
                target = out[b, out_y, out_x]
                for n in range(out_c):
                    value = fma32(np.float32(np.float32(acc[n]) * scale), filter_scale[n], bias[n])
                    value = lo if value < lo else value
                    target[n] = hi if hi < value else value


@kernel
def batch_matmul_fused(a, b, from_a, from_b, out):
    """float32, each sum in the order of k from 0 on. Args as in `batch_matmul_requantize`."""
    batches, rows, columns = out.shape
    depth = a.shape[2]
    for i in range(batches):
        left, right = a[from_a[i]], b[from_b[i]]
        for m in range(rows):
            x = left[m]
            for n in range(columns):
                y = right[n]
                total = np.float32(0)
                for k in range(depth):
                    total = fma32(x[k], y[k], total)
                out[i, m, n] = total


@kernel
def batch_matmul_dynamic(a, b, from_a, from_b, filter_scale, lanes, q, out):
    """float32 rows quantized one by one with a zero point, times int8.

    Args:
        a: float32[*, M, K]. b: int8[*, N, K]. filter_scale: float32[N]. lanes: scratch float32[2, LANES].
        q: scratch int8[K]. The rest as in `batch_matmul_requantize`.
        out: float32[B, M, N], written.
    """
    batches, rows, columns = out.shape
    depth = a.shape[2]
    for i in range(batches):
        left, right = a[from_a[i]], b[from_b[i]]
        for m in range(rows):
            scale, zero_point = quantize_dynamic(left[m], lanes, q)
            for n in range(columns):
                y = right[n]
                total = np.int32(0)
                for k in range(depth):
                    total = np.int32(total + np.int32((np.int32(q[k]) - zero_point) * np.int32(y[k])))
                out[i, m, n] = fma32(np.float32(np.float32(total) * scale), filter_scale[n], np.float32(0))
