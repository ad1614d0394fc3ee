"""FULLY_CONNECTED of float32 with packed int4 weights, as LiteRT's optimized kernel computes it on x86.

Weights are stored as e = w + 7, so the sum of 7 * q is taken off again, in float32:

q = round(x * 127 / max|x|), one scale s for each row
out = clamp((bias + float32(-7 * sum q) * s * s_w) + float32(sum e * q) * s * s_w), rounded after every step
"""

import numpy as np

from intengine_kernels.fixedpoint import round_half_away
from intengine_kernels.gemm import multiply_rows
from intengine_kernels.isa import COLUMNS, ROW_BLOCK
from intengine_kernels.jit import inline, kernel

#: What is added to a weight so that its nibble has no sign.
OFFSET = 7


@inline
def quantize_nearest(x, q):
    """q = round(x * 127 / max|x|), halves away from zero; 0 where the product is not finite.

    Args: x float32[n], q int8[n], written.
    Returns: (scale float32, sum of q int32).
    """
    reach = np.float32(0.0)
    for i in range(x.shape[0]):
        size = abs(x[i])
        reach = size if reach < size else reach
    if reach == np.float32(0.0):
        reach = np.float32(127.0)
    inverse = np.float32(np.float32(127.0) / reach)
    total = np.int32(0)
    for i in range(x.shape[0]):
        value = np.float32(x[i] * inverse)
        # Anything beyond the range comes from an infinite inverse or input, which x86 converts to 0.
        nearest = round_half_away(np.float64(value)) if abs(value) < np.float32(128.0) else np.float64(0.0)
        q[i] = np.int8(nearest)
        total = np.int32(total + np.int32(q[i]))
    return np.float32(reach / np.float32(127.0)), total


@kernel
def gemm_hybrid_int4(
    isa, x, flip, w, folded, filter_scale, bias, lo, hi, row_begin, row_end,
    scales, sums, q, none, panel, acc, out,
):  # fmt: skip
    """out[m] = clamp(bias + x[m] @ (w - 7).T) for rows row_begin..row_end, each row quantized by itself.

    Args:
        isa, flip: as in `gemm.gemm_requantize`.
        x: float32[M, K].
        w: int8 or int16 [1, P, steps, COLUMNS, per], values 0..15; steps * per >= K.
        folded: int32[P * COLUMNS], -flip * the sums of w.
        filter_scale, bias: float32[P * COLUMNS]; -0.0 stands for an absent bias.
        lo, hi: floats, may be infinite.
        scales: scratch float32[ROW_BLOCK]. sums: scratch int32[ROW_BLOCK]. q: scratch int8[K].
        none: int32[ROW_BLOCK] of zeros. panel: scratch uint8 or int16 [ROW_BLOCK, steps * per].
        acc: scratch int32[ROW_BLOCK * COLUMNS].
        out: float32[M, N], written.

    Source: tflite/kernels/internal/optimized/4bit/sse_fully_connected.cc
    """
    depth = x.shape[1]
    channels = out.shape[1]
    _, panels, steps, _, per = w.shape
    lda = steps * per
    flat_w, flat_panel = w.reshape(-1), panel.reshape(-1)
    store = panel.dtype.type
    flip = store(flip)
    lo, hi = np.float32(lo), np.float32(hi)
    for row in range(row_begin, row_end, ROW_BLOCK):
        rows = min(ROW_BLOCK, row_end - row)
        for r in range(rows):
            scales[r], sums[r] = quantize_nearest(x[row + r], q)
            target = panel[r]
            for k in range(depth):
                target[k] = store(store(q[k]) ^ flip)
            for k in range(depth, lda):
                target[k] = store(0)
        for p in range(panels):
            first = p * COLUMNS
            count = min(COLUMNS, channels - first)
            multiply_rows(
                isa, count, flat_panel, 0, lda, rows, flat_w, first * lda, steps, per, folded, first, none, acc
            )  # fmt: skip
            for r in range(rows):
                scale = scales[r]
                offset = np.float32(np.float32(np.int32(sums[r] * np.int32(-OFFSET))) * scale)
                for c in range(count):
                    start = np.float32(np.float32(offset * filter_scale[first + c]) + bias[first + c])
                    product = np.float32(np.float32(acc[r * COLUMNS + c]) * scale)
                    value = np.float32(start + np.float32(product * filter_scale[first + c]))
                    value = lo if value < lo else value
                    out[row + r, first + c] = hi if hi < value else value
