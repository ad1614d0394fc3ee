"""Numbers of one type as numbers of another."""

import numpy as np

from intengine_kernels.jit import kernel


@kernel
def cast(x, out):
    """out = x: integers wrap, floats are rounded to nearest. Flat; out is float if x is."""
    store = out.dtype.type
    for i in range(x.shape[0]):
        out[i] = store(x[i])


@kernel
def cast_to_integer(x, lo, hi, nan, out):
    """out = x truncated toward zero, then lo or hi where it lies below or above; `nan` for NaN.

    Args:
        x: flat float32 or float64. lo, hi, nan: integers of out's type, the first two the least and greatest.
        out: flat integers.
    """
    store = out.dtype.type
    low, high = np.float64(lo), np.float64(hi)
    for i in range(x.shape[0]):
        value = np.trunc(np.float64(x[i]))
        if value != value:
            out[i] = store(nan)
        elif value < low:
            out[i] = store(lo)
        elif value < high:
            out[i] = store(value)
        else:
            out[i] = store(hi)
