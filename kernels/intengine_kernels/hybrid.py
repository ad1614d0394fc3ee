"""Hybrid products: float32 activations quantized on the fly, integer weights, float32 results.

    q = quantize(x) with scale s and zero point z, one pair for each row or image
    out = clamp(float32(sum w * (q - z)) scaled by s and the filter's scale, + bias)
"""

import numpy as np

from intengine_kernels.hybrid_quantize import quantize_asymmetric, quantize_symmetric
from intengine_kernels.jit import inline, kernel
from intengine_kernels.ordered import ROWS, add_rows
from intengine_kernels.patch import gather_patch

#: out = sum * (s * s_w) + bias, and out = (sum * s_w) * s + bias.
SCALES_FIRST, FILTER_FIRST = 0, 1


@inline
def _append_negatives(row, depth):
    """row[depth : 2 * depth] = min(row[:depth], 0), if there is room; see `gemm_hybrid`."""
    if row.shape[0] > depth:
        for k in range(depth):
            row[depth + k] = min(row[k], np.int8(0))


@inline
def _scale_row(acc, row_sum, zero_point, input_scale, filter_scale, order, bias, lo, hi, out):
    """out[c] = clamp((acc[c] - zero_point * row_sum[c]) scaled in that order + bias[c])."""
    for c in range(out.shape[0]):
        total = np.float32(np.int32(acc[c] - np.int32(zero_point * row_sum[c])))
        if order == SCALES_FIRST:
            value = np.float32(total * np.float32(input_scale * filter_scale[c]))
        else:
            value = np.float32(np.float32(total * filter_scale[c]) * input_scale)
        value = np.float32(value + bias[c])
        value = lo if value < lo else value
        out[c] = hi if hi < value else value


@kernel
def gemm_hybrid(
    x, w, row_sum, filter_scale, bias, asymmetric, lo, hi, row_begin, row_end, lanes, scales, zero_points, q, acc, out
):
    """out[m] = clamp(x[m] @ w.T + bias) for rows row_begin..row_end, each row quantized by itself.

    x86 builds of LiteRT multiply 16 elements at a time as |q| * (w with the sign of q), and -128 has no negative in
    int8: there a negative q counts as -128 * |q|. Filters that hold such weights come with 2 * K rows, the second
    half holding what min(q, 0) is to be multiplied with.

    Args:
        x: float32[M, K]. w: int8[K, N], or int16[2 * K, N]. row_sum: int32[N], the sums of w over its first K rows.
        filter_scale, bias: float32[N].
        asymmetric: whether q has a zero point.
        lo, hi: floats, may be infinite.
        lanes: scratch float32[2, LANES]. scales: scratch float32[ROWS]. zero_points: scratch int32[ROWS].
        q: scratch int8[ROWS, w.shape[0]]. acc: scratch int32[ROWS, N].
        out: float32[M, N], written.

    Source: tflite/kernels/internal/optimized/sse_tensor_utils.cc
    """
    depth = x.shape[1]
    lo, hi = np.float32(lo), np.float32(hi)
    for row in range(row_begin, row_end, ROWS):
        rows = min(ROWS, row_end - row)
        for i in range(rows):
            if asymmetric:
                scales[i], zero_points[i] = quantize_asymmetric(x[row + i], lanes, q[i, :depth])
            else:
                scales[i], zero_points[i] = quantize_symmetric(x[row + i], lanes, q[i, :depth])
            _append_negatives(q[i], depth)
        acc[:rows] = np.int32(0)
        add_rows(q, 0, rows, w, acc, 0)
        for i in range(rows):
            _scale_row(
                acc[i], row_sum, zero_points[i], scales[i], filter_scale, SCALES_FIRST, bias, lo, hi, out[row + i]
            )


@kernel
def conv_hybrid(
    x, w, row_sum, filter_scale, bias, asymmetric, order, kh, kw,
    stride_h, stride_w, dil_h, dil_w, pad_h, pad_w, lo, hi, lanes, q, patches, acc, out,
):  # fmt: skip
    """Convolution, each image quantized by itself; taps outside the image are the zero point.

    Args:
        x: float32[B, H, W, C].
        w: int8[G, K, N / G] for G groups, K = kh * kw * C / G; or int16[G, 2 * K, N / G], see `gemm_hybrid`.
        row_sum: int32[N]. filter_scale, bias: float32[N]. lo, hi: floats.
        order: SCALES_FIRST or FILTER_FIRST.
        lanes: scratch float32[2, LANES]. q: scratch int8[1, H, W, C]. patches: scratch int8[ROWS, w.shape[1]].
        acc: scratch int32[ROWS, N / G].
        out: float32[B, OH, OW, N], written.

    Source: tflite/kernels/conv.cc
    """
    batches, out_h, out_w, _ = out.shape
    groups, _, columns = w.shape
    depth = x.shape[3] // groups
    lo, hi = np.float32(lo), np.float32(hi)
    for b in range(batches):
        if asymmetric:
            scale, zero_point = quantize_asymmetric(x[b].reshape(-1), lanes, q.reshape(-1))
        else:
            scale, zero_point = quantize_symmetric(x[b].reshape(-1), lanes, q.reshape(-1))
        fill = np.int8(zero_point)
        for pixel in range(0, out_h * out_w, ROWS):
            rows = min(ROWS, out_h * out_w - pixel)
            for g in range(groups):
                for i in range(rows):
                    gather_patch(
                        q, 0, (pixel + i) // out_w, (pixel + i) % out_w, kh, kw,
                        stride_h, stride_w, dil_h, dil_w, pad_h, pad_w, g * depth, depth, fill, patches[i],
                    )  # fmt: skip
                    _append_negatives(patches[i], kh * kw * depth)
                acc[:rows] = np.int32(0)
                add_rows(patches, 0, rows, w[g], acc, 0)
                first = g * columns
                last = first + columns
                for i in range(rows):
                    _scale_row(
                        acc[i], row_sum[first:last], zero_point, scale, filter_scale[first:last], order,
                        bias[first:last], lo, hi, out[b, (pixel + i) // out_w, (pixel + i) % out_w, first:last],
                    )  # fmt: skip


@kernel
def depthwise_conv_hybrid(
    x, w, filter_scale, bias, stride_h, stride_w, dil_h, dil_w, pad_h, pad_w, lo, hi, lanes, q, none, acc, out
):
    """Depthwise convolution, each image quantized by itself with a zero point; taps outside are skipped.

    Args:
        x: float32[B, H, W, C]. w: int8[kh, kw, C * D]. filter_scale, bias: float32[C * D]. lo, hi: floats.
        lanes: scratch float32[2, LANES]. q: scratch int8[1, H, W, C]. none: int32[C * D] zeros.
        acc: scratch int32[C * D].
        out: float32[B, OH, OW, C * D], written.

    Source: tflite/kernels/internal/reference/integer_ops/depthwise_conv.h
    """
    batches, height, width, channels = x.shape
    kh, kw, out_c = w.shape
    _, out_h, out_w, _ = out.shape
    multiplier = out_c // channels
    lo, hi = np.float32(lo), np.float32(hi)
    for b in range(batches):
        scale, zero_point = quantize_asymmetric(x[b].reshape(-1), lanes, q.reshape(-1))
        for out_y in range(out_h):
            for out_x in range(out_w):
                acc[:] = np.int32(0)
                for ky in range(kh):
                    y = out_y * stride_h - pad_h + ky * dil_h
                    if y < 0 or y >= height:
                        continue
                    for kx in range(kw):
                        column = out_x * stride_w - pad_w + kx * dil_w
                        if column < 0 or column >= width:
                            continue
                        taps = q[0, y, column]
                        factors = w[ky, kx]
                        if multiplier == 1:
                            for c in range(out_c):
                                tap = np.int32(np.int32(taps[c]) - zero_point)
                                acc[c] = np.int32(acc[c] + np.int32(tap * np.int32(factors[c])))
                        else:
                            for c in range(channels):
                                tap = np.int32(np.int32(taps[c]) - zero_point)
                                for d in range(multiplier):
                                    at = c * multiplier + d
                                    acc[at] = np.int32(acc[at] + np.int32(tap * np.int32(factors[at])))
                _scale_row(
                    acc, none, np.int32(0), scale, filter_scale, SCALES_FIRST, bias, lo, hi, out[b, out_y, out_x]
                )
