"""Products with int16 activations whose sums need int64 at every step: int16 weights, or weights with a zero point."""

import numpy as np

from intengine_kernels.jit import kernel
from intengine_kernels.requantize import requantize_row


@kernel
def gemm_int16(x, w, w_zero_point, bias, wraps, multiplier, shift, scale, scheme, lo, hi, acc, out):
    """out[m, n] = clamp(requantize(bias[n] + sum over k of x[m, k] * (w[n, k] - w_zero_point))).

    Args:
        x: int16[M, K]. w: int8 or int16 [N, K]. w_zero_point: int.
        bias: int64[N]. wraps: whether sums wrap to int32.
        multiplier, shift: int32[N]. scale: float64[N]. scheme, lo, hi: ints; see `requantize_row`.
        acc: scratch int64[N].
        out: int16[M, N], written.

    Source: tflite/kernels/fully_connected.cc
    """
    rows, depth = x.shape
    zero_point = np.int64(w_zero_point)
    for m in range(rows):
        source = x[m]
        for n in range(w.shape[0]):
            factors = w[n]
            total = np.int64(0)
            for k in range(depth):
                total += np.int64(source[k]) * (np.int64(factors[k]) - zero_point)
            total += bias[n]
            acc[n] = np.int64(np.int32(total)) if wraps else total
        requantize_row(acc, multiplier, shift, scale, scheme, 0, lo, hi, out[m])
