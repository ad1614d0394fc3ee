"""SVDF: a filter over features, whose results of the last steps are remembered and filtered over time."""

import numpy as np

from intengine_kernels.fixedpoint import mbqm
from intengine_kernels.jit import inline, kernel
from intengine_kernels.lanes import add_dot


@inline
def _shift(state):
    """Forget the oldest result of every filter; the newest is written afterwards. state: flat."""
    for i in range(state.shape[0] - 1):
        state[i] = state[i + 1]


@kernel
def svdf_integer(
    x, zero_point, w, wt, bias, state, state_zero_point, lo_state, hi_state, multiplier_in, shift_in,
    multiplier_out, shift_out, out_zero_point, lo, hi, wraps, out,
):  # fmt: skip
    """newest = (x - zero_point) @ w.T, requantized; out[u] = requantized (bias + sum of wt * state over u's filters).

    Args:
        x: int8[B, I]. w: int8[F, I]. wt: int8 or int16 [F, M]. bias: int32[U], F a multiple of U.
        state: int8 or int16 [B, F, M], oldest first, read and written.
        lo_state, hi_state, lo, hi: ranges of state and out.
        wraps: whether the state's zero point is added to what is clamped already, wrapping.
        out: int8[B, U], written.

    Sums are int32 and wrap.
    Source: tflite/kernels/internal/reference/svdf.h
    """
    batches, filters, steps = state.shape
    units = out.shape[1]
    rank = filters // units
    store = state.dtype.type
    for b in range(batches):
        _shift(state[b].reshape(-1))
        for f in range(filters):
            acc = np.int32(0)
            for i in range(x.shape[1]):
                acc = np.int32(acc + np.int32(np.int32(w[f, i]) * np.int32(np.int32(x[b, i]) - zero_point)))
            value = np.int64(mbqm(acc, np.int32(multiplier_in), np.int32(shift_in)))
            if wraps:
                value = min(max(value, np.int64(lo_state)), np.int64(hi_state)) + np.int64(state_zero_point)
            else:
                value = min(max(value + np.int64(state_zero_point), np.int64(lo_state)), np.int64(hi_state))
            state[b, f, steps - 1] = store(value)
        for u in range(units):
            acc = np.int32(bias[u])
            for f in range(u * rank, (u + 1) * rank):
                part = np.int32(0)
                for m in range(steps):
                    term = np.int32(np.int32(wt[f, m]) * np.int32(np.int32(state[b, f, m]) - state_zero_point))
                    part = np.int32(part + term)
                acc = np.int32(acc + part)
            value = np.int64(mbqm(acc, np.int32(multiplier_out), np.int32(shift_out))) + out_zero_point
            out[b, u] = min(max(value, lo), hi)


@inline
def activate(value, lo, hi):
    """value within lo..hi; NaN stays."""
    value = lo if value < lo else value
    return hi if hi < value else value


@kernel
def svdf_remember(acc, wt, bias, lo, hi, state, out):
    """state = its last steps and acc; out[u] = clamp(bias[u] + sum over u's filters of wt * state), float32.

    Args:
        acc: float32[B, F], the newest results. wt: float32[F, M]. bias: float32[U]. lo, hi: floats.
        state: float32[B, F, M], oldest first, read and written.
        out: float32[B, U], written.

    Source: tflite/kernels/internal/reference/svdf.h
    """
    batches, filters, steps = state.shape
    units = out.shape[1]
    rank = filters // units
    lo, hi = np.float32(lo), np.float32(hi)
    for b in range(batches):
        _shift(state[b].reshape(-1))
        for f in range(filters):
            state[b, f, steps - 1] = acc[b, f]
        for u in range(units):
            total = np.float32(0.0)
            for f in range(u * rank, (u + 1) * rank):
                total = np.float32(total + add_dot(np.float32(0.0), wt[f], state[b, f]))
            out[b, u] = activate(np.float32(bias[u] + total), lo, hi)


@inline
def _sum(a, b):
    """Sum of a * b in order, float32."""
    total = np.float32(0.0)
    for k in range(a.shape[0]):
        total = np.float32(total + np.float32(a[k] * b[k]))
    return total


@kernel
def svdf_in_order(x, w, wt, bias, lo, hi, state, out):
    """As `svdf_remember` with x @ w.T as the newest results; all sums in order, the last from the bias.

    Args:
        x: float32[B, I]. w: float32[F, I]. wt: float32[F, M]. bias: float32[U]. lo, hi: floats.
        state: float32[B, F, M], oldest first, read and written.
        out: float32[B, U], written.

    Source: tensorflow/lite/micro/kernels/svdf_common.cc
    """
    batches, filters, steps = state.shape
    units = out.shape[1]
    rank = filters // units
    lo, hi = np.float32(lo), np.float32(hi)
    for b in range(batches):
        _shift(state[b].reshape(-1))
        for f in range(filters):
            state[b, f, steps - 1] = _sum(x[b], w[f])
        for u in range(units):
            total = np.float32(bias[u])
            for f in range(u * rank, (u + 1) * rank):
                total = np.float32(total + _sum(wt[f], state[b, f]))
            out[b, u] = activate(total, lo, hi)
