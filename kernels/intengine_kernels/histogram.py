"""Counts of values in bins of equal width."""

import numpy as np

from intengine_kernels.jit import kernel


@kernel
def histogram(x, first, factor, offset, start, places, counts):
    """Add x[first:] to the counts of bins floor(factor * x + offset) - start, up to the first value beyond them.

    Values that are not finite are left out.

    Args:
        x: flat, any real type.
        places: scratch int32[block]; places are computed by blocks, in vectors.
        counts: int64[lanes, bins], lanes a power of two: their sum over lanes is the histogram. Equal values that
            follow each other (zeros of a RELU) do not wait for each other in different lanes.

    Returns:
        Where the first value beyond the bins is; x.size if there is none. What comes before it has been counted.
    """
    size, block = x.shape[0], places.shape[0]
    lanes, bins = counts.shape[0] - 1, counts.shape[1]
    factor, offset, start = np.float64(factor), np.float64(offset), np.float64(start)
    for begin in range(first, size, block):
        length = min(block, size - begin)
        beyond = 0
        for i in range(length):
            place = np.floor(factor * np.float64(x[begin + i]) + offset) - start
            fits = place >= 0.0 and place < bins
            beyond += 0 if fits else 1
            places[i] = np.int32(place if fits else 0.0)
        if beyond == 0:
            for i in range(length):
                counts[i & lanes, places[i]] += 1
        else:
            for i in range(length):
                place = np.floor(factor * np.float64(x[begin + i]) + offset) - start
                if place >= 0.0 and place < bins:
                    counts[i & lanes, places[i]] += 1
                elif abs(place) < np.inf:
                    return begin + i
    return size
