"""Counts of values in bins of equal width."""

import numpy as np

from intengine_kernels.jit import kernel


@kernel
def histogram(x, first, factor, offset, start, counts):
    """Add x[first:] to the counts of bins floor(factor * x + offset) - start, up to the first value beyond them.

    Values that are not finite are left out.

    Args:
        x: flat, any real type.
        counts: int64[bins].

    Returns:
        Where the first value beyond the bins is; x.size if there is none. What comes before it has been counted.
    """
    bins = counts.shape[0]
    factor, offset, start = np.float64(factor), np.float64(offset), np.float64(start)
    for at in range(first, x.shape[0]):
        place = np.floor(factor * np.float64(x[at]) + offset) - start
        if 0.0 <= place < bins:
            counts[np.int64(place)] += 1
        elif abs(place) < np.inf:
            return at
    return x.shape[0]
