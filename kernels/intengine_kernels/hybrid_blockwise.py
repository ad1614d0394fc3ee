"""Hybrid products with weights in blocks along the inner axis, each block with its own scale.

q = quantize(x) with scale s and zero point z, one pair for each row
out = s * (sum over blocks (sum q * w) * s_block - z * sum over blocks s_block * (sum w)) + bias
"""

import numpy as np

from intengine_kernels.hybrid_quantize import quantize_asymmetric
from intengine_kernels.jit import kernel


@kernel
def gemm_hybrid_blockwise(x, w, block, scales, bias, lanes, q, out):
    """out[m] = x[m] @ (w * scales).T + bias, each row quantized by itself, float32 rounded at every step.

    Inside a block the sum is a float32 rounded towards zero to int32 after every term, as exact as int32 below 2**24.

    Args:
        x: float32[M, K]. w: int8[N, K]. block: int, elements of a block; what is left of K does not count.
        scales: float32[N, K // block]. bias: float32[N].
        lanes: scratch float32[2, LANES]. q: scratch int8[K].
        out: float32[M, N], written.

    Source: tflite/kernels/fully_connected.cc
    """
    channels, blocks = scales.shape
    for m in range(x.shape[0]):
        scale, zero_point = quantize_asymmetric(x[m], lanes, q)
        for c in range(channels):
            total, sums = np.float32(0), np.float32(0)
            for b in range(blocks):
                dot, row_sum = np.int32(0), np.int32(0)
                for k in range(b * block, (b + 1) * block):
                    factor = np.int32(w[c, k])
                    row_sum = np.int32(row_sum + factor)
                    dot = np.int32(np.float32(dot) + np.float32(np.int32(q[k]) * factor))
                total = np.float32(total + np.float32(np.float32(dot) * scales[c, b]))
                sums = np.float32(sums + np.float32(scales[c, b] * np.float32(row_sum)))
            total = np.float32(total - np.float32(np.float32(zero_point) * sums))
            out[m, c] = np.float32(np.float32(total * scale) + bias[c])
