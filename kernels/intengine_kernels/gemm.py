"""Integer matrix product of activations [M, K] and packed weights [N, K], requantized block by block.

The zero point of the input is folded into the bias by the caller (acc = sum w*x - z*sum w, exact modulo 2**32).
"""

import numpy as np

from intengine_kernels.jit import inline, kernel
from intengine_kernels.requantize import requantize_row

#: Columns of the packed weights come in multiples of this; the rest is zero.
COLUMNS = 4
#: Rows that are accumulated before they are requantized, while still in cache.
ROW_BLOCK = 16


@inline
def _accumulate_4x4(a, row, w, col, k0, k1, acc, at):
    """acc[at : at + 4, col : col + 4] += a[row : row + 4, k0:k1] @ w[col : col + 4, k0:k1].T, in int32."""
    # Slices start at 0, so that no index can be negative and the loop vectorizes.
    x0 = a[row, k0:k1]
    x1 = a[row + 1, k0:k1]
    x2 = a[row + 2, k0:k1]
    x3 = a[row + 3, k0:k1]
    w0 = w[col, k0:k1]
    w1 = w[col + 1, k0:k1]
    w2 = w[col + 2, k0:k1]
    w3 = w[col + 3, k0:k1]
    s00 = s01 = s02 = s03 = np.int32(0)
    s10 = s11 = s12 = s13 = np.int32(0)
    s20 = s21 = s22 = s23 = np.int32(0)
    s30 = s31 = s32 = s33 = np.int32(0)
    for k in range(x0.shape[0]):
        a0 = np.int32(x0[k])
        a1 = np.int32(x1[k])
        a2 = np.int32(x2[k])
        a3 = np.int32(x3[k])
        b0 = np.int32(w0[k])
        b1 = np.int32(w1[k])
        b2 = np.int32(w2[k])
        b3 = np.int32(w3[k])
        s00 = np.int32(s00 + np.int32(a0 * b0))
        s01 = np.int32(s01 + np.int32(a0 * b1))
        s02 = np.int32(s02 + np.int32(a0 * b2))
        s03 = np.int32(s03 + np.int32(a0 * b3))
        s10 = np.int32(s10 + np.int32(a1 * b0))
        s11 = np.int32(s11 + np.int32(a1 * b1))
        s12 = np.int32(s12 + np.int32(a1 * b2))
        s13 = np.int32(s13 + np.int32(a1 * b3))
        s20 = np.int32(s20 + np.int32(a2 * b0))
        s21 = np.int32(s21 + np.int32(a2 * b1))
        s22 = np.int32(s22 + np.int32(a2 * b2))
        s23 = np.int32(s23 + np.int32(a2 * b3))
        s30 = np.int32(s30 + np.int32(a3 * b0))
        s31 = np.int32(s31 + np.int32(a3 * b1))
        s32 = np.int32(s32 + np.int32(a3 * b2))
        s33 = np.int32(s33 + np.int32(a3 * b3))
    wide = acc.dtype.type
    acc[at, col] = wide(acc[at, col] + wide(s00))
    acc[at, col + 1] = wide(acc[at, col + 1] + wide(s01))
    acc[at, col + 2] = wide(acc[at, col + 2] + wide(s02))
    acc[at, col + 3] = wide(acc[at, col + 3] + wide(s03))
    acc[at + 1, col] = wide(acc[at + 1, col] + wide(s10))
    acc[at + 1, col + 1] = wide(acc[at + 1, col + 1] + wide(s11))
    acc[at + 1, col + 2] = wide(acc[at + 1, col + 2] + wide(s12))
    acc[at + 1, col + 3] = wide(acc[at + 1, col + 3] + wide(s13))
    acc[at + 2, col] = wide(acc[at + 2, col] + wide(s20))
    acc[at + 2, col + 1] = wide(acc[at + 2, col + 1] + wide(s21))
    acc[at + 2, col + 2] = wide(acc[at + 2, col + 2] + wide(s22))
    acc[at + 2, col + 3] = wide(acc[at + 2, col + 3] + wide(s23))
    acc[at + 3, col] = wide(acc[at + 3, col] + wide(s30))
    acc[at + 3, col + 1] = wide(acc[at + 3, col + 1] + wide(s31))
    acc[at + 3, col + 2] = wide(acc[at + 3, col + 2] + wide(s32))
    acc[at + 3, col + 3] = wide(acc[at + 3, col + 3] + wide(s33))


@inline
def _accumulate_1x4(a, row, w, col, k0, k1, acc, at):
    """acc[at : at + 1, col : col + 4] += a[row : row + 1, k0:k1] @ w[col : col + 4, k0:k1].T, in int32."""
    # Slices start at 0, so that no index can be negative and the loop vectorizes.
    x0 = a[row, k0:k1]
    w0 = w[col, k0:k1]
    w1 = w[col + 1, k0:k1]
    w2 = w[col + 2, k0:k1]
    w3 = w[col + 3, k0:k1]
    s00 = s01 = s02 = s03 = np.int32(0)
    for k in range(x0.shape[0]):
        a0 = np.int32(x0[k])
        b0 = np.int32(w0[k])
        b1 = np.int32(w1[k])
        b2 = np.int32(w2[k])
        b3 = np.int32(w3[k])
        s00 = np.int32(s00 + np.int32(a0 * b0))
        s01 = np.int32(s01 + np.int32(a0 * b1))
        s02 = np.int32(s02 + np.int32(a0 * b2))
        s03 = np.int32(s03 + np.int32(a0 * b3))
    wide = acc.dtype.type
    acc[at, col] = wide(acc[at, col] + wide(s00))
    acc[at, col + 1] = wide(acc[at, col + 1] + wide(s01))
    acc[at, col + 2] = wide(acc[at, col + 2] + wide(s02))
    acc[at, col + 3] = wide(acc[at, col + 3] + wide(s03))


@inline
def accumulate(a, row, rows, w, bias, k_chunk, acc):
    """acc[i] = bias + a[row + i] @ w.T for 0 <= i < rows.

    Args:
        a: int8, uint8 or int16 [M, K].
        w: int8 or int16 [N4, K], N4 a multiple of COLUMNS.
        bias: int32[N4] or int64[N4], the type of the accumulator.
        k_chunk: products that are summed in int32 before they go into acc; K where int32 wraps as wanted, and for
            int64 few enough that int32 cannot overflow.
        acc: int32 or int64 [ROW_BLOCK, N4], written.
    """
    columns, depth = w.shape
    for i in range(rows):
        for n in range(columns):
            acc[i, n] = bias[n]
    for k0 in range(0, depth, k_chunk):
        k1 = min(k0 + k_chunk, depth)
        i = 0
        while i + 4 <= rows:
            for col in range(0, columns, COLUMNS):
                _accumulate_4x4(a, row + i, w, col, k0, k1, acc, i)
            i += 4
        while i < rows:
            for col in range(0, columns, COLUMNS):
                _accumulate_1x4(a, row + i, w, col, k0, k1, acc, i)
            i += 1


@kernel
def gemm_requantize(
    a, w, bias, k_chunk, multiplier, shift, scale, scheme, zero_point, lo, hi, row_begin, row_end, acc, out
):
    """out[m] = requantize(bias + a[m] @ w.T) for rows row_begin..row_end.

    Args as in `accumulate` and `requantize_row`; out is [M, N] with N <= N4, acc is scratch.
    """
    columns = out.shape[1]
    for row in range(row_begin, row_end, ROW_BLOCK):
        rows = min(ROW_BLOCK, row_end - row)
        accumulate(a, row, rows, w, bias, k_chunk, acc)
        for i in range(rows):
            requantize_row(
                acc[i, :columns], multiplier, shift, scale, scheme, zero_point, lo, hi, out[row + i]
            )
