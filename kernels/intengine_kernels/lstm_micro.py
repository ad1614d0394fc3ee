"""LSTM cells as microcontrollers compute them: a gate is the sum of two layers, each requantized on its own.

Gates are stacked in the order forget, cell, output, input.
"""

import numpy as np

from intengine_kernels.copying import copy_row
from intengine_kernels.fixedpoint import mbqm, mbqm64
from intengine_kernels.jit import inline, kernel, subroutine
from intengine_kernels.libm.exp import expf
from intengine_kernels.libm.hyperbolic import tanhf
from intengine_kernels.lstm import CELL, FORGET, INPUT, OUTPUT, clamp16, look_up

#: Rows of `products`: forget * cell, input * cell gate, output * tanh(cell).
_KEPT, _ADDED, _HIDDEN = 0, 1, 2
_MOST = np.float32(3.4028234663852886e38)


@subroutine
def layer(x, w, bias, wide, multiplier, shift):
    """requantize(bias + sum of w * x), int32; the sum is int64 with one rounding if wide, else int32.

    Args: x: int8[K] or int16[K]. w: int8[K]. bias: int64. multiplier, shift: int32.
    """
    if wide:
        total = np.int64(bias)
        for k in range(x.shape[0]):
            total += np.int64(x[k]) * np.int64(w[k])
        return mbqm64(total, multiplier, shift)
    acc = np.int32(bias)
    for k in range(x.shape[0]):
        acc = np.int32(acc + np.int32(np.int32(x[k]) * np.int32(w[k])))
    return mbqm(acc, multiplier, shift)


@inline
def _product(a, b, scale):
    """int16 a * b, requantized; scale: int32[2], multiplier and shift."""
    return mbqm(np.int32(np.int32(a) * np.int32(b)), scale[0], scale[1])


@inline
def _joined(first, second, late):
    """int16 first + second of two int32, the first saturated, the second too unless late."""
    added = np.int64(second) if late else np.int64(clamp16(second))
    return clamp16(np.int64(clamp16(first)) + added)


@kernel
def lstm_sigmoid_table(
    x, time_major, w, r, wx_bias, rh_bias, wide, late, scales, products, cell_clip, sigmoid, tanh, tanh_cell,
    zero_point, lo, hi, gates, output_state, cell_state, out,
):  # fmt: skip
    """A sequence through an LSTM cell of int8 or int16 activations and int16 gates.

    gate = sat16(sat16(layer(x)) + sat16(layer(h))), through sigmoid (tanh for the cell gate)
    c = sat16(sat16(forget * c) + sat16(input * cell gate)), clipped
    h = clamp(output * tanh(c) + zero_point)

    Args:
        x: int8 or int16 [B, T, I], or [T, B, I] if time_major; out: the same with N.
        w: int8[4, N, I]. r: int8[4, N, N]. wx_bias, rh_bias: int64[4, N], zero points folded in.
        wide: whether sums are int64. late: whether what is added, layer(h) and input * cell gate, saturates only with
            the sum.
        scales: int32[4, 2, 2], multiplier and shift of input and state. products: int32[3, 2], of the three products.
        cell_clip: 0 for none. sigmoid, tanh, tanh_cell: int16[65536] tables.
        zero_point, lo, hi: of the output.
        gates: scratch int16[4, N].
        output_state: [B, N] in the type of x, cell_state: int16[B, N], both read and written.
        out: written.

    Source: tensorflow/lite/micro/kernels/lstm_eval.h
    """
    count, units, _ = w.shape
    if time_major:
        steps, batches = x.shape[0], x.shape[1]
    else:
        batches, steps = x.shape[0], x.shape[1]
    clip = np.int16(cell_clip)
    for b in range(batches):
        cell, state = cell_state[b], output_state[b]
        for t in range(steps):
            source = x[t, b] if time_major else x[b, t]
            for g in range(count):
                table = tanh if g == CELL else sigmoid
                for n in range(units):
                    first = layer(source, w[g, n], wx_bias[g, n], wide, scales[g, 0, 0], scales[g, 0, 1])
                    second = layer(state, r[g, n], rh_bias[g, n], wide, scales[g, 1, 0], scales[g, 1, 1])
                    gates[g, n] = look_up(table, _joined(first, second, late))
            for n in range(units):
                kept = _product(gates[FORGET, n], cell[n], products[_KEPT])
                value = _joined(kept, _product(gates[INPUT, n], gates[CELL, n], products[_ADDED]), late)
                if clip > 0:
                    value = max(min(value, clip), np.int16(-clip))
                cell[n] = value
                hidden = _product(look_up(tanh_cell, value), gates[OUTPUT, n], products[_HIDDEN])
                state[n] = min(max(np.int64(hidden) + np.int64(zero_point), np.int64(lo)), np.int64(hi))
            result = out[t, b] if time_major else out[b, t]
            copy_row(state, result)


@inline
def _finite(x):
    """Within the finite numbers of float32."""
    return min(max(x, -_MOST), _MOST)


@inline
def _sum(x, w):
    """Sum of x * w in order, float32."""
    total = np.float32(0.0)
    for k in range(x.shape[0]):
        total = np.float32(total + np.float32(x[k] * w[k]))
    return total


@inline
def _sigmoid(x):
    """float32 1 / (1 + exp(-x)), exp(x) below -9 and 1 above 16.619047."""
    if x > np.float32(16.619047164916992188):
        return np.float32(1.0)
    if x < np.float32(-9.0):
        return expf(x)
    return np.float32(np.float32(1.0) / np.float32(np.float32(1.0) + expf(np.float32(-x))))


@kernel
def lstm_in_order(x, time_major, w, r, bias, cell_clip, gates, output_state, cell_state, out):
    """A sequence through an LSTM cell of float32; sums in order, the bias behind that of the input.

    Args:
        x: float32[B, T, I], or [T, B, I] if time_major; out: the same with N.
        w: float32[4, N, I]. r: float32[4, N, N]. bias: float32[4, N]. cell_clip: 0 for none.
        gates: scratch float32[4, N].
        output_state, cell_state: float32[B, N], read and written. out: written.

    Source: tensorflow/lite/micro/kernels/lstm_eval.h
    """
    count, units, _ = w.shape
    clip = np.float32(cell_clip)
    if time_major:
        steps, batches = x.shape[0], x.shape[1]
    else:
        batches, steps = x.shape[0], x.shape[1]
    for b in range(batches):
        cell, state = cell_state[b], output_state[b]
        for t in range(steps):
            source = x[t, b] if time_major else x[b, t]
            for g in range(count):
                for n in range(units):
                    entering = _finite(np.float32(_sum(source, w[g, n]) + bias[g, n]))
                    value = np.float32(entering + _finite(_sum(state, r[g, n])))
                    gates[g, n] = tanhf(value) if g == CELL else _sigmoid(value)
            for n in range(units):
                kept = _finite(np.float32(gates[FORGET, n] * cell[n]))
                value = np.float32(kept + _finite(np.float32(gates[INPUT, n] * gates[CELL, n])))
                if clip > 0:
                    value = max(min(value, clip), np.float32(-clip))
                cell[n] = value
                state[n] = _finite(np.float32(tanhf(value) * gates[OUTPUT, n]))
            result = out[t, b] if time_major else out[b, t]
            copy_row(state, result)
