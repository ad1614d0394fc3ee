"""LSTM cells with float32 activations, and float32 or int8 weights (hybrid).

Gates are stacked in the order forget, cell, output, input; a cell without an input gate takes 1 - forget instead.
A step works on the rows of a batch at once where these lie together (time-major), else on one row.
"""

import math

import numpy as np

from intengine_kernels.copying import copy_row, copy_rows
from intengine_kernels.eigen import add_product, logistic_row, tanh
from intengine_kernels.hybrid_quantize import quantize_asymmetric, quantize_symmetric
from intengine_kernels.jit import inline, kernel, subroutine
from intengine_kernels.lstm import CELL, FORGET, INPUT, OUTPUT, dot

#: Activation functions of the schema.
NONE, RELU, RELU_N1_TO_1, RELU6, TANH, SIGN_BIT = 0, 1, 2, 3, 4, 5


@subroutine
def activate(x, function, out):
    """out = function(x); x, out: flat float32 (maybe the same). NONE writes nothing, as LiteRT has it."""
    zero, one = np.float32(0.0), np.float32(1.0)
    if function == TANH:
        for i in range(x.shape[0]):
            out[i] = tanh(x[i])
    elif function == RELU:
        for i in range(x.shape[0]):
            out[i] = max(zero, x[i])
    elif function == RELU_N1_TO_1:
        for i in range(x.shape[0]):
            out[i] = max(-one, min(x[i], one))
    elif function == RELU6:
        for i in range(x.shape[0]):
            out[i] = max(zero, min(x[i], np.float32(6.0)))
    elif function == SIGN_BIT:
        for i in range(x.shape[0]):
            out[i] = one if math.copysign(one, x[i]) < zero else zero


@inline
def is_zero(x):
    """Whether all of a float32[rows, n] is 0."""
    for row in range(x.shape[0]):
        for i in range(x.shape[1]):
            if x[row, i] != np.float32(0.0):
                return False
    return True


@subroutine
def start_gates(gates, bias, norm):
    """gates = bias, or 0 where the bias comes after a normalization."""
    for g in range(gates.shape[0]):
        for b in range(gates.shape[1]):
            for n in range(gates.shape[2]):
                gates[g, b, n] = np.float32(0.0) if norm.shape[0] > 0 else bias[g, n]


@subroutine
def add_diagonal(gates, r_diagonal, is_diagonal, state):
    """gate += diagonal * state for the gates whose recurrent weights are a vector."""
    for g in range(gates.shape[0]):
        if is_diagonal[g] != 0:
            for b in range(gates.shape[1]):
                for n in range(gates.shape[2]):
                    gates[g, b, n] = np.float32(gates[g, b, n] + np.float32(r_diagonal[g, n] * state[b, n]))


@subroutine
def _normalize(gate, weights, bias):
    """gate = (gate - mean) / deviation * weights + bias in place; all float32[n].

    Source: tflite/kernels/internal/reference/portable_tensor_utils.cc
    """
    n = gate.shape[0]
    size = np.float32(n)
    total = np.float32(0.0)
    for j in range(n):
        total = np.float32(total + gate[j])
    mean = np.float32(total / size)
    squares = np.float32(0.0)
    for j in range(n):
        far = np.float32(gate[j] - mean)
        squares = np.float32(squares + np.float32(far * far))
    variance = np.float32(np.float32(squares / size) + np.float32(1e-8))
    inverse = np.float32(np.float32(1.0) / np.float32(math.sqrt(variance)))
    for j in range(n):
        value = np.float32(np.float32(gate[j] - mean) * inverse)
        gate[j] = np.float32(np.float32(weights[j] * value) + bias[j])


@inline
def _clip(x, limit):
    """x = x within +-limit, in place, unless limit is 0. x: float32[rows, n]."""
    if limit > np.float32(0.0):
        for row in range(x.shape[0]):
            for i in range(x.shape[1]):
                x[row, i] = max(min(limit, x[row, i]), -limit)


@subroutine
def finish_gates(gates, stale, is_stale, peephole, bias, norm, activation, places, place, cell_clip, cell, hidden):
    """From the sums of all gates to the hidden value: peepholes, normalization, activations, the new cell.

    Args:
        gates: float32[G, B, N], changed. stale: float32[B, N], what the cell gate is instead if is_stale.
        peephole: float32[G, N], or [0, N]. bias: float32[G, N]. norm: float32[G, N], or [0, N].
        places: int64[G], element offsets of the gates from an aligned address; place: to be added.
        cell: float32[B, N], read and written. hidden: float32[B, N], written.

    Source: tflite/kernels/lstm_eval.cc
    """
    count, rows, units = gates.shape
    cell_clip = np.float32(cell_clip)
    for step in range(4):
        # The output gate sees the new cell, so the input gate comes before it.
        g = INPUT if step == 0 else step - 1
        if g == OUTPUT:
            for b in range(rows):
                for n in range(units):
                    forget = gates[FORGET, b, n]
                    opened = gates[INPUT, b, n] if count > INPUT else np.float32(np.float32(1.0) - forget)
                    kept = np.float32(forget * cell[b, n])
                    cell[b, n] = np.float32(kept + np.float32(gates[CELL, b, n] * opened))
            _clip(cell, cell_clip)
        if g < count:
            if peephole.shape[0] > 0 and g != CELL:
                for b in range(rows):
                    for n in range(units):
                        gates[g, b, n] = np.float32(gates[g, b, n] + np.float32(peephole[g, n] * cell[b, n]))
            if norm.shape[0] > 0:
                for b in range(rows):
                    _normalize(gates[g, b], norm[g], bias[g])
            if g != CELL:
                logistic_row(gates[g].reshape(-1), places[g] + place)
            elif is_stale:
                copy_rows(stale, gates[g])
            else:
                activate(gates[g].reshape(-1), activation, gates[g].reshape(-1))
    for b in range(rows):
        # Without an activation LiteRT takes the cell gate, which lies where the activated cell is expected.
        activate(cell[b], activation, gates[CELL, b])
        for n in range(units):
            hidden[b, n] = np.float32(gates[OUTPUT, b, n] * gates[CELL, b, n])


@subroutine
def _quantize_rows(x, asymmetric, lanes, q, scales, zero_points):
    for b in range(x.shape[0]):
        if asymmetric:
            scales[b], zero_points[b] = quantize_asymmetric(x[b], lanes, q[b])
        else:
            scales[b], zero_points[b] = quantize_symmetric(x[b], lanes, q[b])


@subroutine
def _add_product(q, scales, zero_points, w, wrong, row_sums, weight_scale, acc):
    """acc[b, n] += float32(sum of q[b] * w[n], less the zero point's part) * (scale * weight_scale).

    `wrong` marks weights of -128 that x86 builds of LiteRT multiply with |q|, negative q too; see `hybrid`.

    Source: tflite/kernels/internal/optimized/sse_tensor_utils.cc
    """
    for b in range(q.shape[0]):
        scale = np.float32(scales[b] * weight_scale)
        for n in range(acc.shape[1]):
            total = dot(q[b], w[n], np.int32(0))
            for k in range(wrong.shape[1]):
                total = np.int32(total + np.int32(min(np.int32(q[b, k]), np.int32(0)) * np.int32(wrong[n, k])))
            total = np.int32(total - np.int32(zero_points[b] * row_sums[n]))
            acc[b, n] = np.float32(acc[b, n] + np.float32(np.float32(total) * scale))


@kernel
def lstm_hybrid(
    x, aux, time_major, reverse, asymmetric, w, a, r, r_diagonal, is_diagonal, peephole, bias, norm,
    activation, places, cell_clip, projection, projection_bias, proj_clip, lanes, q_x, q_aux, q_state, q_hidden,
    scales, zero_points, gates, stale, hidden, output_state, cell_state, offset, out,
):  # fmt: skip
    """A sequence through an LSTM cell of float32 activations, quantized row by row, and int8 weights.

    gate = W x + A aux + R h + P c + b, each product rounded to float32 and added in this order
    c = forget * c + input * cell gate; h = output * activation(c), projected

    Args:
        x: float32[B, T, I], or [T, B, I] if time_major. aux: the same with A, or size 0.
        w, a, r: tuples (int8[G, N, K], int16[G, N, K or 0] 256 * where x86 is wrong, float32[G] scales,
            int32[G, N] row sums); a has G = 0 without aux. projection: the same with G = 1 or 0.
        r_diagonal: float32[G, N], used where is_diagonal: int64[G].
        peephole, norm: float32[G or 0, N]. bias: float32[G, N]. projection_bias: float32[U].
        places: int64[G], see `finish_gates`.
        lanes: scratch float32[2, LANES]. q_x, q_aux, q_state, q_hidden: scratch int8[rows, K].
        scales: scratch float32[4, rows]. zero_points: scratch int32[4, rows]. gates: scratch float32[G, rows, N].
        stale: float32[0, N]. hidden: scratch float32[rows, N].
        output_state: float32[B, U], cell_state: float32[B, N], both read and written.
        out: float32[B, T, >= offset + U] or [T, B, ...], columns from `offset` on written.

    Source: tflite/kernels/lstm_eval.cc
    """
    rows, units = hidden.shape
    outputs = output_state.shape[1]
    steps = x.shape[0] if time_major else x.shape[1]
    for first in range(0, output_state.shape[0], rows):
        state, cell = output_state[first : first + rows], cell_state[first : first + rows]
        for step in range(steps):
            t = steps - 1 - step if reverse else step
            source = x[t] if time_major else x[first, t : t + 1]
            start_gates(gates, bias, norm)
            if not is_zero(source):
                _quantize_rows(source, asymmetric, lanes, q_x, scales[0], zero_points[0])
                for g in range(gates.shape[0]):
                    _add_product(q_x, scales[0], zero_points[0], w[0][g], w[1][g], w[3][g], w[2][g], gates[g])
            if a[0].shape[0] > 0:
                second = aux[t] if time_major else aux[first, t : t + 1]
                if not is_zero(second):
                    _quantize_rows(second, asymmetric, lanes, q_aux, scales[1], zero_points[1])
                    for g in range(gates.shape[0]):
                        _add_product(q_aux, scales[1], zero_points[1], a[0][g], a[1][g], a[3][g], a[2][g], gates[g])
            if not is_zero(state):
                _quantize_rows(state, asymmetric, lanes, q_state, scales[2], zero_points[2])
                for g in range(gates.shape[0]):
                    if is_diagonal[g] == 0:
                        _add_product(q_state, scales[2], zero_points[2], r[0][g], r[1][g], r[3][g], r[2][g], gates[g])
                add_diagonal(gates, r_diagonal, is_diagonal, state)
            finish_gates(
                gates, stale, False, peephole, bias, norm, activation, places, first * units, cell_clip, cell, hidden
            )
            if projection[0].shape[0] > 0:
                for b in range(state.shape[0]):
                    copy_row(projection_bias, state[b])
                if not is_zero(hidden):
                    _quantize_rows(hidden, asymmetric, lanes, q_hidden, scales[3], zero_points[3])
                    _add_product(
                        q_hidden, scales[3], zero_points[3], projection[0][0], projection[1][0], projection[3][0],
                        projection[2][0], state,
                    )  # fmt: skip
                _clip(state, np.float32(proj_clip))
            else:
                copy_rows(hidden, state)
            target = out[t] if time_major else out[first, t : t + 1]
            copy_rows(state, target[:, offset : offset + outputs])


@kernel
def lstm_float(
    x, aux, time_major, reverse, orders, w, a, r, r_diagonal, is_diagonal, peephole, bias, norm,
    activation, places, cell_clip, projection, projection_bias, proj_clip, gates, stale, hidden,
    output_state, cell_state, offset, out,
):  # fmt: skip
    """A sequence through an LSTM cell of float32 activations and weights.

    As `lstm_hybrid`, with w, a, r: float32[G, N, K], a with G = 0 without aux; projection: float32[U or 0, N].

    Args:
        orders: four ints of `eigen`, the orders of summation of the products with w, a, r and the projection.
        stale: scratch float32[rows, N], or [0, N] with an activation. Without one LiteRT leaves in the cell gate's
            buffer what it held before the last product, whenever it swaps buffers an even number of times.

    Source: tflite/kernels/lstm_eval.cc
    """
    rows, units = hidden.shape
    outputs = output_state.shape[1]
    steps = x.shape[0] if time_major else x.shape[1]
    for first in range(0, output_state.shape[0], rows):
        state, cell = output_state[first : first + rows], cell_state[first : first + rows]
        for step in range(steps):
            t = steps - 1 - step if reverse else step
            source = x[t] if time_major else x[first, t : t + 1]
            start_gates(gates, bias, norm)
            copy_rows(gates[CELL], stale)
            swaps = 0
            if not is_zero(source):
                swaps += 1
                for g in range(gates.shape[0]):
                    add_product(orders[0], source, w[g], gates[g])
            if a.shape[0] > 0:
                second = aux[t] if time_major else aux[first, t : t + 1]
                if not is_zero(second):
                    swaps += 1
                    for g in range(gates.shape[0]):
                        add_product(orders[1], second, a[g], gates[g])
            if swaps != 1:
                copy_rows(gates[CELL], stale)
            for g in range(gates.shape[0]):
                if is_diagonal[g] == 0:
                    add_product(orders[2], state, r[g], gates[g])
            add_diagonal(gates, r_diagonal, is_diagonal, state)
            is_stale = stale.shape[0] > 0 and (swaps % 2 == 0) != (is_diagonal[CELL] != 0)
            finish_gates(
                gates, stale, is_stale, peephole, bias, norm, activation, places, first * units, cell_clip, cell, hidden
            )
            if projection.shape[0] > 0:
                for b in range(state.shape[0]):
                    copy_row(projection_bias, state[b])
                add_product(orders[3], hidden, projection, state)
                _clip(state, np.float32(proj_clip))
            else:
                copy_rows(hidden, state)
            target = out[t] if time_major else out[first, t : t + 1]
            copy_rows(state, target[:, offset : offset + outputs])
