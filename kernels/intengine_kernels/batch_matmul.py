"""Products of two computed matrices, both with K last: out[i, m, n] = sum over k of a[m, k] * b[n, k]."""

import numpy as np

from intengine_kernels.fixedpoint import mbqm, mbqm64
from intengine_kernels.jit import kernel
from intengine_kernels.requantize import INT64_15BIT


@kernel
def batch_matmul_requantize(
    a, b, from_a, from_b, a_zero_point, b_zero_point, multiplier, shift, scheme, zero_point, lo, hi, out
):
    """Integers: zero points taken off, the sum requantized.

    Args:
        a: int8 or int16 [*, M, K]. b: int8 or int16 [*, N, K]. from_a, from_b: int64[B], the batch each output reads.
        scheme: DOUBLE_ROUNDING with int32 sums, which wrap, or INT64_15BIT.
        out: int8 or int16 [B, M, N].
    """
    batches, rows, columns = out.shape
    depth = a.shape[2]
    store = out.dtype.type
    za, zb = np.int64(a_zero_point), np.int64(b_zero_point)
    multiplier, shift = np.int32(multiplier), np.int32(shift)
    zo, lo, hi = np.int32(zero_point), np.int32(lo), np.int32(hi)
    for i in range(batches):
        left, right = a[from_a[i]], b[from_b[i]]
        for m in range(rows):
            x = left[m]
            for n in range(columns):
                y = right[n]
                total = np.int64(0)
                for k in range(depth):
                    total += (np.int64(x[k]) - za) * (np.int64(y[k]) - zb)
                if scheme == INT64_15BIT:
                    value = np.int32(mbqm64(total, multiplier, shift) + zo)
                else:
                    value = np.int32(mbqm(np.int32(total), multiplier, shift) + zo)
                out[i, m, n] = store(min(max(value, lo), hi))


@kernel
def batch_matmul_float(a, b, from_a, from_b, out):
    """float32, each sum in the order of k, rounded at every step. Args as in `batch_matmul_requantize`."""
    batches, rows, columns = out.shape
    depth = a.shape[2]
    for i in range(batches):
        left, right = a[from_a[i]], b[from_b[i]]
        for m in range(rows):
            x = left[m]
            for n in range(columns):
                y = right[n]
                total = np.float32(0)
                for k in range(depth):
                    total = np.float32(total + np.float32(x[k] * y[k]))
                out[i, m, n] = total
