"""The LSTM cell whose products are int8 (8x8 -> 8): a coupled input gate, float32 normalization, a projection."""

import math

import numpy as np

from intengine_kernels.copying import copy_row
from intengine_kernels.fixedpoint import mbqm, mbqm64, rdp
from intengine_kernels.jit import inline, kernel
from intengine_kernels.lstm import CELL, OUTPUT, clamp8, clamp16, look_up, update_cell


@inline
def _product(x, w, zero_point, multiplier, shift, out_zero_point):
    """rescale(sum (x - zero_point) * w) as an int8 around out_zero_point, and that zero point taken off again."""
    acc = np.int32(0)
    for k in range(x.shape[0]):
        acc = np.int32(acc + np.int32(np.int32(np.int32(x[k]) - zero_point) * np.int32(w[k])))
    stored = clamp8(np.int32(np.int64(mbqm(acc, multiplier, shift)) + np.int64(out_zero_point)))
    return np.int32(np.int32(stored) - out_zero_point)


@inline
def _round16(x):
    """float32 -> int16: nearest, halves away from zero, clamped; NaN and what int32 cannot hold is the least."""
    if not (np.float32(-(2.0**31)) <= x < np.float32(2.0**31)):
        return np.int16(-32768)
    whole = np.trunc(x)
    if abs(np.float32(x - whole)) >= np.float32(0.5):
        whole = np.float32(whole + np.copysign(np.float32(1.0), x))
    return clamp16(np.int64(whole))


@inline
def _normalize(gate, weights, bias, scale):
    """gate = (gate - mean) / deviation * weights * scale + bias * scale / 1024, with 12 fraction bits, in place.

    Source: tflite/kernels/internal/reference/portable_tensor_utils.cc
    """
    n = gate.shape[0]
    size = np.float32(n)
    bias_scale = np.float32(np.float32(2.0**-10) * scale)
    total, squares = np.float32(0.0), np.float32(0.0)
    for j in range(n):
        value = np.float32(gate[j])
        total = np.float32(total + value)
        squares = np.float32(squares + np.float32(value * value))
    mean = np.float32(total / size)
    variance = np.float32(np.float32(squares / size) - np.float32(mean * mean))
    if variance == np.float32(0.0):
        variance = np.float32(1e-8)
    deviation = np.float32(math.sqrt(variance)) if variance > np.float32(0.0) else np.float32(np.nan)
    inverse = np.float32(np.float32(1.0) / deviation)
    for j in range(n):
        value = np.float32(np.float32(np.float32(gate[j]) - mean) * inverse)
        value = np.float32(np.float32(value * np.float32(weights[j])) * scale)
        value = np.float32(value + np.float32(np.float32(bias[j]) * bias_scale))
        gate[j] = _round16(np.float32(value * np.float32(4096.0)))


@kernel
def lstm_narrow(
    x, zero_point, w, r, scales, zero_points, norm, norm_scales, bias, cell_clip, sigmoid, tanh, tanh_cell,
    projection, projection_bias, projection_multiplier, projection_shift, state_zero_point, projection_clip,
    gates, hidden, output_state, cell_state, out,
):  # fmt: skip
    """One step of an LSTM cell with int8 products.

    gate = sat16(rescale(int8(W x)) + rescale(int8(R h))), normalized, through sigmoid (tanh for the cell gate)
    c = forget * c + (1 - forget) * cell gate; h = projection of output * tanh(c)

    Args:
        x: int8[B, I]. w: int8[3, N, I]. r: int8[3, N, U].
        scales: int32[3, 4, 2], multiplier and shift of W x, R h and of what these add to the gate.
        zero_points: int32[3, 2], of W x and R h.
        norm: int16[3, N]. norm_scales: float32[3]. bias: int32[3, N].
        sigmoid, tanh, tanh_cell: int16[65536] tables.
        projection: int8[U, N]. projection_bias: int32[U]. Its int64 sum is rescaled by a 15-bit multiplier.
        gates: scratch int16[3, N]. hidden: scratch int16[N].
        output_state: int8[B, U], cell_state: int16[B, N], both read and written. out: int8[B, U], written.

    Source: tflite/kernels/lstm_eval.cc
    """
    units = w.shape[1]
    input_zero_point, recurrent_zero_point = np.int32(zero_point), np.int32(state_zero_point)
    for b in range(x.shape[0]):
        cell, state = cell_state[b], output_state[b]
        for g in range(3):
            s = scales[g]
            for n in range(units):
                a = _product(x[b], w[g, n], input_zero_point, s[0, 0], s[0, 1], zero_points[g, 0])
                c = _product(state, r[g, n], recurrent_zero_point, s[1, 0], s[1, 1], zero_points[g, 1])
                gates[g, n] = clamp16(np.int64(mbqm(a, s[2, 0], s[2, 1])) + np.int64(mbqm(c, s[3, 0], s[3, 1])))
            _normalize(gates[g], norm[g], bias[g], norm_scales[g])
            for n in range(units):
                gates[g, n] = look_up(tanh if g == CELL else sigmoid, gates[g, n])
        update_cell(cell, gates, 15, cell_clip)
        for n in range(units):
            product = np.int32(np.int32(gates[OUTPUT, n]) * np.int32(look_up(tanh_cell, cell[n])))
            hidden[n] = np.int16(np.int32(rdp(product, 15)))
        for u in range(state.shape[0]):
            total = np.int64(projection_bias[u])
            for n in range(units):
                total += np.int64(hidden[n]) * np.int64(projection[u, n])
            total = np.int64(mbqm64(total, np.int32(projection_multiplier), np.int64(projection_shift)))
            value = np.int64(clamp8(total + np.int64(state_zero_point)))
            if projection_clip > 0:
                value = min(max(value, -np.int64(projection_clip)), np.int64(projection_clip))
            state[u] = np.int8(value)
        copy_row(state, out[b])
