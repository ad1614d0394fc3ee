"""Products of two computed matrices, both with K last: out[i, m, n] = sum over k of a[m, k] * b[n, k]."""

import numpy as np

from intengine_kernels.jit import kernel
from intengine_kernels.requantize import requantize_row


@kernel
def batch_matmul_requantize(
    a, b, from_a, from_b, a_zero_point, b_zero_point, multiplier, shift, scale, scheme, zero_point, lo, hi, acc, out
):
    """Integers: zero points taken off, the sum requantized; schemes of int32 accumulators wrap it.

    Args:
        a: int8 or int16 [*, M, K]. b: int8 or int16 [*, N, K]. from_a, from_b: int64[B], the batch each output reads.
        multiplier, shift, scale: [N]; see `requantize_row` for these and what follows.
        acc: scratch [N], int32 for int8, whose sums wrap as all schemes for them do, and int64 for int16, whose
            zero points are 0.
        out: int8 or int16 [B, M, N], written.
    """
    batches, rows, columns = out.shape
    depth = a.shape[2]
    za, zb = np.int32(a_zero_point), np.int32(b_zero_point)
    wide = acc.dtype.type
    for i in range(batches):
        left, right = a[from_a[i]], b[from_b[i]]
        for m in range(rows):
            x = left[m]
            for n in range(columns):
                y = right[n]
                total = wide(0)
                for k in range(depth):
                    product = np.int32(np.int32(np.int32(x[k]) - za) * np.int32(np.int32(y[k]) - zb))
                    total = wide(total + wide(product))
                acc[n] = total
            requantize_row(acc, multiplier, shift, scale, scheme, zero_point, lo, hi, out[i, m])


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
