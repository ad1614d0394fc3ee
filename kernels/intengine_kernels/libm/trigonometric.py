"""Sine and cosine, in both precisions."""

import functools

import numpy as np

from intengine_kernels.jit import formula
from intengine_kernels.libm import tables
from intengine_kernels.libm.arithmetic import choose, fma

_HALF_PI = float.fromhex("0x1.921FB54442D18p0")
#: 2**24 * 2 / pi.
_QUARTERS = float.fromhex("0x1.45F306DC9C883p+23")
#: pi / 2**63.
_UNIT = float.fromhex("0x1.921FB54442D18p-62")
_C1, _C2, _C3, _C4 = tables.floats(
    ("-0x1.ffffffd0c621cp-2", "0x1.55553e1068f19p-5", "-0x1.6c087e89a359dp-10", "0x1.99343027bf8c3p-16")
)
_S1, _S2, _S3 = tables.floats(("-0x1.555545995a603p-3", "0x1.1107605230bc4p-7", "-0x1.994eb3774cf24p-13"))
#: The first float32 whose upper 12 bits are those of pi / 4.
_START = np.float32(0.75)


@functools.cache
def pi_by(bits: int) -> int:
    """pi * 2**bits = 16 atan(1/5) - 4 atan(1/239)."""

    def arctangent(n: int) -> int:
        total, power, i = 0, (1 << bits) // n, 1
        while power:
            total += power // i if i % 4 == 1 else -(power // i)
            power //= n * n
            i += 2
        return total

    return 16 * arctangent(5) - 4 * arctangent(239)


PI = pi_by(tables.BITS)
#: 32 bits of 4 / pi from every eighth bit on, the first of them 8 bits.
_FOUR_BY_PI = (4 << (2 * tables.BITS)) // PI
_WINDOWS = np.array([(_FOUR_BY_PI >> (tables.BITS - 7 - 8 * i)) & 0xFFFFFFFF for i in range(24)], np.int64)


@formula
def _reduce_large(x):
    """(quadrant, rest in -pi/4..pi/4) of a float32 from 2 on, by a product of integers.

    Source: glibc sysdeps/ieee754/flt-32/s_sincosf.h
    """
    bits = np.int64(np.float32(x).view(np.int32))
    first = (bits >> 26) & 15
    mantissa = ((bits & 0x7FFFFF) | 0x800000) << ((bits >> 23) & 7)
    high = ((mantissa * _WINDOWS[first]) & 0xFFFFFFFF) << 32
    low = (mantissa * _WINDOWS[first + 8]) >> 32
    fraction = (high | low) + mantissa * _WINDOWS[first + 4]
    quadrant = ((fraction + (1 << 61)) >> 62) & 3
    return quadrant, np.float64(fraction - (quadrant << 62)) * _UNIT


@formula
def _sine_or_cosine(x, turn):
    """sin(x + turn * pi / 2), float32.

    Source: glibc sysdeps/ieee754/flt-32/s_sinf.c, sincosf_poly.h
    """
    size = np.abs(x)
    finite = size < np.float32(np.inf)
    near = size < np.float32(120)
    small = np.float64(choose(near, x, np.float32(0)))
    quadrant = (np.int64(small * _QUARTERS) + 0x800000) >> 24
    # Below pi/4 nothing is taken away.
    quadrant = choose(size < _START, np.int64(0), quadrant)
    rest = fma(-np.float64(quadrant), _HALF_PI, small)
    large_quadrant, large_rest = _reduce_large(choose(near | ~finite, np.float32(120), size))
    negative = x < np.float32(0)
    # The sine of -x: quadrants and rest change their sign.
    large_quadrant = choose(negative, -large_quadrant, large_quadrant)
    large_rest = choose(negative, -large_rest, large_rest)
    quadrant = choose(near, quadrant, large_quadrant) + turn
    rest = choose(near, rest, large_rest)
    r2 = rest * rest
    r3 = rest * r2
    r4 = r2 * r2
    sine = fma(r3 * r2, fma(r2, _S3, _S2), fma(r3, _S1, rest))
    cosine = fma(r4 * r2, fma(r2, _C4, _C3), fma(r4, _C2, fma(r2, _C1, 1.0)))
    y = choose((quadrant & 1) == 1, cosine, sine)
    y = np.float32(choose((quadrant & 2) == 2, -y, y))
    tiny = choose(turn == 0, x, np.float32(1))
    y = choose(size < np.float32(2.0**-12), tiny, y)
    return choose(finite, y, np.float32(np.nan))


@formula
def sinf(x):
    """sin(x), float32: a rest of pi / 2 and a polynomial in float64, rounded once."""
    return _sine_or_cosine(x, np.int64(0))


@formula
def cosf(x):
    """cos(x), float32: a rest of pi / 2 and a polynomial in float64, rounded once."""
    return _sine_or_cosine(x, np.int64(1))


#: sin(i / 128) and cos(i / 128), each as float64 and the rest.
_PLACES = [(i * tables.ONE) // 128 for i in range(112)]
_SIN, _SIN_REST = np.array([tables.split(tables.sine(x)) for x in _PLACES]).T.copy()
_COS, _COS_REST = np.array([tables.split(tables.cosine(x)) for x in _PLACES]).T.copy()
#: To this numbers are added to round them to 128ths.
_BIG = float.fromhex("0x1.8p45")
_SN3, _SN5 = -1.66666666666664880952546298448555e-01, 8.33333214285722277379541354343671e-03
_CS2, _CS4, _CS6 = (
    4.99999999999999999999950396842453e-01,
    -4.16666666666664434524222570944589e-02,
    1.38888874007937613028114285595617e-03,
)
_T1, _T2, _T3, _T4, _T5 = tables.floats(
    (
        "-0x1.5555555555555p-3", "0x1.1111111110ECEp-7", "-0x1.A01A019DB08B8p-13", "0x1.71DE27B9A7ED9p-19",
        "-0x1.ADDFFC2FCDF59p-26",
    )
)  # fmt: skip


@formula
def _sine_of(x, rest):
    """sin(x + rest), |x| < 0.86: a polynomial below 0.126, else the sine of a sum with a table.

    Source: glibc sysdeps/ieee754/dbl-64/s_sin.c
    """
    near = np.abs(x) < 0.126
    xx = x * x
    p = fma(fma(fma(fma(_T5, xx, _T4), xx, _T3), xx, _T2), xx, _T1)
    taylor = x + fma(fma(p, x, -0.5 * rest), xx, rest)
    size = np.abs(x)
    rest = choose(x <= 0.0, -rest, rest)
    place = size + _BIG
    t = size - (place - _BIG)
    i = np.int64((place - _BIG) * 128.0)
    tt = t * t
    s = t + fma(t * tt, fma(tt, _SN5, _SN3), rest)
    c = fma(t, rest, tt * fma(tt, fma(tt, _CS6, _CS4), _CS2))
    sine = _SIN[i]
    y = sine + fma(_COS[i], s, fma(-sine, c, fma(s, _COS_REST[i], _SIN_REST[i])))
    return choose(near, taylor, np.copysign(y, x))


@formula
def _cosine_of(x, rest):
    """cos(x + rest), |x| < 0.86: the cosine of a sum with a table.

    Source: glibc sysdeps/ieee754/dbl-64/s_sin.c
    """
    size = np.abs(x)
    place = size + _BIG
    t = size - (place - _BIG) + choose(x < 0.0, -rest, rest)
    i = np.int64((place - _BIG) * 128.0)
    tt = t * t
    s = fma(t * tt, fma(tt, _SN5, _SN3), t)
    c = tt * fma(tt, fma(tt, _CS6, _CS4), _CS2)
    cosine = _COS[i]
    return cosine + fma(-_SIN[i], s, fma(-cosine, c, fma(-s, _SIN_REST[i], _COS_REST[i])))


_HALF_PI_REST = float.fromhex("0x1.1A62633145C07p-54")
_BY_HALF_PI = float.fromhex("0x1.45F306DC9C883p-1")
#: pi / 2 in parts.
_P1, _P2, _P3, _P4 = tables.floats(
    ("0x1.921FB58000000p0", "-0x1.DDE973C000000p-27", "-0x1.CB3B398000000p-55", "-0x1.d747f23e32ed7p-83")
)
_SHIFT = float.fromhex("0x1.8p52")
#: Where the polynomials and tables end, and where pi / 2 - |x| does.
_END, _SECOND_END = (np.int64(bits << 32).view(np.float64) for bits in (0x3FEB6000, 0x400368FD))
#: Arguments from here on need more of pi.
LIMIT = float(np.int64(0x419921FB << 32).view(np.float64))


@formula
def _quadrant_of(x):
    """(n, a, rest): x = n pi / 2 + a + rest, of |x| < LIMIT."""
    whole = fma(x, _BY_HALF_PI, _SHIFT) - _SHIFT
    y = fma(-whole, _P2, fma(-whole, _P1, x))
    second = fma(-whole, _P3, y)
    rest = fma(-whole, _P3, y - second)
    a = fma(-whole, _P4, second)
    return np.int64(whole), a, rest + fma(-whole, _P4, second - a)


@formula
def of_quadrant(n, a, rest):
    """sin(n pi / 2 + a + rest)."""
    y = choose((n & 1) == 1, _cosine_of(a, rest), _sine_of(a, rest))
    return choose((n & 2) == 2, -y, y)


@formula
def sin(x):
    """sin(x), float64, of |x| < LIMIT; NaN beyond.

    Source: glibc sysdeps/ieee754/dbl-64/s_sin.c
    """
    size = np.abs(x)
    inside = size < LIMIT
    n, a, rest = _quadrant_of(choose(inside, x, 0.0))
    y = of_quadrant(n, a, rest)
    left = _HALF_PI - choose((size >= _END) & (size < _SECOND_END), size, 1.0)
    turned = np.copysign(_cosine_of(left, _HALF_PI_REST), x)
    y = choose(size < _SECOND_END, turned, y)
    y = choose(size < _END, _sine_of(choose(size < _END, x, 0.0), 0.0), y)
    y = choose(size < 2.0**-26, x, y)
    return choose(inside, y, np.nan)


@formula
def cos(x):
    """cos(x), float64, of |x| < LIMIT; NaN beyond.

    Source: glibc sysdeps/ieee754/dbl-64/s_sin.c
    """
    size = np.abs(x)
    inside = size < LIMIT
    n, a, rest = _quadrant_of(choose(inside, x, 0.0))
    y = of_quadrant(n + 1, a, rest)
    left = _HALF_PI - choose((size >= _END) & (size < _SECOND_END), size, 1.0)
    a = left + _HALF_PI_REST
    y = choose(size < _SECOND_END, _sine_of(a, (left - a) + _HALF_PI_REST), y)
    y = choose(size < _END, _cosine_of(choose(size < _END, x, 0.0), 0.0), y)
    return choose(inside, y, np.nan)


def far_quadrant(x: float) -> tuple[int, float, float]:
    """(n, a, rest) with x = n pi / 2 + a + rest of any finite x, in integers; n modulo 4."""
    bits = 1024 + tables.BITS
    half_pi = pi_by(bits) // 2
    numerator, denominator = x.as_integer_ratio()
    value = (numerator << bits) // denominator
    n = (value + half_pi // 2) // half_pi
    a, rest = tables.split((value - n * half_pi) >> (bits - tables.BITS))
    return n % 4, a, rest
