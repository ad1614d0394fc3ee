"""Whole quotients of two broadcast operands; see `broadcast` for shape and strides."""

import numpy as np
from numba import types

from intengine_kernels.broadcast import row_offset
from intengine_kernels.jit import chosen, kernel


def _real(x, y, floors):
    return np.floor(np.float64(x) / np.float64(y))


def _whole(x, y, floors):
    """Divided wide, so that nothing overflows; 0 if y is."""
    x, y = np.int64(x), np.int64(y)
    if y == 0:
        return np.int64(0)
    quotient = x // y
    return quotient + np.int64(not floors and quotient < 0 and quotient * y != x)


@chosen(lambda x, y, floors: _real if isinstance(x, types.Float) else _whole)
def _quotient(x, y, floors):
    return _real(x, y, floors) if isinstance(x, np.floating) else _whole(x, y, floors)


@kernel
def divide(a, b, shape, a_strides, b_strides, floors, lo, hi, finding, out):
    """out = clamp(a / b), floored or truncated toward zero; what does not fit wraps before the clamp.

    Args:
        a, b: flat int8, int16 or int32; or float32, whose quotients are floored in double.
        lo, hi: of out's type. finding: int64[4]; the first is 1 if a divisor is 0.
        out: flat, the type of a and b.
    """
    a, b, out = a.reshape(-1), b.reshape(-1), out.reshape(-1)
    inner = shape[-1]
    a_step, b_step = a_strides[-1], b_strides[-1]
    store = out.dtype.type
    lo, hi = store(lo), store(hi)
    for row in range(out.size // inner):
        at_a = row_offset(row, shape, a_strides)
        at_b = row_offset(row, shape, b_strides)
        for i in range(inner):
            x, y = a[at_a + i * a_step], b[at_b + i * b_step]
            if y == 0:
                finding[0] = 1
            out[row * inner + i] = min(max(store(_quotient(x, y, floors)), lo), hi)
