"""Hybrid products: float32 activations quantized on the fly, integer weights, float32 results.

q = quantize(x) with scale s and zero point z, one pair for each row or image
out = clamp(float32(sum w * (q - z)) scaled by s and the filter's scale, + bias)
"""

import numpy as np

from intengine_kernels.fma import fma32
from intengine_kernels.gemm import multiply_rows
from intengine_kernels.hybrid_quantize import quantize_asymmetric, quantize_row
from intengine_kernels.isa import COLUMNS, ROW_BLOCK
from intengine_kernels.jit import inline, kernel
from intengine_kernels.patch import gather

#: out = sum * (s * s_w) + bias; (sum * s_w) * s + bias; fma(sum * s, s_w, bias).
SCALES_FIRST, FILTER_FIRST, FUSED = 0, 1, 2
#: FILTER_FIRST in whole blocks of 4 channels, (sum * s) * s_w + bias in those behind.
BLOCKS_OF_4 = 3


@inline
def _append_negatives(row, depth, flip, copies):
    """row[depth : (copies + 1) * depth] = `copies` times min(row[:depth], 0), all with their top bit flipped."""
    for copy in range(1, copies + 1):
        target = row[copy * depth : (copy + 1) * depth]
        for k in range(depth):
            target[k] = min(row[k], flip)


@inline
def _scale_rows(
    acc, rows, row_sum, zero_points, scales, filter_scale, order, bias, lo, hi, count, line, out, out_at, out_step
):
    """out[c] = clamp((acc[c] - zero_point * row_sum[c]) scaled in that order + bias[c]), row by row.

    Rows have COLUMNS accumulators, of which the first `count` are wanted; `line` takes them all.
    """
    # One loop for each order: a branch inside would keep it from vectorizing.
    for r in range(rows):
        source = acc[r * COLUMNS : (r + 1) * COLUMNS]
        zero_point, input_scale = zero_points[r], scales[r]
        if order == SCALES_FIRST:
            for c in range(COLUMNS):
                total = np.float32(np.int32(source[c] - np.int32(zero_point * row_sum[c])))
                value = np.float32(total * np.float32(input_scale * filter_scale[c]) + bias[c])
                value = lo if value < lo else value
                line[c] = hi if hi < value else value
        elif order == FUSED:
            for c in range(COLUMNS):
                total = np.float32(np.int32(source[c] - np.int32(zero_point * row_sum[c])))
                value = fma32(np.float32(total * input_scale), filter_scale[c], bias[c])
                value = lo if value < lo else value
                line[c] = hi if hi < value else value
        else:
            for c in range(COLUMNS):
                total = np.float32(np.int32(source[c] - np.int32(zero_point * row_sum[c])))
                value = np.float32(np.float32(total * filter_scale[c]) * input_scale + bias[c])
                value = lo if value < lo else value
                line[c] = hi if hi < value else value
        at = out_at + r * out_step
        target = out[at : at + count]
        for c in range(count):
            target[c] = line[c]


@inline
def _multiply_scale(
    isa, panel, rows, w, group, folded, none, acc, row_sum, zero_points, scales, filter_scale, order, bias,
    lo, hi, line, out, out_at, out_step, channels,
):  # fmt: skip
    """A block of quantized rows times the panels of one group, scaled; row r goes to out[out_at + r * out_step:]."""
    _, panels, steps, _, per = w.shape
    lda = steps * per
    flat_w, flat_panel = w.reshape(-1), panel.reshape(-1)
    for p in range(panels):
        place = group * panels + p
        first = place * COLUMNS
        last = first + COLUMNS
        multiply_rows(isa, flat_panel, 0, lda, rows, flat_w, first * lda, steps, per, folded, first, none, acc)
        _scale_rows(
            acc, rows, row_sum[first:last], zero_points, scales, filter_scale[first:last], order, bias[first:last],
            lo, hi, min(COLUMNS, channels - p * COLUMNS), line, out, out_at + p * COLUMNS, out_step,
        )  # fmt: skip


@kernel
def gemm_hybrid(
    isa, x, flip, copies, w, folded, row_sum, filter_scale, bias, kind, order, lo, hi, row_begin, row_end,
    lanes, scales, zero_points, q, none, panel, acc, line, out,
):  # fmt: skip
    """out[m] = clamp(x[m] @ w.T + bias) for rows row_begin..row_end, each row quantized by itself.

    x86 builds of LiteRT multiply 16 elements at a time as |q| * (w with the sign of q), and -128 has no negative in
    int8: there a negative q counts as -128 * |q|. Filters that hold such weights come with further columns, which
    are multiplied with `copies` copies of min(q, 0) to make up the difference.

    Args:
        isa, flip: as in `gemm.gemm_requantize`.
        x: float32[M, K].
        w: int8 or int16 [1, P, steps, COLUMNS, per]; steps * per >= (copies + 1) * K.
        folded: int32[P * COLUMNS], -flip * the sums of w.
        row_sum: int32[P * COLUMNS], the sums over its first K columns.
        filter_scale, bias: float32[P * COLUMNS].
        kind: how rows are quantized, a constant of `hybrid_quantize`.
        order: how sums are scaled, SCALES_FIRST or FUSED.
        lo, hi: floats, may be infinite.
        lanes: scratch float32[2, LANES]. scales: scratch float32[ROW_BLOCK]. zero_points: scratch int32[ROW_BLOCK].
        q: scratch int8[K]. none: int32[ROW_BLOCK] of zeros. panel: scratch uint8 or int16 [ROW_BLOCK, steps * per].
        acc: scratch int32[ROW_BLOCK * COLUMNS]. line: scratch float32[COLUMNS].
        out: float32[M, N], written.

    Source: tflite/kernels/internal/optimized/sse_tensor_utils.cc
    """
    depth = x.shape[1]
    channels = out.shape[1]
    flat_out = out.reshape(-1)
    store = panel.dtype.type
    flip = store(flip)
    lo, hi = np.float32(lo), np.float32(hi)
    for row in range(row_begin, row_end, ROW_BLOCK):
        rows = min(ROW_BLOCK, row_end - row)
        for r in range(rows):
            scales[r], zero_points[r] = quantize_row(kind, x[row + r], lanes, q)
            target = panel[r]
            for k in range(depth):
                target[k] = store(store(q[k]) ^ flip)
            for k in range(depth, panel.shape[1]):
                target[k] = store(0)
            _append_negatives(target, depth, flip, copies)
        _multiply_scale(
            isa, panel, rows, w, 0, folded, none, acc, row_sum, zero_points, scales, filter_scale, order,
            bias, lo, hi, line, flat_out, row * channels, channels, channels,
        )  # fmt: skip


@kernel
def conv_hybrid(
    isa, x, flip, copies, w, folded, row_sum, filter_scale, bias, kind, order, kh, kw,
    stride_h, stride_w, dil_h, dil_w, pad_h, pad_w, lo, hi,
    lanes, scales, zero_points, q, none, panel, acc, line, out,
):  # fmt: skip
    """Convolution, each image quantized by itself; taps outside the image are the zero point.

    Args:
        x: float32[B, H, W, C].
        w: int8 or int16 [G, P, steps, COLUMNS, per] for G groups; steps * per >= (copies + 1) * kh * kw * C / G.
        order: SCALES_FIRST, FILTER_FIRST or FUSED.
        q: scratch int8[1, H, W, C].
        The rest as in `gemm_hybrid`, G times as much of what belongs to channels.
        out: float32[B, OH, OW, N], written.

    Source: tflite/kernels/conv.cc
    """
    batches, out_h, out_w, out_c = out.shape
    groups = w.shape[0]
    depth = x.shape[3] // groups
    channels = out_c // groups
    pixels = out_h * out_w
    flat_q, flat_out = q.reshape(-1), out.reshape(-1)
    store = panel.dtype.type
    flip = store(flip)
    lo, hi = np.float32(lo), np.float32(hi)
    for b in range(batches):
        scale, zero_point = quantize_row(kind, x[b].reshape(-1), lanes, flat_q)
        scales[:] = scale
        zero_points[:] = zero_point
        fill = store(store(zero_point) ^ flip)
        for pixel in range(0, pixels, ROW_BLOCK):
            rows = min(ROW_BLOCK, pixels - pixel)
            for g in range(groups):
                for r in range(rows):
                    gather(
                        flat_q, 0, q.shape[1], q.shape[2], depth * groups, (pixel + r) // out_w, (pixel + r) % out_w,
                        kh, kw, stride_h, stride_w, dil_h, dil_w, pad_h, pad_w, g * depth, depth, flip, fill, panel[r],
                    )  # fmt: skip
                    _append_negatives(panel[r], kh * kw * depth, flip, copies)
                _multiply_scale(
                    isa, panel, rows, w, g, folded, none, acc, row_sum, zero_points, scales, filter_scale, order,
                    bias, lo, hi, line, flat_out, (b * pixels + pixel) * out_c + g * channels, out_c, channels,
                )  # fmt: skip


@kernel
def depthwise_conv_hybrid(
    x, w, filter_scale, bias, order, stride_h, stride_w, dil_h, dil_w, pad_h, pad_w, lo, hi, lanes, q, acc, out
):
    """Depthwise convolution, each image quantized by itself with a zero point; taps outside are skipped.

    Args:
        x: float32[B, H, W, C]. w: int8[kh, kw, C * D]. filter_scale, bias: float32[C * D]. lo, hi: floats.
        order: SCALES_FIRST or BLOCKS_OF_4. lanes: scratch float32[2, LANES]. q: scratch int8[1, H, W, C].
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
                target = out[b, out_y, out_x]
                for c in range(out_c):
                    total = np.float32(acc[c])
                    if order == SCALES_FIRST:
                        product = np.float32(total * np.float32(scale * filter_scale[c]))
                    elif c < out_c // 4 * 4:
                        product = np.float32(np.float32(total * filter_scale[c]) * scale)
                    else:
                        product = np.float32(np.float32(total * scale) * filter_scale[c])
                    value = np.float32(product + bias[c])
                    value = lo if value < lo else value
                    target[c] = hi if hi < value else value
