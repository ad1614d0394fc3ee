"""LSTM cells in integers: int8 activations and weights, int16 gates and cell, int8 output.

Gates are stacked in the order forget, cell, output, input; a cell without an input gate takes 1 - forget instead.
"""

import numpy as np

from intengine_kernels.copying import copy_row
from intengine_kernels.fixedpoint import INT32_MAX, mbqm, rdp, srdhm
from intengine_kernels.jit import inline, kernel, subroutine
from intengine_kernels.transcendental import leading_zeros, times_power

FORGET, CELL, OUTPUT, INPUT = 0, 1, 2, 3


@inline
def clamp16(x):
    """int32 or int64 -> int16, clamped."""
    return np.int16(min(max(np.int64(x), np.int64(-32768)), np.int64(32767)))


@inline
def clamp8(x):
    """int32 or int64 -> int8, clamped."""
    return np.int8(min(max(np.int64(x), np.int64(-128)), np.int64(127)))


@subroutine
def dot(a, b, start):
    """start + sum a * b in int32, which wraps. a, b: int8[n]."""
    acc = np.int32(start)
    for k in range(a.shape[0]):
        acc = np.int32(acc + np.int32(np.int32(a[k]) * np.int32(b[k])))
    return acc


@inline
def look_up(table, raw):
    """table[raw as uint16]."""
    return table[np.int64(raw) & np.int64(0xFFFF)]


@inline
def trunc_divide(a, b):
    """a / b toward zero; b > 0."""
    quotient = abs(a) // b
    return -quotient if a < 0 else quotient


@subroutine
def inverse_square_root(x):
    """(multiplier, shift) with 1 / sqrt(x) ~= multiplier * 2**(shift - 31) for an int32 x >= 1, five Newton steps.

    Source: tflite/kernels/internal/quantization_util.cc
    """
    if x <= 1:
        return np.int32(INT32_MAX), np.int32(0)
    x = np.int64(x)
    shift = np.int64(11)
    while x >= np.int64(1 << 29):
        x = x >> np.int64(2)
        shift += np.int64(1)
    pairs = ((leading_zeros(x) - np.int64(1)) >> np.int64(1)) - np.int64(1)
    shift -= pairs
    x = x << (np.int64(2) * pairs)
    half = rdp(np.int32(x >> np.int64(1)), 1)
    three_halves = np.int32((1 << 28) + (1 << 27))
    y = np.int32(1 << 28)
    for _ in range(5):
        cube = times_power(srdhm(srdhm(y, y), y), 6)
        y = times_power(np.int32(np.int64(srdhm(y, three_halves)) - np.int64(srdhm(half, cube))), 3)
    y = srdhm(y, np.int32(1518500250))
    if shift < 0:
        y = np.int32(np.int64(y) << -shift)
        shift = np.int64(0)
    return y, np.int32(-shift)


@subroutine
def normalize(gate, weights, bias, guard, multiplier, shift):
    """Layer normalization in place: int16 gate with mean 0 and variance 1, times weights, plus bias.

    Mean and deviation have 10 fraction bits. 2**20 // n stands for 1 / n in the variance, and a variance below 1
    becomes `guard`.

    Args: gate: int16[n], read and written. weights: int16[n]. bias: int32[n]. guard, multiplier, shift: int32.
    Source: tflite/kernels/internal/reference/portable_tensor_utils.cc
    """
    n = np.int64(gate.shape[0])
    total, squares = np.int64(0), np.int64(0)
    for j in range(n):
        value = np.int64(gate[j])
        total += value
        squares += value * value
    mean = trunc_divide(total * np.int64(1024), n)
    variance = squares * (np.int64(1 << 20) // n) - mean * mean
    variance = np.int64(np.int32(trunc_divide(variance, np.int64(1 << 20))))
    if variance < 1:
        variance = np.int64(guard)
    inverse, inverse_shift = inverse_square_root(variance)
    for j in range(n):
        value = mbqm(np.int32(np.int64(1024) * np.int64(gate[j]) - mean), inverse, inverse_shift)
        value = np.int32(np.int64(value) * np.int64(weights[j]) + np.int64(bias[j]))
        away = np.int64(512) if value > 0 else np.int64(-512)
        value = np.int32(trunc_divide(np.int64(value) + away, np.int64(1024)))
        gate[j] = clamp16(mbqm(value, multiplier, np.int32(shift + np.int32(12))))


@subroutine
def add_peephole(gate, cell, weights, multiplier, shift):
    """gate += cell * weights, rescaled; all int16[n]."""
    for j in range(gate.shape[0]):
        product = np.int32(np.int32(weights[j]) * np.int32(cell[j]))
        gate[j] = clamp16(np.int32(np.int64(mbqm(product, multiplier, shift)) + np.int64(gate[j])))


@subroutine
def squash(gate, table):
    """gate = table[gate]; int16[n]."""
    for j in range(gate.shape[0]):
        gate[j] = look_up(table, gate[j])


@subroutine
def update_cell(cell, gates, shift, clip):
    """cell = forget * cell + input * cell gate, then clipped to +-clip unless that is 0.

    Products wrap to int16 after the rounding shift, the sum saturates.

    Args: cell: int16[n], read and written. gates: int16[3 or 4, n]. shift: of the second product. clip: int16.
    Source: tflite/kernels/lstm_eval.cc
    """
    forget, entering = gates[FORGET], gates[CELL]
    coupled = gates.shape[0] == INPUT
    for j in range(cell.shape[0]):
        kept = np.int16(np.int32(rdp(np.int32(np.int32(forget[j]) * np.int32(cell[j])), 15)))
        opened = np.int16(np.int32(32767) - np.int32(forget[j])) if coupled else gates[INPUT, j]
        added = np.int16(np.int32(rdp(np.int32(np.int32(opened) * np.int32(entering[j])), shift)))
        value = np.int64(clamp16(np.int64(kept) + np.int64(added)))
        if clip > 0:
            value = min(max(value, -np.int64(clip)), np.int64(clip))
        cell[j] = np.int16(value)


@kernel
def lstm_integer(
    x, time_major, w, r, wx_bias, rh_bias, scales, peephole, norm, norm_bias, guards, cell_shift, cell_clip,
    sigmoid, tanh, tanh_cell, hidden_multiplier, hidden_shift, hidden_zero_point,
    projection, projection_bias, projection_multiplier, projection_shift, zero_point, projection_clip,
    gates, hidden, output_state, cell_state, out,
):  # fmt: skip
    """A sequence through an LSTM cell of int8 activations and int16 gates.

    gate = sat16(rescale(W x + b) + rescale(R h) + rescale(P c)), normalized, through sigmoid (tanh for the cell gate)
    c = forget * c + input * cell gate
    h = rescale(output * tanh(c)), projected

    Args:
        x: int8[B, T, I], or [T, B, I] if time_major; out: int8 the same with U.
        w: int8[G, N, I]. r: int8[G, N, U]; G = 4, or 3 without input gate. wx_bias, rh_bias: int32[G, N], zero
            points folded in.
        scales: int32[G, 4, 2], multiplier and shift of input, state, peephole, layer normalization.
        peephole: int16[G, B, N], or [0, B, N]; that of the cell gate is not read.
        norm: int16[G, N], or [0, N]. norm_bias: int32[G, N]. guards: int32[G].
        cell_shift: of input * cell gate. cell_clip, projection_clip: 0 for none.
        sigmoid, tanh, tanh_cell: int16[65536] tables.
        hidden_zero_point: added to the hidden value. projection: int8[U, N], or [0, N]; projection_bias: int32[U].
        gates: scratch int16[G, N]. hidden: scratch int8[N].
        output_state: int8[B, U], cell_state: int16[B, N], both read and written.
        out: written.

    Source: tflite/kernels/lstm_eval.cc
    """
    count, units, _ = w.shape
    if time_major:
        steps, batches = x.shape[0], x.shape[1]
    else:
        batches, steps = x.shape[0], x.shape[1]
    for b in range(batches):
        cell, state = cell_state[b], output_state[b]
        for t in range(steps):
            source = x[t, b] if time_major else x[b, t]
            for g in range(count):
                gate = gates[g]
                for n in range(units):
                    value = np.int64(mbqm(dot(w[g, n], source, wx_bias[g, n]), scales[g, 0, 0], scales[g, 0, 1]))
                    value = np.int64(clamp16(value))
                    value += np.int64(mbqm(dot(r[g, n], state, rh_bias[g, n]), scales[g, 1, 0], scales[g, 1, 1]))
                    gate[n] = clamp16(np.int32(value))
            # The output gate sees the new cell, so the input gate comes before it.
            for place in range(4):
                g = INPUT if place == 0 else place - 1
                if g == OUTPUT:
                    update_cell(cell, gates, cell_shift, cell_clip)
                if g < count:
                    if peephole.shape[0] > 0 and g != CELL:
                        add_peephole(gates[g], cell, peephole[g, b], scales[g, 2, 0], scales[g, 2, 1])
                    if norm.shape[0] > 0:
                        normalize(gates[g], norm[g], norm_bias[g], guards[g], scales[g, 3, 0], scales[g, 3, 1])
                    squash(gates[g], tanh if g == CELL else sigmoid)
            target = hidden if projection.shape[0] > 0 else state
            for n in range(units):
                product = np.int32(np.int32(gates[OUTPUT, n]) * np.int32(look_up(tanh_cell, cell[n])))
                product = mbqm(product, np.int32(hidden_multiplier), np.int32(hidden_shift))
                target[n] = clamp8(np.int32(np.int64(product) + np.int64(hidden_zero_point)))
            for u in range(projection.shape[0]):
                total = dot(projection[u], hidden, projection_bias[u])
                total = mbqm(total, np.int32(projection_multiplier), np.int32(projection_shift))
                value = np.int64(clamp8(np.int32(np.int64(total) + np.int64(zero_point))))
                if projection_clip > 0:
                    value = min(max(value, -np.int64(projection_clip)), np.int64(projection_clip))
                state[u] = np.int8(value)
            result = out[t, b] if time_major else out[b, t]
            copy_row(state, result)
