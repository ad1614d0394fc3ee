"""The split-radix Fourier transform in float64, with the roundings of one published implementation.

A transform of N points is a sum over blocks of two kinds. The plain kind is a DFT; the turned kind is a DFT whose input
still waits for the factors exp(i pi j / N) that the step above it left out. One step of radix 4 cuts a block into four
of a quarter of its size: plain, turned, plain, plain below a plain block, and plain, turned, plain, turned below a
turned one; blocks of two or one points end it. What decides the rounding is kept as Ooura's split-radix package has
it: which products are formed, how they are added, and how each factor is computed.

Several transforms are computed side by side, in place, in `z`: float64[2 N, LANES], the real and the imaginary part of
each point in turn. A `plan` is what they need to know about N, a tuple:

- float64[.., 4]: for each step the factors c1, s1, c3, s3 of plain blocks, for each point of a quarter;
- float64[.., 8]: for each step but the first those of turned blocks, of their first half and then of their second;
- int32[N]: where each frequency lies when all steps are done;
- float64[N / 2 - 1, 2]: what the difference of mirrored frequencies is turned by, where 2 N points are real.

Source: T. Ooura, General Purpose FFT Package (fftsg), whose 2-D form LiteRT calls
"""

import math

import numpy as np

from intengine_kernels.isa.doubles import load_row, store_row
from intengine_kernels.jit import inline, subroutine
from intengine_kernels.libm.trigonometric import cos

#: cos(pi / 4).
MIDDLE = float(cos(np.float64(math.pi / 4)))


@inline
def point(z, at):
    """The real and imaginary parts of a point."""
    return load_row(z, 2 * at), load_row(z, 2 * at + 1)


@inline
def _put(z, at, value):
    store_row(z, 2 * at, value[0])
    store_row(z, 2 * at + 1, value[1])


@inline
def _sum(a, b):
    return a[0] + b[0], a[1] + b[1]


@inline
def _difference(a, b):
    return a[0] - b[0], a[1] - b[1]


@inline
def _times(a, c, s):
    """a (c + i s)."""
    return c * a[0] - s * a[1], c * a[1] + s * a[0]


@inline
def _turned(a):
    """a times i."""
    return -a[1], a[0]


@inline
def _eighth(a):
    """a exp(i pi / 4), with one product for each part."""
    return MIDDLE * (a[0] - a[1]), MIDDLE * (a[1] + a[0])


@inline
def _plain_step(z, first, quarter, factors):
    """Cut the plain block from point `first` on into quarters."""
    for j in range(quarter):
        at0, at1, at2, at3 = first + j, first + j + quarter, first + j + 2 * quarter, first + j + 3 * quarter
        x0, x1, x2, x3 = point(z, at0), point(z, at1), point(z, at2), point(z, at3)
        even, odd = _sum(x0, x2), _difference(x0, x2)
        even2, odd2 = _sum(x1, x3), _turned(_difference(x1, x3))
        third, fourth = _sum(odd, odd2), _difference(odd, odd2)
        if 2 * j == quarter:
            third, fourth = _eighth(third), _turned(_eighth(fourth))
        elif j > 0:
            third = _times(third, factors[j, 0], factors[j, 1])
            fourth = _times(fourth, factors[j, 2], factors[j, 3])
        _put(z, at0, _sum(even, even2))
        _put(z, at1, _difference(even, even2))
        _put(z, at2, third)
        _put(z, at3, fourth)


@inline
def _turned_step(z, first, quarter, factors):
    """Cut the turned block from point `first` on into quarters."""
    for j in range(quarter):
        at0, at1, at2, at3 = first + j, first + j + quarter, first + j + 2 * quarter, first + j + 3 * quarter
        x0, x1, x2, x3 = point(z, at0), point(z, at1), _turned(point(z, at2)), _turned(point(z, at3))
        low, low3 = _sum(x0, x2), _difference(x0, x2)
        high, high3 = _sum(x1, x3), _difference(x1, x3)
        low = _times(low, factors[j, 0], factors[j, 1])
        low3 = _times(low3, factors[j, 2], factors[j, 3])
        if j > 0:
            high = _times(high, factors[j, 4], factors[j, 5])
            high3 = _times(high3, factors[j, 6], factors[j, 7])
        else:
            high, high3 = _eighth(high), _turned(_eighth(high3))
        _put(z, at0, _sum(low, high))
        _put(z, at1, _difference(low, high))
        _put(z, at2, _sum(low3, high3))
        _put(z, at3, _difference(low3, high3))


@inline
def _is_turned(block):
    """Whether a block is turned: the second of four is, and the fourth if the block that it was cut from is."""
    while block & 3 == 3:
        block >>= 2
    return block & 3 == 1


@subroutine
def transform(z, plan):
    """Frequency k, sum_j z[j] exp(+i 2 pi j k / N), into place plan[2][k]."""
    plain, turned = plan[0], plan[1]
    points = size = z.shape[0] // 2
    step = 0
    while size >= 4:
        quarter = size // 4
        for block in range(points // size):
            if _is_turned(block):
                _turned_step(z, block * size, quarter, turned[step - points // 4 :])
            else:
                _plain_step(z, block * size, quarter, plain[step:])
        step += quarter
        size = quarter
    if size == 2:
        for block in range(points // 2):
            left, right = point(z, 2 * block), point(z, 2 * block + 1)
            if _is_turned(block):
                right = _turned(right)
            _put(z, 2 * block, _sum(left, right))
            _put(z, 2 * block + 1, _difference(left, right))


@inline
def real_transform(z, plan):
    """The same of 2 N real points, the even ones as real parts: the first N frequencies.

    The next one, which is real like the first, takes the place of that one's imaginary part.
    """
    transform(z, plan)
    places, last = plan[2], plan[3]
    points = places.shape[0]
    for k in range(1, points // 2):
        low, high = point(z, places[k]), point(z, places[points - k])
        change = _times((low[0] - high[0], low[1] + high[1]), last[k - 1, 0], last[k - 1, 1])
        _put(z, places[k], _difference(low, change))
        _put(z, places[points - k], (high[0] + change[0], high[1] - change[1]))
    re, im = point(z, 0)
    _put(z, 0, (re + im, re - im))
