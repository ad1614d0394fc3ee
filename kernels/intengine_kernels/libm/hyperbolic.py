"""expm1 and tanh of float32, and tanh of float64."""

import numpy as np

from intengine_kernels.jit import formula
from intengine_kernels.libm import tables
from intengine_kernels.libm.arithmetic import choose
from intengine_kernels.libm.exp import exp


def _float32(*values: str) -> list[np.float32]:
    return [np.float32(value) for value in tables.floats(values)]


_LN2_HIGH, _LN2_LOW = _float32("0x1.62e3p-1", "0x1.2fefa2p-17")
#: ln 2 / 2, 3/2 ln 2, 1 / ln 2.
_HALF_LN2, _NEAR, _INVERSE_LN2 = _float32("0x1.62e430p-2", "0x1.0a2b24p+0", "0x1.715476p+0")
#: Coefficients of the remainder.
_Q1, _Q2, _Q3, _Q4, _Q5 = _float32(
    "-0x1.111112p-5", "0x1.a01a02p-10", "-0x1.4ce19ap-14", "0x1.0cfca8p-18", "-0x1.afdb76p-23"
)
_ZERO, _QUARTER, _HALF, _ONE, _TWO, _THREE, _SIX = (np.float32(x) for x in (0, 0.25, 0.5, 1, 2, 3, 6))
#: Beyond them -1, and infinity.
_LEAST, _MOST = _float32("-0x1.2b708ap+4", "0x1.62e430p+6")


@formula
def expm1f(x):
    """exp(x) - 1, float32: 2**k (1 + expm1(r)) - 1 with x = k ln 2 + r, and a rational remainder; all in float32.

    Source: glibc sysdeps/ieee754/flt-32/s_expm1f.c
    """
    a = choose((x > _LEAST) & (x <= _MOST), x, _ZERO)
    size = np.abs(a)
    # k is nearest, but 1 up to 3/2 ln 2; r is in two parts.
    nearest = np.trunc(_INVERSE_LN2 * a + choose(a < _ZERO, -_HALF, _HALF))
    k = choose(size < _NEAR, choose(a < _ZERO, -_ONE, _ONE), nearest)
    k = choose(size > _HALF_LN2, k, _ZERO)
    high = a - k * _LN2_HIGH
    low = k * _LN2_LOW
    r = high - low
    c = (high - r) - low
    # expm1(r) = r + r**2 / 2 + ...
    rh = _HALF * r
    rr = r * rh
    r1 = _ONE + rr * (_Q1 + rr * (_Q2 + rr * (_Q3 + rr * (_Q4 + rr * _Q5))))
    t = _THREE - r1 * rh
    e = rr * ((r1 - t) / (_SIX - r * t))
    y0 = r - (r * e - rr)
    e = (r * (e - c) - c) - rr
    # Scaled back by 2**k, in the order that loses least.
    bits = np.int32(k)
    power = _power(bits)
    inverse = _power(-bits)
    below = _scaled(_ONE - (e - r), bits, power) - _ONE
    middle = _scaled((_ONE - inverse) - (e - r), bits, power)
    above = _scaled((r - (e + inverse)) + _ONE, bits, power)
    first = choose(r < -_QUARTER, -_TWO * (e - (r + _HALF)), _ONE + _TWO * (r - e))
    y = choose(k < np.float32(23), middle, above)
    y = choose((k <= -_TWO) | (k > np.float32(56)), below, y)
    y = choose(k == _ONE, first, y)
    y = choose(k == -_ONE, _HALF * (r - e) - _HALF, y)
    y = choose(k == _ZERO, y0, y)
    y = choose(size < np.float32(2.0**-25), a, y)
    y = choose(x <= _LEAST, -_ONE, y)
    return choose(x > _MOST, np.float32(np.inf), choose(x != x, x, y))


@formula
def _power(k):
    """2**k, float32, of -127 < k < 128; else something."""
    return np.int32((k + np.int32(127)) << np.int32(23)).view(np.float32)


@formula
def _scaled(x, k, power):
    """x * 2**k, also for k = 128, which no float32 is."""
    return choose(k > np.int32(127), x * _TWO * np.float32(2.0**127), x * power)


@formula
def tanhf(x):
    """tanh(x), float32: 1 - 2 / (t + 2) with t = expm1(2 |x|) for |x| >= 1, else -t / (t + 2) with t = expm1(-2 |x|).

    Source: glibc sysdeps/ieee754/flt-32/s_tanhf.c
    """
    size = np.abs(x)
    end = np.float32(22)
    size = choose(size < end, size, end)
    large = size >= _ONE
    t = expm1f(choose(large, size + size, -(size + size)))
    y = choose(large, _ONE - _TWO / (t + _TWO), -t / (t + _TWO))
    y = choose(size >= end, _ONE, y)
    y = choose(x < _ZERO, -y, y)
    # Below 2**-55 what is x * (1 + x).
    return choose((np.abs(x) >= np.float32(2.0**-55)) & (x == x), y, x)


#: 1 / n! from n = 1 on.
_FACTORIALS = [1.0]
for _i in range(2, 20):
    _FACTORIALS.append(_FACTORIALS[-1] * _i)
_SERIES = tuple(1.0 / n for n in _FACTORIALS)


@formula
def tanh(x):
    """tanh(x), float64, within 2 units in the last place: t / (t + 2) with t = expm1(2 x), a series up to 1/4."""
    a = 2.0 * np.abs(x)
    near = choose(a < 0.5, a, 0.0)
    t = near * 0.0
    for c in _SERIES[::-1]:
        t = (t + c) * near
    t = choose(a < 0.5, t, exp(choose(a < 50.0, a, 50.0)) - 1.0)
    return choose(x == x, np.copysign(t / (t + 2.0), x), x)
