"""Products of two computed matrices, both with K last: float32 quantized on the fly, times int8; and int8 to int32."""

import numpy as np

from intengine_kernels.hybrid_quantize import quantize_asymmetric, quantize_symmetric
from intengine_kernels.jit import inline, kernel


@inline
def _lane_sum(row, lanes):
    """Sum of int8[K] as x86 builds add it up: in int16 lanes, which can wrap where K is above 2064.

    Lane j takes elements 2 * j and 2 * j + 1 of each 16, and element j of 8 more; the last ones are added in int32.

    Args: row int8[K], lanes scratch int16[8].
    """
    depth = row.shape[0]
    whole, most = depth // 16 * 16, depth // 8 * 8
    lanes[:] = np.int16(0)
    for at in range(0, whole, 16):
        for j in range(8):
            pair = np.int32(row[at + 2 * j]) + np.int32(row[at + 2 * j + 1])
            lanes[j] = np.int16(np.int32(lanes[j]) + pair)
    for k in range(whole, most):
        lanes[k - whole] = np.int16(np.int32(lanes[k - whole]) + np.int32(row[k]))
    total = np.int32(0)
    for j in range(8):
        total = np.int32(total + np.int32(lanes[j]))
    for k in range(most, depth):
        total = np.int32(total + np.int32(row[k]))
    return total


@kernel
def batch_matmul_int32(a, b, from_a, from_b, out):
    """out[i, m, n] = sum over k of a[from_a[i], m, k] * b[from_b[i], n, k]; int32, wraps.

    Args:
        a: int8[*, M, K]. b: int8[*, N, K]. from_a, from_b: int64[B], the batch each output reads.
        out: int32[B, M, N], written.

    Source: tflite/kernels/internal/reference/batch_matmul.h
    """
    batches, rows, columns = out.shape
    for i in range(batches):
        left, right = a[from_a[i]], b[from_b[i]]
        for m in range(rows):
            x = left[m]
            for n in range(columns):
                y = right[n]
                total = np.int32(0)
                for k in range(a.shape[2]):
                    total = np.int32(total + np.int32(np.int32(x[k]) * np.int32(y[k])))
                out[i, m, n] = total


@kernel
def batch_matmul_hybrid(
    a, b, from_a, from_b, scale_row, sum_row, filter_scale, asymmetric, lanes, sum_lanes,
    scales, zero_points, sums, q, out,
):  # fmt: skip
    """out[i, m, n] = float32(sum over k of (q - z) * b) * (s * s_b), the row m of a quantized to q with s and z.

    sum over k = float32(sum q * b) - float32(z) * float32(`_lane_sum` of b), rounded to float32 after the product and
    the difference, and then towards zero to int32.

    Args:
        a: float32[*, M, K]. b: int8[*, N, K]. from_a, from_b: int64[B], the batch each output reads.
        scale_row: int64[B], the row of all rows of a whose scale and zero point row 0 of an output batch takes.
        sum_row: int64[B], the row of all rows of b whose sum column 0 of an output batch takes.
        filter_scale: float32[N]. asymmetric: whether q has a zero point.
        lanes: scratch float32[2, LANES]. sum_lanes: scratch int16[8].
        scales: scratch float32, zero_points: scratch int32, one for each row of a.
        sums: scratch int32, one for each row of b. q: scratch int8, of the shape of a.
        out: float32[B, M, N], written.

    Source: tflite/kernels/batch_matmul.cc, tflite/kernels/internal/reference/batch_matmul.h
    """
    batches, rows, columns = out.shape
    depth = a.shape[2]
    for r in range(a.shape[0] * a.shape[1]):
        source, target = a[r // a.shape[1], r % a.shape[1]], q[r // a.shape[1], r % a.shape[1]]
        if asymmetric:
            scales[r], zero_points[r] = quantize_asymmetric(source, lanes, target)
        else:
            scales[r], zero_points[r] = quantize_symmetric(source, lanes, target)
    for r in range(b.shape[0] * b.shape[1]):
        sums[r] = _lane_sum(b[r // b.shape[1], r % b.shape[1]], sum_lanes)
    for i in range(batches):
        left, right = q[from_a[i]], b[from_b[i]]
        for m in range(rows):
            x = left[m]
            scale, zero_point = scales[scale_row[i] + m], np.float32(zero_points[scale_row[i] + m])
            for n in range(columns):
                y = right[n]
                total = np.int32(0)
                for k in range(depth):
                    total = np.int32(total + np.int32(np.int32(x[k]) * np.int32(y[k])))
                offset = np.float32(np.float32(sums[sum_row[i] + n]) * zero_point)
                total = np.int32(np.float32(np.float32(total) - offset))
                product = np.float32(np.float32(scale * filter_scale[n]) * np.float32(total))
                out[i, m, n] = np.float32(np.float32(0) + product)
