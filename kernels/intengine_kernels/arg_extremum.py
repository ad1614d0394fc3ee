"""Index of the greatest or least element along one axis; the first of equal ones."""

from intengine_kernels.jit import kernel


@kernel
def arg_extremum(least, x, out):
    """out[o, i] = index of the extremum of x[o, :, i]; a NaN at index 0 stays, a later one is never chosen.

    Args: least: 1 for the least, 0 for the greatest. x: a number type [outer, size, inner]. out: int32 or int64.
    """
    outer, size, inner = x.shape
    store = out.dtype.type
    for o in range(outer):
        for i in range(inner):
            best, at = x[o, 0, i], 0
            for k in range(1, size):
                value = x[o, k, i]
                if (value < best) if least else (value > best):
                    best, at = value, k
            out[o, i] = store(at)
