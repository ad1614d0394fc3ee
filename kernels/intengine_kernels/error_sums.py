"""Sums over the elements of two tensors, from which the measures of their difference are made."""

import numpy as np

from intengine_kernels.jit import kernel

#: Rows of `sums`.
COUNT, FLOAT_SQUARES, REAL_SQUARES, PRODUCTS, ERROR_SQUARES, ERRORS, MAX_ERROR, LEAST, GREATEST, BELOW, ABOVE = range(
    11
)
ROWS = 11


@kernel
def error_sums(x, q, scale, zero_point, lo, hi, bins, sums, squares):
    """Add the errors e = scale * (q - zero_point) - x to the sums of each channel; all in float64.

    Elements where a side is not finite are left out.

    Args:
        x: flat float32 or float64, [rows * C]. q: flat, any real type.
        lo, hi: elements with x < lo are counted as below, with x > hi as above.
        bins: int32[rows], the entry of `squares` that a row adds to; or empty.
        sums: float64[ROWS, C], MAX_ERROR and GREATEST at least -inf, LEAST at most inf before.
        squares: float64[*], sum of e**2 by bin.
    """
    channels = sums.shape[1]
    scale, zero_point = np.float64(scale), np.float64(zero_point)
    for row in range(x.shape[0] // channels):
        total = 0.0
        for c in range(channels):
            real = np.float64(x[row * channels + c])
            value = scale * (np.float64(q[row * channels + c]) - zero_point)
            # Selected, not branched on, so that the loop runs in vectors; a difference with NaN or infinity is neither.
            good = abs(value) + abs(real) < np.inf
            real = real if good else 0.0
            value = value if good else 0.0
            error = value - real
            square = error * error
            total += square
            sums[COUNT, c] += 1.0 if good else 0.0
            sums[FLOAT_SQUARES, c] += real * real
            sums[REAL_SQUARES, c] += value * value
            sums[PRODUCTS, c] += real * value
            sums[ERROR_SQUARES, c] += square
            sums[ERRORS, c] += error
            sums[MAX_ERROR, c] = abs(error) if abs(error) > sums[MAX_ERROR, c] else sums[MAX_ERROR, c]
            sums[LEAST, c] = real if good and real < sums[LEAST, c] else sums[LEAST, c]
            sums[GREATEST, c] = real if good and real > sums[GREATEST, c] else sums[GREATEST, c]
            sums[BELOW, c] += 1.0 if real < lo else 0.0
            sums[ABOVE, c] += 1.0 if real > hi else 0.0
        if bins.shape[0]:
            squares[bins[row]] += total


@kernel
def part_sums(stages, slots, part, gram, totals, by_channel):
    """Add the inner products of the parts of an error, the differences between stages that follow each other.

    Args:
        stages: float64[S + 1, n], n a multiple of C. slots: int64[S], the part that each difference belongs to.
        part: float64[P], work space.
        gram: float64[P, P], its lower triangle: sum of part_i * part_j, j <= i. totals: float64[P], sum of part_i.
        by_channel: float64[P, C], sum of part_i**2 by the last axis.
    """
    channels = by_channel.shape[1]
    for at in range(stages.shape[1]):
        part[:] = 0.0
        for s in range(slots.shape[0]):
            part[slots[s]] += stages[s + 1, at] - stages[s, at]
        c = at % channels
        for i in range(part.shape[0]):
            value = part[i]
            if value != 0.0:
                totals[i] += value
                by_channel[i, c] += value * value
                for j in range(i + 1):
                    gram[i, j] += value * part[j]
