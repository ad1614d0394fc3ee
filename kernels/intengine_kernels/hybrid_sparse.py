"""Hybrid products with filters that are stored sparse and inputs that have a zero point: another order of roundings.

q = quantize(x) with scale s and zero point z, one pair for each row
out = clamp(bias - s * z * s_w * sum(w) + sum(q * w) * s * s_w), rounded to float32 after every product and sum
"""

import numpy as np

from intengine_kernels.hybrid_quantize import quantize_asymmetric
from intengine_kernels.jit import kernel


@kernel
def gemm_hybrid_sparse(x, w, negatives, row_sum, filter_scale, per_channel, bias, lo, hi, lanes, q, out):
    """out[m] = clamp(x[m] @ w.T + bias), each row quantized by itself.

    Args:
        x: float32[M, K]. w: int8[N, K], zeros where nothing is stored.
        negatives: int8[N, K], 1 where the product with a negative q is taken with the sign of q twice; see
            `hybrid.gemm_hybrid`.
        row_sum: int32[N], sums of w.
        filter_scale, bias: float32[N]. per_channel: whether the filter's scales are applied after the zero point.
        lo, hi: floats, may be infinite.
        lanes: scratch float32[2, LANES]. q: scratch int8[K].
        out: float32[M, N], written.

    Source: tflite/kernels/fully_connected.cc, tflite/kernels/internal/optimized/sse_tensor_utils.cc
    """
    rows, depth = x.shape
    channels = w.shape[0]
    lo, hi = np.float32(lo), np.float32(hi)
    for m in range(rows):
        scale, zero_point = quantize_asymmetric(x[m], lanes, q)
        for c in range(channels):
            factors, wrong = w[c], negatives[c]
            total = np.int32(0)
            for k in range(depth):
                value = np.int32(q[k])
                total = np.int32(total + np.int32(value * np.int32(factors[k])))
                total = np.int32(total + np.int32(np.int32(256) * np.int32(min(value, np.int32(0)) * wrong[k])))
            if per_channel:
                both = np.float32(filter_scale[c] * scale)
                offset = np.float32(np.float32(scale * np.float32(zero_point)) * filter_scale[c])
            else:
                both = np.float32(scale * filter_scale[c])
                offset = np.float32(both * np.float32(zero_point))
            value32 = np.float32(bias[c] - np.float32(offset * np.float32(row_sum[c])))
            value32 = np.float32(value32 + np.float32(np.float32(total) * both))
            value32 = lo if value32 < lo else value32
            out[m, c] = hi if hi < value32 else value32
