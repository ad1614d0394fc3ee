"""The split-radix Fourier transform in float64, with the roundings of one published implementation.

A transform of N points is a sum over blocks of two kinds. The plain kind (1) is a DFT; the turned kind (2) is a DFT
whose input still waits for the factors exp(i pi j / N) that the step above it left out. One step of radix 4 cuts a
block into four of a quarter of its size, of kinds 1 2 1 1 below a plain and 1 2 1 2 below a turned block; blocks of
two or one points end it. All blocks of a kind are computed at once. What decides the rounding is kept as Ooura's
split-radix package has it: which products are formed, how they are added, and how each factor is computed.

Source: T. Ooura, General Purpose FFT Package (fftsg), whose 2-D form LiteRT calls
"""

import functools
import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from intengine_kernels.libm.trigonometric import cos, sin
from numpy.typing import NDArray

Floats = NDArray[np.float64]
_QUARTER_TURN = math.pi / 4
_SQRT_HALF = float(cos(np.float64(_QUARTER_TURN)))


@dataclass(frozen=True, eq=False)
class Pair:
    """Real and imaginary parts, float64 of the same shape."""

    re: Floats
    im: Floats

    def __add__(self, other: "Pair") -> "Pair":
        return Pair(self.re + other.re, self.im + other.im)

    def __sub__(self, other: "Pair") -> "Pair":
        return Pair(self.re - other.re, self.im - other.im)

    def __getitem__(self, key: Any) -> "Pair":
        return Pair(self.re[key], self.im[key])

    def times(self, c: Any, s: Any) -> "Pair":
        """Multiplied by c + i s."""
        return Pair(c * self.re - s * self.im, c * self.im + s * self.re)

    def turned(self) -> "Pair":
        """Multiplied by i."""
        return Pair(-self.im, self.re)

    def eighth(self) -> "Pair":
        """Multiplied by exp(i pi / 4), with one product for each part."""
        return Pair(_SQRT_HALF * (self.re - self.im), _SQRT_HALF * (self.im + self.re))


def _circle(delta: float, steps: range) -> tuple[Floats, Floats]:
    angles = delta * np.array(steps, np.float64)
    return cos(angles), sin(angles)


def _columns(*factors: Floats) -> tuple[Floats, ...]:
    return tuple(factor[:, np.newaxis] for factor in factors)


@functools.lru_cache(64)
def _plain_factors(size: int, *, first: bool) -> tuple[Floats, ...]:
    """c1, s1, c3, s3 [size / 4, 1]: exp(i 2 pi j / size) and its cube, for the third and fourth block of a plain step.

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
        middle = _SQRT_HALF
        for table, end, angle in ((c1, middle, 4), (s1, middle, 4), (c3, -middle, 12), (s3, middle, 12)):
            even = np.append(table[::2], end)
            table[1::2] = 0.5 / cos(np.float64(delta * angle)) * (even[:-1] + even[1:])
    # The middle itself is exp(i pi / 4), which the step treats apart.
    c1, s1 = np.concatenate([c1, [0.0], s1[:0:-1]]), np.concatenate([s1, [0.0], c1[:0:-1]])
    return _columns(c1, s1, np.concatenate([c3, [0.0], -s3[:0:-1]]), np.concatenate([s3, [0.0], -c3[:0:-1]]))


def _plain_step(x: tuple[Pair, ...], size: int, *, first: bool) -> list[Pair]:
    even, odd = x[0] + x[2], x[0] - x[2]
    even2, odd2 = x[1] + x[3], (x[1] - x[3]).turned()
    third, fourth = odd + odd2, odd - odd2
    blocks = [even + even2, even - even2, third, fourth]
    if size == 4:
        return blocks
    if size > 8:
        c1, s1, c3, s3 = _plain_factors(size, first=first)
        blocks[2:] = third.times(c1, s1), fourth.times(c3, s3)
    middle = size // 8
    at = third[:, middle].eighth()
    blocks[2].re[:, middle], blocks[2].im[:, middle] = at.re, at.im
    at = fourth[:, middle].eighth().turned()
    blocks[3].re[:, middle], blocks[3].im[:, middle] = at.re, at.im
    for block, start in zip(blocks[2:], (third, fourth), strict=True):
        block.re[:, 0], block.im[:, 0] = start.re[:, 0], start.im[:, 0]
    return blocks


@functools.lru_cache(64)
def _turned_factors(size: int) -> tuple[Floats, ...]:
    """c1, s1, c3, s3 [size / 4, 1] of the first half of a turned block, and then those of its second half."""
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
    return _columns(c1, s1, c3, s3, c1_high, s1_high, c3_high, s3_high)


def _turned_step(x: tuple[Pair, ...], size: int) -> list[Pair]:
    low, low3 = x[0] + x[2].turned(), x[0] - x[2].turned()
    high, high3 = x[1] + x[3].turned(), x[1] - x[3].turned()
    c1, s1, c3, s3, c1_high, s1_high, c3_high, s3_high = _turned_factors(size)
    first, first3 = high[:, 0].eighth(), high3[:, 0].eighth().turned()
    low, high = low.times(c1, s1), high.times(c1_high, s1_high)
    low3, high3 = low3.times(c3, s3), high3.times(c3_high, s3_high)
    high.re[:, 0], high.im[:, 0] = first.re, first.im
    high3.re[:, 0], high3.im[:, 0] = first3.re, first3.im
    return [low + high, low - high, low3 + high3, low3 - high3]


def transform(x: Pair) -> Pair:
    """sum_j x[..., j] exp(+i 2 pi j k / N) for k = 0..N-1.

    Args:
        x: float64[rows, N], N a power of two.
    """
    rows, points = x.re.shape
    kinds, order, stride = np.array([1]), np.array([0]), 1
    # Blocks, their points, and rows innermost, which are many where blocks are short.
    x = Pair(*(np.ascontiguousarray(part.T)[np.newaxis] for part in (x.re, x.im)))
    size = points
    while size >= 4:
        blocks = Pair(*(np.empty((len(kinds), 4, size // 4, rows)) for _ in range(2)))
        for kind in (1, 2):
            chosen = np.flatnonzero(kinds == kind)
            quarters = tuple(x[chosen, i * size // 4 : (i + 1) * size // 4] for i in range(4))
            parts = _plain_step(quarters, size, first=size == points) if kind == 1 else _turned_step(quarters, size)
            for i, part in enumerate(parts):
                blocks.re[chosen, i], blocks.im[chosen, i] = part.re, part.im
        order = (order[:, np.newaxis] + stride * np.array([0, 2, 1, 3])).reshape(-1)
        kinds = np.where(kinds[:, np.newaxis] == 1, [1, 2, 1, 1], [1, 2, 1, 2]).reshape(-1)
        size, stride = size // 4, stride * 4
        x = Pair(blocks.re.reshape(-1, size, rows), blocks.im.reshape(-1, size, rows))
    if size == 2:
        left, right = x[:, 0], x[:, 1]
        is_turned = (kinds == 2)[:, np.newaxis]
        right = Pair(np.where(is_turned, -right.im, right.re), np.where(is_turned, right.re, right.im))
        ends = left + right, left - right
        x = Pair(np.stack([e.re for e in ends], axis=1), np.stack([e.im for e in ends], axis=1))
        order = (order[:, np.newaxis] + stride * np.array([0, 1])).reshape(-1)
    back = np.argsort(order)
    return Pair(*(np.ascontiguousarray(part.reshape(points, rows)[back].T) for part in (x.re, x.im)))


@functools.lru_cache(64)
def _last_factors(quarter: int) -> tuple[Floats, Floats]:
    """c, s [quarter - 1]: what the difference of mirrored points is turned by."""
    eighth = quarter // 2
    cosine, sine = _circle(_QUARTER_TURN / eighth, range(eighth))
    table = np.concatenate([0.5 * cosine, [0.5 * _SQRT_HALF], 0.5 * sine[:0:-1]])
    return 0.5 - table[:0:-1], table[1:]


def real_transform(x: Floats) -> tuple[Pair, Floats]:
    """sum_j x[..., j] exp(+i 2 pi j k / N) for k = 0..N/2-1, and for k = N/2, which is real.

    Args:
        x: float64[rows, N], N >= 2 a power of two.
    """
    points = x.shape[1]
    z = transform(Pair(x[:, 0::2], x[:, 1::2]))
    re, im = z.re.copy(), z.im.copy()
    if points > 4:
        quarter = points // 4
        c, s = _last_factors(quarter)
        low, high = z[:, 1:quarter], z[:, : points // 2 - quarter : -1]
        change = Pair(low.re - high.re, low.im + high.im).times(c, s)
        re[:, 1:quarter], im[:, 1:quarter] = low.re - change.re, low.im - change.im
        re[:, : points // 2 - quarter : -1], im[:, : points // 2 - quarter : -1] = (
            high.re + change.re,
            high.im - change.im,
        )
    last = re[:, 0] - im[:, 0]
    re[:, 0] += im[:, 0]
    im[:, 0] = 0.0
    return Pair(re, im), last
