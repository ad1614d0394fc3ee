"""float32 products of a matrix with vectors, summed as LiteRT's recurrent operators do on x86: in four lanes."""

import numpy as np

from intengine_kernels.jit import inline, kernel


@inline
def add_dot(start, a, b):
    """start + the sum of a[k] * b[k], without FMA: four partial sums added in order, then each product behind them.

    Source: tflite/kernels/internal/optimized/neon_tensor_utils.cc, through SSE
    """
    n = a.shape[0]
    whole = n - n % 4
    s0, s1, s2, s3 = np.float32(0.0), np.float32(0.0), np.float32(0.0), np.float32(0.0)
    for k in range(0, whole, 4):
        s0 = np.float32(s0 + np.float32(a[k] * b[k]))
        s1 = np.float32(s1 + np.float32(a[k + 1] * b[k + 1]))
        s2 = np.float32(s2 + np.float32(a[k + 2] * b[k + 2]))
        s3 = np.float32(s3 + np.float32(a[k + 3] * b[k + 3]))
    total = start
    if whole:
        total = np.float32(total + np.float32(np.float32(np.float32(s0 + s1) + s2) + s3))
    for k in range(whole, n):
        total = np.float32(total + np.float32(a[k] * b[k]))
    return total


@kernel
def accumulate_lanes(x, w, out):
    """out[m, n] += the sum of x[m] * w[n]. x: float32[M, K]. w: float32[N, K]. out: float32[M, N]."""
    for m in range(out.shape[0]):
        for n in range(out.shape[1]):
            out[m, n] = add_dot(out[m, n], w[n], x[m])
