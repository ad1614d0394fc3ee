"""float32 products as XNNPACK adds them up: from the bias on, one fused multiply-add for each tap, in order.

Denormals are zeros.
"""

import numpy as np

from intengine_kernels.copying import copy_row
from intengine_kernels.denormals import flush, flushed_fma32, restore
from intengine_kernels.fma import fma32
from intengine_kernels.hybrid_quantize import quantize_dynamic
from intengine_kernels.jit import inline, kernel


@inline
def _clamped(line, lo, hi, out):
    for n in range(out.shape[0]):
        value = line[n]
        value = lo if value < lo else value
        out[n] = hi if hi < value else value


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
    mode = flush(True)
    for row in range(row_begin, row_end):
        b, out_y = row // out_h, row % out_h
        for out_x in range(out_w):
            copy_row(bias, acc)
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
                            acc[n] = flushed_fma32(factor, weights[n], acc[n])
            _clamped(acc, lo, hi, out[b, out_y, out_x])
    restore(mode)


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
    mode = flush(True)
    for i in range(batches):
        left, right = a[from_a[i]], b[from_b[i]]
        for m in range(rows):
            x = left[m]
            for n in range(columns):
                y = right[n]
                total = np.float32(0)
                for k in range(depth):
                    total = flushed_fma32(x[k], y[k], total)
                out[i, m, n] = total
    restore(mode)


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
