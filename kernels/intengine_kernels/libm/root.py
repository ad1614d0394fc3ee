"""The length of a vector and the cube root, float64."""

import numpy as np

from intengine_kernels.jit import formula
from intengine_kernels.libm.arithmetic import choose, fma


@formula
def _length(a, b):
    """sqrt(a**2 + b**2), a >= b, less what its square has too much.

    Source: C. F. Borges, An improved algorithm for hypot(a, b), 2019
    """
    h = np.sqrt(a * a + b * b)
    over = h - b
    steep1 = a * (2.0 * over - a)
    steep2 = (over - 2.0 * (a - b)) * over
    beyond = h - a
    flat1 = 2.0 * beyond * (a - 2.0 * b)
    flat2 = (4.0 * beyond - b) * b + beyond * beyond
    steep = h <= 2.0 * b
    return h - choose(steep, steep1 + steep2, flat1 + flat2) / (2.0 * h)


@formula
def hypot(x, y):
    """sqrt(x**2 + y**2), float64.

    Source: glibc sysdeps/ieee754/dbl-64/e_hypot.c
    """
    finite = (np.abs(x) < np.inf) & (np.abs(y) < np.inf)
    a, b = choose(finite, np.abs(x), 1.0), choose(finite, np.abs(y), 1.0)
    a, b = choose(a < b, b, a), choose(a < b, a, b)
    scale = choose(b < 2.0**-459, 2.0**600, 1.0)
    scale = choose(a > 2.0**511, 2.0**-600, scale)
    far = b <= a * 2.0**-54
    y_far = a + b
    a, b = choose(far, 1.0, a * scale), choose(far, 1.0, b * scale)
    found = choose(far, y_far, _length(a, b) / scale)
    infinite = (np.abs(x) == np.inf) | (np.abs(y) == np.inf)
    return choose(finite, found, choose(infinite, np.inf, np.nan))


@formula
def cbrt(x):
    """The cube root, float64: 2**(e / 3) of a line in the fraction, then Newton's steps, the last in two parts."""
    size = np.abs(x)
    plain = (size > 0.0) & (size < np.inf)
    tiny = size < 2.0**-1022
    a = choose(plain, size, 1.0) * choose(tiny & plain, 2.0**54, 1.0)
    bits = np.float64(a).view(np.int64)
    y = np.int64(bits // 3 + (np.int64(0x2A9F7893) << 32)).view(np.float64)
    for _ in range(5):
        y = y - (y - a / (y * y)) / 3.0
    square = y * y
    cube = square * y
    error = fma(square, y, -cube) + fma(y, y, -square) * y
    y = y - ((cube - a) + error) / (3.0 * square)
    y = y * choose(tiny & plain, 2.0**-18, 1.0)
    return np.copysign(choose(plain, y, size), x)
