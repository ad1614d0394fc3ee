"""Products of int8 with filters stored in blocks of 1 x 16, as x86 builds of LiteRT add them up: halves in int16."""

import numpy as np

from intengine_kernels.jit import kernel
from intengine_kernels.requantize import requantize_row

#: Columns of a block, and of the half that is added to the other half in int16.
BLOCK, HALF = 16, 8


@kernel
def gemm_blocks(x, x_zero_point, w, row_sum, bias, multiplier, shift, scale, scheme, zero_point, lo, hi, acc, out):
    """out[m, n] = clamp(requantize(bias[n] + sum over k of (x[m, k] - x_zero_point) * w[n, k]) + zero_point).

    The products of columns k and k + 8 of a block are added in int16, which wraps if all four factors are -128.

    Args:
        x: int8[M, K]. x_zero_point: int. w: int8[N, K], K a multiple of BLOCK.
        row_sum: int32[N], sums of w. bias: int32[N].
        multiplier, shift, scale, scheme, zero_point, lo, hi: see `requantize_row`.
        acc: scratch int32[N].
        out: int8[M, N], written.

    Source: tflite/kernels/internal/optimized/neon_tensor_utils.cc
    """
    rows, depth = x.shape
    offset = np.int32(x_zero_point)
    for m in range(rows):
        source = x[m]
        for n in range(w.shape[0]):
            factors = w[n]
            total = np.int32(bias[n] - np.int32(offset * row_sum[n]))
            for block in range(0, depth, BLOCK):
                for k in range(block, block + HALF):
                    low = np.int32(source[k]) * np.int32(factors[k])
                    high = np.int32(source[k + HALF]) * np.int32(factors[k + HALF])
                    total = np.int32(total + np.int32(np.int16(low + high)))
            acc[n] = total
        requantize_row(acc, multiplier, shift, scale, scheme, zero_point, lo, hi, out[m])
