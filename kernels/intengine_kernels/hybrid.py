"""Hybrid products: float32 activations quantized on the fly, integer weights, float32 results.

q = quantize(x) with scale s and zero point z, one pair for each row or image
out = clamp(float32(sum w * (q - z)) scaled by s and the filter's scale, + bias)
"""

import numpy as np

from intengine_kernels.gemm import multiply
from intengine_kernels.hybrid_image import scaling_of
from intengine_kernels.hybrid_quantize import quantize_row
from intengine_kernels.isa import COLUMNS, ROW_BLOCK
from intengine_kernels.isa.hybrid_lanes import FILTER_FIRST, FUSED, SCALES_FIRST, make_scale
from intengine_kernels.isa.vectors import LANES
from intengine_kernels.jit import inline, kernel

#: Of rows that lie in one piece.
_ORIGIN = np.zeros(1, np.int64)

_scales_first, _filter_first, _fused = make_scale(SCALES_FIRST), make_scale(FILTER_FIRST), make_scale(FUSED)


@inline
def _flip_run(q, at, count, flip, target, to):
    """target[to : to + count] = q[at : at + count] with the top bit flipped if `flip` says so."""
    store = target.dtype.type
    # Slices, because an index that may be negative keeps a loop from vectorizing.
    source, place = q[at : at + count], target[to : to + count]
    for i in range(count):
        place[i] = store(store(source[i]) ^ flip)


@inline
def _append_negatives(panel, at, depth, flip, copies):
    """`depth` elements from `at` on are followed by `copies` times min(element, 0), all with their top bit flipped."""
    source = panel[at : at + depth]
    for copy in range(1, copies + 1):
        target = panel[at + copy * depth : at + (copy + 1) * depth]
        for k in range(depth):
            target[k] = min(source[k], flip)


@inline
def scale_rows(
    order, acc, rows, zero_points, scales, row_sum, filter_scale, bias, channel, lo, hi, out, out_at, out_step, count
):  # fmt: skip
    """Rows of `count` sums, COLUMNS apart, scaled in that order; row r goes to out[out_at + r * out_step:].

    Args: zero_points, scales: of each row. row_sum, filter_scale, bias: read from `channel` on.
    """
    for n in range(0, count, LANES):
        c, left, to = channel + n, count - n, out_at + n
        if order == SCALES_FIRST:
            for r in range(rows):
                _scales_first(
                    acc, r * COLUMNS + n, zero_points[r], scales[r], row_sum, filter_scale, bias, c, lo, hi,
                    out, to + r * out_step, left,
                )  # fmt: skip
        elif order == FUSED:
            for r in range(rows):
                _fused(
                    acc, r * COLUMNS + n, zero_points[r], scales[r], row_sum, filter_scale, bias, c, lo, hi,
                    out, to + r * out_step, left,
                )  # fmt: skip
        else:
            for r in range(rows):
                _filter_first(
                    acc, r * COLUMNS + n, zero_points[r], scales[r], row_sum, filter_scale, bias, c, lo, hi,
                    out, to + r * out_step, left,
                )  # fmt: skip


@inline
def _multiply_scale(
    isa, rows_of, at, lda, rows, offsets, segments, w, group, folded, none, acc, row_sum, zero_points, scales,
    filter_scale, order, bias, lo, hi, out, out_at, out_step, channels,
):  # fmt: skip
    """Rows of quantized elements times the panels of one group, scaled; row r goes to out[out_at + r * out_step:].

    Args: rows_of, at, lda, offsets, segments: as in `gemm.multiply`; each group has its own offsets.
    """
    _, panels, steps, _, per = w.shape
    flat_w, size = w.reshape(-1), steps * per
    first_offset = min(group * segments, offsets.shape[0] - segments)
    for p in range(panels):
        first = (group * panels + p) * COLUMNS
        count = min(COLUMNS, channels - p * COLUMNS)
        multiply(
            isa, count, rows_of, at, lda, rows, offsets, first_offset, segments, steps // segments, 0, per,
            flat_w, first * size, folded, first, none, acc,
        )  # fmt: skip
        scale_rows(
            order, acc, rows, zero_points, scales, row_sum, filter_scale, bias, first, lo, hi,
            out, out_at + p * COLUMNS, out_step, count,
        )  # fmt: skip


@kernel
def gemm_hybrid(
    isa, x, flip, copies, w, folded, row_sum, filter_scale, bias, kind, order, lo, hi, row_begin, row_end,
    lanes, scales, zero_points, q, none, panel, acc, out,
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
        q: scratch int8[K]. none: int32[ROW_BLOCK] of zeros.
        panel: scratch uint8 or int16 [>= ROW_BLOCK * steps * per].
        acc: scratch int32[ROW_BLOCK * COLUMNS].
        out: float32[M, N], written.

    Source: tflite/kernels/internal/optimized/sse_tensor_utils.cc
    """
    depth = x.shape[1]
    channels = out.shape[1]
    lda = w.shape[2] * w.shape[4]
    flat_out = out.reshape(-1)
    flip = panel.dtype.type(flip)
    lo, hi = np.float32(lo), np.float32(hi)
    for row in range(row_begin, row_end, ROW_BLOCK):
        rows = min(ROW_BLOCK, row_end - row)
        for r in range(rows):
            scales[r], zero_points[r] = quantize_row(kind, x[row + r], lanes, q)
            # Columns behind the last one meet weights that are 0.
            _flip_run(q, 0, depth, flip, panel, r * lda)
            _append_negatives(panel, r * lda, depth, flip, copies)
        _multiply_scale(
            isa, panel, 0, lda, rows, _ORIGIN, 1, w, 0, folded, none, acc, row_sum, zero_points, scales, filter_scale,
            order, bias, lo, hi, flat_out, row * channels, channels, channels,
        )  # fmt: skip


@kernel
def conv_hybrid(
    isa, image, in_c, flip, copies, w, folded, row_sum, filter_scale, bias, order, offsets, length, span, columns,
    stride_h, stride_w, lo, hi, row_begin, row_end,
    kind, bounds, scales, zero_points, none, panel, acc, strip, out,
):  # fmt: skip
    """Convolution of output rows row_begin..row_end of one image.

    Args:
        image: its number. in_c: C of float32[B, H, W, C].
        w: int8 or int16 [G, P, steps, COLUMNS, per] for G groups: the segments of a window, each filled up to whole
            steps; with `copies`, all of its taps and the copies of them in one segment.
        order: SCALES_FIRST, FILTER_FIRST or FUSED.
        offsets: int64[G * S], where the S segments of a window start, from a pixel in a strip of `columns` columns.
        length: elements of a segment. span: rows that the window reaches over.
        kind: a constant of `hybrid_quantize`. bounds: float32[parts, 2], what `find_range` has found.
        scales, zero_points: scratch float32[ROW_BLOCK], int32[ROW_BLOCK].
        strip: like panel, all of the image that windows reach, and what the last step reads behind it.
        The rest as in `gemm_hybrid`, G times as much of what belongs to channels.
        out: float32[B, OH, OW, N], written.

    Source: tflite/kernels/conv.cc
    """
    _, out_h, out_w, out_c = out.shape
    groups = w.shape[0]
    segments, lda, channels = offsets.shape[0] // groups, w.shape[2] * w.shape[4], out_c // groups
    flat_out = out.reshape(-1)
    flip = panel.dtype.type(flip)
    lo, hi = np.float32(lo), np.float32(hi)
    scale, _, zero_point = scaling_of(kind, bounds)
    scales[:] = scale
    zero_points[:] = zero_point
    # Windows of one column and row follow each other through the whole image.
    whole = columns == out_w and span == stride_h == stride_w == 1
    some = (row_end - row_begin) * out_w if whole else out_w
    for y in range(row_begin, row_begin + 1 if whole else row_end):
        for first in range(0, some, ROW_BLOCK):
            rows = min(ROW_BLOCK, some - first)
            at, step = (y * stride_h * columns + first * stride_w) * in_c, stride_w * in_c
            to = ((image * out_h + y) * out_w + first) * out_c
            for g in range(groups):
                if copies == 0:
                    _multiply_scale(
                        isa, strip, at, step, rows, offsets, segments, w, g, folded, none, acc, row_sum,
                        zero_points, scales, filter_scale, order, bias, lo, hi,
                        flat_out, to + g * channels, out_c, channels,
                    )  # fmt: skip
                    continue
                for r in range(rows):
                    for s in range(segments):
                        here = at + r * step + offsets[g * segments + s]
                        place = r * lda + s * length
                        for k in range(length):
                            panel[place + k] = strip[here + k]
                    _append_negatives(panel, r * lda, segments * length, flip, copies)
                _multiply_scale(
                    isa, panel, 0, lda, rows, _ORIGIN, 1, w, g, folded, none, acc, row_sum, zero_points, scales,
                    filter_scale, order, bias, lo, hi, flat_out, to + g * channels, out_c, channels,
                )  # fmt: skip


@kernel
def depthwise_conv_hybrid(
    image, q, height, width, w, filter_scale, bias, order, stride_h, stride_w, dil_h, dil_w, pad_h, pad_w, lo, hi,
    row_begin, row_end, kind, bounds, acc, out,
):  # fmt: skip
    """Depthwise convolution of output rows row_begin..row_end of one image; taps outside are skipped.

    Args:
        image: its number. q: int8[H * W * C], the image.
        w: int8[kh, kw, C * D]. filter_scale, bias: float32[C * D]. lo, hi: floats.
        order: SCALES_FIRST or BLOCKS_OF_4.
        kind: a constant of `hybrid_quantize`. bounds: float32[parts, 2], what `find_range` has found.
        acc: scratch int32[C * D].
        out: float32[B, OH, OW, C * D], written.

    Source: tflite/kernels/internal/reference/integer_ops/depthwise_conv.h
    """
    kh, kw, out_c = w.shape
    channels = q.shape[0] // (height * width)
    out_w = out.shape[2]
    multiplier = out_c // channels
    lo, hi = np.float32(lo), np.float32(hi)
    scale, _, zero_point = scaling_of(kind, bounds)
    for out_y in range(row_begin, row_end):
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
                    at = (y * width + column) * channels
                    taps = q[at : at + channels]
                    factors = w[ky, kx]
                    if multiplier == 1:
                        for c in range(out_c):
                            tap = np.int32(np.int32(taps[c]) - zero_point)
                            acc[c] = np.int32(acc[c] + np.int32(tap * np.int32(factors[c])))
                    else:
                        for c in range(channels):
                            tap = np.int32(np.int32(taps[c]) - zero_point)
                            for d in range(multiplier):
                                place = c * multiplier + d
                                acc[place] = np.int32(acc[place] + np.int32(tap * np.int32(factors[place])))
            target = out[image, out_y, out_x]
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
