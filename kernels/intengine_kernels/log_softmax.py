"""Logarithm of softmax along the last axis: fixed point for 8 bits, float32."""

import math

import numpy as np

from intengine_kernels.fixedpoint import rdp, srdhm
from intengine_kernels.jit import inline, kernel
from intengine_kernels.softmax import count_leading_zeros, reciprocal_of_one_plus, times_power

_LN2, _SQRT_HALF, _FOURTH_ROOT_HALF = 1488522236, 1518500250, 1805811301
_AN, _AD, _AI, _AF = 117049297, 127690142, 1057819769, 638450708


@inline
def _saturate(x):
    return np.int32(min(max(np.int64(x), np.int64(-(2**31))), np.int64(2**31 - 1)))


@inline
def logarithm(x):
    """ln(x) for x >= 1: int32 Q12.19 -> int32 Q5.26, a rational approximation around the fourth root of 1/2.

    Source: tflite/kernels/internal/reference/log_softmax.h, tflite/kernels/internal/common.h
    """
    z = np.int32(x)
    quarter = rdp(np.int32(1 << 29), 6)
    head_a = count_leading_zeros(np.int64(z))
    r_a = times_power(srdhm(times_power(z, head_a - 1), np.int32(_SQRT_HALF)), 1)
    p_a = _saturate(np.int64(times_power(np.int32(12 - head_a), 25)) + np.int64(quarter))
    z_b = srdhm(z, np.int32(_SQRT_HALF))
    head_b = count_leading_zeros(np.int64(z_b)) - 1
    r_b = times_power(z, head_b)
    p_b = _saturate(np.int64(times_power(np.int32(12 - head_b), 25)) - np.int64(quarter))
    r = min(r_a, r_b)
    power = max(p_a, p_b)
    both = np.int64(r) + np.int64(_FOURTH_ROOT_HALF)
    p = np.int32((both + np.int64(1)) >> np.int64(1))
    q = np.int32(np.int64(r) - np.int64(_FOURTH_ROOT_HALF))
    q = np.int32(np.int64(q) + np.int64(q))
    square = srdhm(q, q)
    numerator = np.int32(np.int64(srdhm(q, r)) + np.int64(srdhm(srdhm(q, square), np.int32(_AN))))
    bracket = np.int32(np.int64(_AI) + np.int64(q) + np.int64(srdhm(np.int32(_AD), square)))
    denominator = np.int32(np.int64(srdhm(p, bracket)) + np.int64(srdhm(np.int32(_AF), q)))
    inverse = reciprocal_of_one_plus(denominator)
    log = np.int64(srdhm(power, np.int32(_LN2))) + np.int64(srdhm(rdp(numerator, 6), inverse))
    return times_power(np.int32(log), 1)


@kernel
def log_softmax_fixed(x, exp_table, scaled, diff_min, inverse_multiplier, inverse_shift, zero_point, lo, hi, out):
    """8-bit logits: scaled distance to the maximum less the logarithm of the sum of exponentials.

    Args:
        x: int8 or uint8 [rows, depth]. exp_table: int32[256] as in `softmax_fixed`.
        scaled: int32[256], minus each distance in Q5.26. diff_min: int, the least distance that counts.
        inverse_multiplier, inverse_shift: from Q5.26 back to the input's units; the shift is 0 or negative.
        out: like x.
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
        log = logarithm(np.int32(min(total, np.int64(2**31 - 1))))
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
            total = np.float32(total + np.float32(math.exp(np.float32(x[row, c] - most))))
        log = np.float32(math.log(total))
        for c in range(depth):
            out[row, c] = np.float32(np.float32(x[row, c] - most) - log)
