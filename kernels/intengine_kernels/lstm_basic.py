"""The basic LSTM cell: one matrix for all gates, which are input, cell, forget, output one after the other."""

import numpy as np

from intengine_kernels.copying import copy_row
from intengine_kernels.eigen import add_product, logistic_row, tanh
from intengine_kernels.fixedpoint import rdp, srdhm
from intengine_kernels.jit import inline, kernel
from intengine_kernels.lstm import clamp16, look_up


@inline
def _times(a, b):
    """Saturating rounding doubling high product of two int16: a * b / 2**15, ties toward +inf."""
    return clamp16((np.int32(np.int32(a) * np.int32(b)) + np.int32(1 << 14)) >> np.int32(15))


@inline
def _round_up(x, exponent):
    """int32 / 2**exponent, ties toward +inf."""
    wide = np.int64(x)
    half = (np.int64(1) << np.int64(exponent)) >> np.int64(1)
    return np.int32((wide + half) >> np.int64(exponent))


@inline
def _concatenate(x, output, joined):
    """joined[b] = x[b], output[b]."""
    depth = x.shape[1]
    for b in range(x.shape[0]):
        copy_row(x[b], joined[b, :depth])
        copy_row(output[b], joined[b, depth:])


@kernel
def lstm_basic_integer(
    x, old_output, old_state, w, bias, weights_zero_point, multiplier, shift, sigmoid, tanh_table,
    output, state, joined, gates,
):  # fmt: skip
    """One step of uint8 activations around 128 and an int16 state with 4 integer bits.

    gate = rescale(sum (x - 128) * (w - zero point) + bias), 3 integer bits
    state = sigmoid(i) * tanh(g) + sigmoid(f) * state; output = 128 + sigmoid(o) * tanh(state)

    Args:
        x: uint8[B, I]. old_output: uint8[B, N]. old_state: int16[B, N].
        w: uint8[4 N, I + N]. bias: int32[4 N]. multiplier, shift: of the gates, rounded with ties up.
        sigmoid, tanh_table: int16[65536] of 3 integer bits.
        output: uint8[B, N], state: int16[B, N], joined: uint8[B, I + N], gates: int16[B, 4 N], all written.

    Source: tflite/kernels/internal/optimized/optimized_ops.h
    """
    batch, units = output.shape
    zero_point = np.int32(weights_zero_point)
    left, right = np.int64(max(shift, 0)), np.int64(max(-shift, 0))
    _concatenate(x, old_output, joined)
    for b in range(batch):
        for n in range(4 * units):
            acc = bias[n]
            for k in range(joined.shape[1]):
                value = np.int32(np.int32(joined[b, k]) - np.int32(128))
                acc = np.int32(acc + np.int32(value * np.int32(np.int32(w[n, k]) - zero_point)))
            gates[b, n] = clamp16(_round_up(srdhm(np.int32(np.int64(acc) << left), np.int32(multiplier)), right))
        for n in range(units):
            entering = look_up(tanh_table, gates[b, units + n])
            added = rdp(np.int32(_times(look_up(sigmoid, gates[b, n]), entering)), 4)
            kept = _times(look_up(sigmoid, gates[b, 2 * units + n]), old_state[b, n])
            new = clamp16(np.int64(added) + np.int64(kept))
            state[b, n] = new
            shown = look_up(tanh_table, clamp16(np.int64(new) * np.int64(2)))
            value = rdp(np.int32(_times(look_up(sigmoid, gates[b, 3 * units + n]), shown)), 8)
            output[b, n] = np.uint8(min(max(np.int32(value), np.int32(-128)), np.int32(127)) + np.int32(128))


@kernel
def lstm_basic_float(x, old_output, old_state, w, bias, order, work, output, state, joined, gates):
    """One step in float32.

    Args:
        x: float32[B, I]. old_output, old_state: float32[B, N]. w: float32[4 N, I + N]. bias: float32[4 N].
        order: of summation, see `eigen`. work: scratch float32[3, N].
        output, state: float32[B, N], joined: float32[B, I + N], gates: float32[B, 4 N], all written.

    Source: tflite/kernels/internal/optimized/optimized_ops.h
    """
    batch, units = output.shape
    _concatenate(x, old_output, joined)
    for b in range(batch):
        copy_row(bias, gates[b])
    add_product(order, joined, w, gates)
    for b in range(batch):
        for part in range(3):
            # Input, forget, output gate.
            at = (part + 1 if part > 0 else 0) * units
            copy_row(gates[b, at : at + units], work[part])
            logistic_row(work[part], b * units)
        for n in range(units):
            added = np.float32(work[0, n] * tanh(gates[b, units + n]))
            new = np.float32(added + np.float32(work[1, n] * old_state[b, n]))
            state[b, n] = new
            output[b, n] = np.float32(work[2, n] * tanh(new))
