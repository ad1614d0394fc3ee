"""Spectra of pieces of waves."""

import math

import numpy as np

from intengine_kernels.fft import point, real_transform
from intengine_kernels.isa.doubles import LANES, load_row, narrowed
from intengine_kernels.jit import inline, kernel


@inline
def _read(x, channel, start, window, z, lane):
    """One piece of a wave times the window, filled up with zeros."""
    size = window.shape[0]
    for i in range(size):
        z[i, lane] = np.float64(x[start + i, channel]) * window[i]
    for i in range(size, z.shape[0]):
        z[i, lane] = 0.0


@inline
def _write(squares, is_squared, k, row, row_end, out):
    """Frequency k of the pieces from `row` on."""
    squares = narrowed(squares)
    for lane in range(LANES):
        square = squares[lane]
        out[min(row + lane, row_end - 1), k] = square if is_squared else np.float32(math.sqrt(square))


@kernel
def spectrogram(x, pieces, stride, window, is_squared, plan, z, row_begin, row_end, out):
    """Magnitudes of the frequencies 0..N of pieces times a window, in float64; float32 before the root.

    Args:
        x: float32[samples, channels]. pieces: of each channel, one every `stride` samples.
        window: float64[2 N or less], as long as a piece. is_squared: whether no root is taken.
        plan: of N points, see `fft`. z: scratch float64[2 N, LANES].
        out: float32[channels * pieces, N + 1]; its rows from row_begin to row_end are written.

    Source: tflite/kernels/internal/spectrogram.cc
    """
    places, last = plan[2], out.shape[1] - 1
    for row in range(row_begin, row_end, LANES):
        for lane in range(LANES):
            # Lanes that are left over have the last piece again, which is written twice.
            at = min(row + lane, row_end - 1)
            _read(x, at // pieces, at % pieces * stride, window, z, lane)
        real_transform(z, plan)
        first, end = load_row(z, 0), load_row(z, 1)
        _write(first * first, is_squared, 0, row, row_end, out)
        _write(end * end, is_squared, last, row, row_end, out)
        for k in range(1, last):
            re, im = point(z, places[k])
            _write(re * re + im * im, is_squared, k, row, row_end, out)
