"""Whole quotients of two broadcast operands; see `broadcast` for shape and strides."""

import numpy as np

from intengine_kernels.broadcast import row_offset
from intengine_kernels.jit import inline, kernel


@inline
def _quotient(x, y, floors):
    """Divided wide, so that nothing overflows; 0 if y is."""
    if y == 0:
        return np.int64(0)
    quotient = x // y
    return quotient + np.int64(not floors and quotient < 0 and quotient * y != x)


@kernel
def divide(a, b, shape, a_strides, b_strides, floors, lo, hi, finding, out):
    """out = clamp(a / b), floored or truncated toward zero; what does not fit wraps before the clamp.

    Args:
        a, b: flat int8, int16 or int32. lo, hi: of out's type. finding: int64[4]; the first is 1 if a divisor is 0.
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
            x, y = np.int64(a[at_a + i * a_step]), np.int64(b[at_b + i * b_step])
            if y == 0:
                finding[0] = 1
            out[row * inner + i] = min(max(store(_quotient(x, y, floors)), lo), hi)


@kernel
def floor_divide_float(a, b, shape, a_strides, b_strides, finding, out):
    """out = floor(a / b), in double. a, b, out: flat float32. finding: int64[4]; the first is 1 if a divisor is 0."""
    a, b, out = a.reshape(-1), b.reshape(-1), out.reshape(-1)
    inner = shape[-1]
    a_step, b_step = a_strides[-1], b_strides[-1]
    for row in range(out.size // inner):
        at_a = row_offset(row, shape, a_strides)
        at_b = row_offset(row, shape, b_strides)
        for i in range(inner):
            x, y = np.float64(a[at_a + i * a_step]), np.float64(b[at_b + i * b_step])
            if y == 0:
                finding[0] = 1
            out[row * inner + i] = np.float32(np.floor(x / y))
