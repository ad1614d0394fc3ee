"""One array into another: Numba's own assignment makes a copy in between, and kernels allocate nothing."""

from intengine_kernels.jit import inline


@inline
def copy_row(source, target):
    """target[i] = source[i] for one-dimensional arrays of one type."""
    for i in range(target.shape[0]):
        target[i] = source[i]


@inline
def copy_rows(source, target):
    """target[i, j] = source[i, j] for two-dimensional arrays of one type."""
    for i in range(target.shape[0]):
        for j in range(target.shape[1]):
            target[i, j] = source[i, j]
