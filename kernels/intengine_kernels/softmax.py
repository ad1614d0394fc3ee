"""Softmax along the last axis: fixed point for 8 bits, tables for int16, float32."""

import numpy as np

from intengine_kernels.fixedpoint import INT32_MAX, mbqm, rdp, srdhm
from intengine_kernels.jit import inline, kernel
from intengine_kernels.libm.exp import expf
from intengine_kernels.transcendental import leading_zeros, reciprocal


@kernel
def softmax_fixed(x, exp_table, out_bits, lo, hi, exps, out):
    """8-bit logits: exponentials of the distance to the maximum, times the reciprocal of their Q12.19 sum.

    Sums of 512 and more for 8-bit outputs, on which LiteRT aborts, and of 8192, with which its uint32 overflows, give
    what the operator means.

    Args:
        x: int8 or uint8 [rows, depth]. exp_table: int32[256], exp(-distance) in Q0.31, -1 where the output is lo.
        out_bits: 8 or 16. lo, hi: range of the output. exps: scratch int32[depth].
        out: int8, uint8 or int16 [rows, depth].

    Source: tflite/kernels/internal/reference/softmax.h
    """
    rows, depth = x.shape
    store = out.dtype.type
    lo, hi = np.int64(lo), np.int64(hi)
    for row in range(rows):
        source = x[row]
        target = out[row]
        most = np.int32(source[0])
        for c in range(1, depth):
            most = max(most, np.int32(source[c]))
        # Looked up once and apart from the rest, which then runs in vectors.
        for c in range(depth):
            exps[c] = exp_table[most - np.int32(source[c])]
        total = np.int64(0)
        for c in range(depth):
            total += np.int64(rdp(max(exps[c], np.int32(0)), 12))
        scale, over_unit = reciprocal(total, 12)
        shift = over_unit + 31 - out_bits
        for c in range(depth):
            exp = exps[c]
            value = np.int64(rdp(srdhm(scale, max(exp, np.int32(0))), shift)) + lo
            value = lo if exp < 0 else value
            target[c] = store(min(max(value, lo), hi))


@kernel
def softmax_table(x, exp_table, scale, zero_point, truncate, lo, hi, out):
    """8-bit logits: float32 exponentials of the distance to the maximum, over their sum in order.

    Args:
        x: int8 or uint8 [rows, depth]. exp_table: float32[256], exp(-distance).
        scale: float32, of the output. truncate: whether 0.5 is added and the fraction dropped; else halves are rounded
            away from zero.
        out: int8, uint8 or int16 [rows, depth].

    Source: tflite/kernels/internal/optimized/optimized_ops.h
    """
    rows, depth = x.shape
    store = out.dtype.type
    scale, one, half = np.float32(scale), np.float32(1), np.float32(0.5)
    lo, hi, zero_point = np.int64(lo), np.int64(hi), np.int64(zero_point)
    for row in range(rows):
        source = x[row]
        most = np.int32(source[0])
        for c in range(1, depth):
            most = max(most, np.int32(source[c]))
        total = np.float32(0)
        for c in range(depth):
            total = np.float32(total + exp_table[most - np.int32(source[c])])
        inverse = np.float32(one / np.float32(total * scale))
        for c in range(depth):
            value = np.float32(exp_table[most - np.int32(source[c])] * inverse)
            whole = np.float32(np.trunc(value))
            if truncate:
                whole = np.float32(np.trunc(np.float32(value + half)))
            elif np.float32(value - whole) >= half:
                whole = np.float32(whole + one)
            out[row, c] = store(min(max(np.int64(whole) + zero_point, lo), hi))


@inline
def lookup16(table, value):
    """A 513-entry int16 table at int16 `value`, interpolated over 128 steps.

    Source: tflite/kernels/internal/common.h
    """
    index = 256 + (np.int64(value) >> np.int64(7))
    low = np.int64(value) & np.int64(127)
    base = np.int64(table[index])
    slope = np.int64(np.int16(np.int64(table[index + 1]) - base))
    return np.int64(np.int16(base + ((slope * low + np.int64(64)) >> np.int64(7))))


@kernel
def softmax_int16(x, multiplier, shift, exp_table, inverse_table, scratch, out):
    """int16 logits by two interpolated tables, exp(x) and 1 / (1 + x).

    A sum that LiteRT's int32 cannot hold (more than 65,538 equal logits) gives what the operator means.

    Args: x, out: int16[rows, depth]. multiplier, shift: to 10 / 65535. tables: int16[513]. scratch: int64[depth].

    Source: tflite/kernels/internal/reference/softmax.h
    """
    rows, depth = x.shape
    multiplier, shift = np.int32(multiplier), np.int32(shift)
    for row in range(rows):
        most = np.int32(x[row, 0])
        for c in range(1, depth):
            most = max(most, np.int32(x[row, c]))
        total = np.int64(0)
        for c in range(depth):
            scaled = np.int64(mbqm(np.int32(np.int32(x[row, c]) - most), multiplier, shift)) + np.int64(32767)
            scaled = min(max(scaled, np.int64(-32768)), np.int64(32767))
            scratch[c] = lookup16(exp_table, scaled)
            total += scratch[c]
        halvings = np.int64(0)
        while total > np.int64(INT32_MAX):
            total = total >> np.int64(1)
            halvings += np.int64(1)
        zeros = leading_zeros(total)
        near = ((total << np.int64(zeros - 1)) + np.int64(1 << 13)) >> np.int64(14)
        near = min(max(near - np.int64((1 << 15) + (1 << 16)), np.int64(-32768)), np.int64(32767))
        inverse = lookup16(inverse_table, near)
        right = np.int64(31 - zeros) + halvings
        for c in range(depth):
            value = (scratch[c] * inverse + (np.int64(1) << (right - np.int64(1)))) >> right
            out[row, c] = np.int16(min(max(value, np.int64(0)), np.int64(32767)))


@kernel
def softmax_float(x, beta, out):
    """exp((x - max) * beta) / sum, in float32, the sum in order. x, out: float32[rows, depth].

    Source: tflite/kernels/internal/reference/softmax.h
    """
    rows, depth = x.shape
    beta = np.float32(beta)
    for row in range(rows):
        most = np.float32(-3.4028234663852886e38)
        for c in range(depth):
            most = max(most, x[row, c])
        total = np.float32(0)
        for c in range(depth):
            exp = expf(np.float32(np.float32(x[row, c] - most) * beta))
            out[row, c] = exp
            total = np.float32(total + exp)
        for c in range(depth):
            out[row, c] = np.float32(out[row, c] / total)
