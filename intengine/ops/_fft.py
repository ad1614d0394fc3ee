"""What the kernels of Fourier transforms need to know about a number of points.

How each factor is computed decides its last bit, and is kept as Ooura's split-radix package has it; see
`intengine_kernels.fft` for the steps that they belong to.

Source: T. Ooura, General Purpose FFT Package (fftsg), whose 2-D form LiteRT calls
"""

import functools
import math

import numpy as np
from intengine_kernels.double import cos_double, sin_double
from intengine_kernels.fft import MIDDLE
from intengine_kernels.isa.doubles import LANES
from intengine_kernels.libm.trigonometric import cos
from numpy.typing import NDArray

from intengine.step import PLAIN_WORK, Scratch

Floats = NDArray[np.float64]
Plan = tuple[Floats, Floats, NDArray[np.int32], Floats]
_QUARTER_TURN = math.pi / 4
#: Points of a transform, at most: its tables and work space take a hundred bytes for each.
MOST = 2**24


def _circle(delta: float, steps: range) -> tuple[Floats, Floats]:
    angles = delta * np.array(steps, np.float64)
    cosines, sines = np.empty_like(angles), np.empty_like(angles)
    cos_double(angles, cosines)
    sin_double(angles, sines)
    return cosines, sines


def _plain_factors(size: int, *, first: bool) -> Floats:
    """float64[size / 4, 4]: exp(i 2 pi j / size) and its cube, for the third and fourth block of a plain step.

    Past the middle they mirror those before it. In the first step of a long transform odd ones are means of their
    neighbours, stretched.
    """
    half = size // 8
    delta = _QUARTER_TURN / (size // 2)
    c1, s1 = _circle(delta, range(0, 4 * half, 4))
    c3, s3 = _circle(3 * delta, range(0, 4 * half, 4))
    if size == 16:
        c3[1:], s3[1:] = s1[1:], c1[1:]
    if first and size >= 32:
        for table, end, angle in ((c1, MIDDLE, 4), (s1, MIDDLE, 4), (c3, -MIDDLE, 12), (s3, MIDDLE, 12)):
            even = np.append(table[::2], end)
            table[1::2] = 0.5 / cos(np.float64(delta * angle)) * (even[:-1] + even[1:])
    # The middle itself is exp(i pi / 4), which the step treats apart, as it does the first one.
    c1, s1 = np.concatenate([c1, [0.0], s1[:0:-1]]), np.concatenate([s1, [0.0], c1[:0:-1]])
    c3, s3 = np.concatenate([c3, [0.0], -s3[:0:-1]]), np.concatenate([s3, [0.0], -c3[:0:-1]])
    return np.stack([c1, s1, c3, s3], axis=1)


def _turned_factors(size: int) -> Floats:
    """float64[size / 4, 8]: c1, s1, c3, s3 of the first half of a turned block, and then those of its second half."""
    quarter, middle = size // 4, size // 8
    delta = _QUARTER_TURN / size
    c1, s1 = _circle(delta, range(0, 4 * quarter, 4))
    c3, s3 = _circle(3 * delta, range(0, 4 * quarter, 4))
    if size > 4:
        c3[middle], s3[middle] = s1[middle], c1[middle]
    if size == 16:
        c3[3], s3[3] = -s1[1], c1[1]
    # exp(i pi (quarter + j) / size) and its cube, from the mirrored places; the first has its own form.
    c1_high, s1_high = np.append(0.0, s1[:0:-1]), np.append(0.0, c1[:0:-1])
    c3_high, s3_high = np.append(0.0, -s3[:0:-1]), np.append(0.0, -c3[:0:-1])
    return np.stack([c1, s1, c3, s3, c1_high, s1_high, c3_high, s3_high], axis=1)


def _last_factors(points: int) -> Floats:
    """float64[points / 2 - 1, 2]: c, s that the difference of mirrored frequencies is turned by."""
    if points < 4:
        return np.empty((0, 2))
    eighth = points // 4
    cosine, sine = _circle(_QUARTER_TURN / eighth, range(eighth))
    table = np.concatenate([0.5 * cosine, [0.5 * MIDDLE], 0.5 * sine[:0:-1]])
    return np.stack([0.5 - table[:0:-1], table[1:]], axis=1)


@functools.lru_cache(16)
def plan(points: int) -> Plan:
    """The plan of `intengine_kernels.fft` for N complex points, or 2 N real ones; N a power of two."""
    plain, turned = [np.empty((0, 4))], [np.empty((0, 8))]
    order, stride, size = np.array([0]), 1, points
    while size >= 4:
        plain.append(_plain_factors(size, first=size == points))
        if size < points:
            turned.append(_turned_factors(size))
        order = (order[:, np.newaxis] + stride * np.array([0, 2, 1, 3])).reshape(-1)
        size, stride = size // 4, stride * 4
    if size == 2:
        order = (order[:, np.newaxis] + stride * np.array([0, 1])).reshape(-1)
    places = np.argsort(order).astype(np.int32)
    return np.concatenate(plain), np.concatenate(turned), places, _last_factors(points)


def side_by_side(points: int) -> Scratch:
    """Where kernels transform so many complex points."""
    return Scratch(np.dtype(np.float64), (2 * points, LANES))


def work(points: int) -> int:
    """Of one transform, as `Call.work` counts it."""
    return PLAIN_WORK * points * (points.bit_length() + 4)
