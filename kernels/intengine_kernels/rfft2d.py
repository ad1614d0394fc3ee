"""Half of the Fourier transform of real planes, in float64, rounded once. `plan` and `z`: see `fft`."""

import numpy as np

from intengine_kernels.fft import point, real_transform, transform
from intengine_kernels.isa.doubles import LANES, narrowed
from intengine_kernels.jit import inline, kernel


@inline
def _read(x, row, rows, z):
    """Of so many rows those from `row` on, one for each lane, cut or filled up with zeros.

    Lanes that are left over have the last row again, and so whatever is written of them is written twice.
    """
    for lane in range(LANES):
        at = min(row + lane, rows - 1)
        cells = min(x.shape[1], z.shape[0]) if at < x.shape[0] else 0
        for i in range(cells):
            z[i, lane] = np.float64(x[at, i])
        for i in range(cells, z.shape[0]):
            z[i, lane] = 0.0


@inline
def _set(out, re, im):
    """out = re - i im, rounded. out: float32[2]."""
    out[0] = np.float32(re)
    out[1] = np.float32(-im)


@kernel
def rfft_rows(x, plan, z, out):
    """out[row, k] = sum_j x[row, j] exp(-i pi j k / N), k = 0..N.

    Args:
        x: float32[rows, cells], cut or filled up with zeros to 2 N cells.
        plan: of N points. z: scratch float64[2 N, LANES].
        out: float32[rows, N + 1, 2], real and imaginary parts.

    Source: tflite/kernels/rfft2d.cc
    """
    rows, last = out.shape[0], out.shape[1] - 1
    places = plan[2]
    for row in range(0, rows, LANES):
        _read(x, row, rows, z)
        real_transform(z, plan)
        for lane in range(LANES):
            target = out[min(row + lane, rows - 1)]
            _set(target[0], z[0, lane], 0.0)
            _set(target[last], z[1, lane], 0.0)
        for k in range(1, last):
            re, im = point(z, places[k])
            re, im = narrowed(re), narrowed(-im)
            for lane in range(LANES):
                target = out[min(row + lane, rows - 1), k]
                target[0], target[1] = re[lane], im[lane]


@inline
def _transform_rows(x, plan, z, plane):
    """The rows of a plane, transformed, into columns, one for each lane."""
    height, columns = plane.shape[1] // 2, plane.shape[0] * LANES
    places = plan[2]
    for row in range(0, height, LANES):
        _read(x, row, height, z)
        real_transform(z, plan)
        for lane in range(min(LANES, height - row)):
            to = 2 * (row + lane)
            for k in range(columns):
                # Lanes that are left over have the last column again.
                at = 2 * places[min(k, places.shape[0] - 1)]
                plane[k // LANES, to, k % LANES] = z[at, lane]
                plane[k // LANES, to + 1, k % LANES] = z[at + 1, lane]


@inline
def _read_column(x, column):
    """The only column of a plane, in every lane."""
    for i in range(column.shape[0] // 2):
        value = np.float64(x[i, 0]) if i < x.shape[0] and x.shape[1] > 0 else 0.0
        for lane in range(LANES):
            column[2 * i, lane] = value
            column[2 * i + 1, lane] = 0.0


@inline
def _write_ends(column, places, out):
    """The first and the last column, whose rows are real: the transform of both is that of one complex column."""
    height, last = out.shape[0], out.shape[1] - 1
    for k in range(0, height, max(height // 2, 1)):
        at = 2 * places[k]
        _set(out[k, 0], column[at, 0], 0.0)
        _set(out[k, last], column[at + 1, 0], 0.0)
    for k in range(1, height // 2):
        at, mirrored = 2 * places[k], 2 * places[height - k]
        re, im = column[at, 0], column[at + 1, 0]
        odd = 0.5 * (re - column[mirrored, 0])
        even = 0.5 * (im + column[mirrored + 1, 0])
        _set(out[k, 0], re - odd, im - even)
        _set(out[height - k, 0], re - odd, -(im - even))
        _set(out[k, last], even, -odd)
        _set(out[height - k, last], even, odd)


@kernel
def rfft_planes(x, row_plan, column_plan, z, plane, out):
    """The transform of planes, of their rows and then of their columns; half of the columns and one.

    Args:
        x: float32[planes, rows, cells], cut or filled up with zeros to H rows of W cells.
        row_plan: of W / 2 points, any if W is 1. column_plan: of H points.
        z: scratch float64[W, LANES]. plane: scratch float64[W / 2 / LANES, rounded up, 2 H, LANES].
        out: float32[planes, H, W // 2 + 1, 2], real and imaginary parts.

    Source: tflite/kernels/rfft2d.cc
    """
    planes, height, columns = out.shape[0], out.shape[1], out.shape[2]
    places = column_plan[2]
    first, last = (0, 1) if columns == 1 else (1, columns - 1)
    for p in range(planes):
        if columns == 1:
            _read_column(x[p], plane[0])
        else:
            _transform_rows(x[p], row_plan, z, plane)
        for group in range(plane.shape[0]):
            transform(plane[group], column_plan)
        for i in range(height):
            at = 2 * places[i]
            for k in range(first, last):
                column = plane[k // LANES]
                _set(out[p, i, k], column[at, k % LANES], column[at + 1, k % LANES])
        if columns > 1:
            _write_ends(plane[0], places, out[p])
