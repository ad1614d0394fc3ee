"""Logarithm of softmax along the last axis: fixed point for 8 bits, float32."""

import numpy as np

from intengine_kernels.fixedpoint import INT32_MAX, rdp, srdhm
from intengine_kernels.jit import kernel
from intengine_kernels.libm.exp import expf
from intengine_kernels.libm.log import logf
from intengine_kernels.transcendental import logarithm

#: ln(2) in Q5.26.
_LN2 = 46516320


@kernel
def log_softmax_fixed(x, exp_table, scaled, diff_min, inverse_multiplier, inverse_shift, zero_point, lo, hi, out):
    """8-bit logits: scaled distance to the maximum less the logarithm of the sum of exponentials.

    Sums of 4096 and more, with which LiteRT's int32 overflows, are halved until they fit; each counts ln(2).

    Args:
        x: int8 or uint8 [rows, depth]. exp_table: int32[256] as in `softmax_fixed`.
        scaled: int32[256], minus each distance in Q5.26. diff_min: int, the least distance that counts.
        inverse_multiplier, inverse_shift: from Q5.26 back to the input's units; the shift is 0 or negative.
        out: like x.

    Source: tflite/kernels/internal/reference/log_softmax.h
    """
    rows, depth = x.shape
    store = out.dtype.type
    lo, hi, zero_point = np.int32(lo), np.int32(hi), np.int32(zero_point)
    for row in range(rows):
        most = np.int32(x[row, 0])
        for c in range(1, depth):
            most = max(most, np.int32(x[row, c]))
        total = np.int64(0)
        for c in range(depth):
            total += np.int64(rdp(max(exp_table[most - np.int32(x[row, c])], np.int32(0)), 12))
        halvings = np.int64(0)
        while total > np.int64(INT32_MAX):
            total = total >> np.int64(1)
            halvings += np.int64(1)
        log = np.int32(np.int64(logarithm(np.int32(total))) + halvings * np.int64(_LN2))
        moved = np.int32(np.int64(log) + np.int64(-(2**31)))
        least = max(diff_min - 1, np.int64(rdp(srdhm(moved, np.int32(inverse_multiplier)), -inverse_shift)))
        for c in range(depth):
            distance = most - np.int32(x[row, c])
            if -np.int64(distance) > least:
                value = np.int32(rdp(np.int32(np.int64(scaled[distance]) - np.int64(log)), 22) + zero_point)
                out[row, c] = store(min(max(value, lo), hi))
            else:
                out[row, c] = store(lo)


@kernel
def log_softmax_table(x, exp_table, input_scale, scale, zero_point, lo, hi, out):
    """8-bit logits: the logarithm of the float32 sum of exponentials, taken from scaled logits.

    Args:
        x: int8 or uint8 [rows, depth]. exp_table: float32[256], exp(-distance to the maximum).
        input_scale, scale: float32. out: like x.

    Source: tflite/kernels/internal/optimized/optimized_ops.h
    """
    rows, depth = x.shape
    store = out.dtype.type
    input_scale, scale = np.float32(input_scale), np.float32(scale)
    ratio = np.float32(input_scale / scale)
    lo, hi, zero_point = np.int64(lo), np.int64(hi), np.int64(zero_point)
    for row in range(rows):
        most = np.int32(x[row, 0])
        for c in range(1, depth):
            most = max(most, np.int32(x[row, c]))
        total = np.float32(0)
        for c in range(depth):
            total = np.float32(total + exp_table[most - np.int32(x[row, c])])
        log = logf(total)
        least = np.float32(np.float32(np.float32(input_scale * np.float32(most)) + log) / scale)
        for c in range(depth):
            value = np.float32(np.rint(np.float32(np.float32(ratio * np.float32(np.int32(x[row, c]))) - least)))
            out[row, c] = store(min(max(np.int64(value) + zero_point, lo), hi))


@kernel
def log_softmax_float(x, out):
    """x - max - log(sum exp(x - max)) in float32, the sum in order. x, out: float32[rows, depth].

    Source: tflite/kernels/internal/reference/log_softmax.h
    """
    rows, depth = x.shape
    for row in range(rows):
        most = np.float32(-3.4028234663852886e38)
        for c in range(depth):
            most = max(most, x[row, c])
        total = np.float32(0)
        for c in range(depth):
            total = np.float32(total + expf(np.float32(x[row, c] - most)))
        log = logf(total)
        for c in range(depth):
            out[row, c] = np.float32(np.float32(x[row, c] - most) - log)
