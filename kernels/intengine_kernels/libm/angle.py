"""The angle of a point, in both precisions."""

import math

import numpy as np

from intengine_kernels.jit import formula
from intengine_kernels.libm import tables
from intengine_kernels.libm.arithmetic import choose, fma, two_sum
from intengine_kernels.libm.trigonometric import PI


def _of_bits(*bits: int) -> list[np.float32]:
    return list(np.array(bits, np.uint32).view(np.float32))


#: atan of 0.5, 1, 1.5 and infinity in two parts.
_HIGH0, _HIGH1, _HIGH2, _HIGH3 = _of_bits(0x3EED6338, 0x3F490FDA, 0x3F7B985E, 0x3FC90FDA)
_LOW0, _LOW1, _LOW2, _LOW3 = _of_bits(0x31AC3769, 0x33222168, 0x33140FB4, 0x33A22168)
_T0, _T1, _T2, _T3, _T4, _T5, _T6, _T7, _T8, _T9, _T10 = _of_bits(
    0x3EAAAAAB, 0xBE4CCCCD, 0x3E124925, 0xBDE38E38, 0x3DBA2E6E, 0xBD9D8795, 0x3D886B35, 0xBD6EF16B, 0x3D4BDA59,
    0xBD15A221, 0x3C8569D7,
)  # fmt: skip
_ZERO, _ONE, _TWO, _MIDDLE = (np.float32(x) for x in (0, 1, 2, 1.5))
_PI, _HALF_PI, _QUARTER_PI, _PI_REST = _of_bits(0x40490FDB, 0x3FC90FDB, 0x3F490FDB, 0xB3BBBD2E)


@formula
def _atanf(x):
    """atan(x) of x >= 0, float32: of (x - c) / (1 + x c), c among 0, 0.5, 1, 1.5 and infinity, in float32.

    Source: glibc sysdeps/ieee754/flt-32/s_atanf.c
    """
    a = choose(x < np.float32(2.0**25), x, _ONE)
    below0, below1 = a < np.float32(0.4375), a < np.float32(0.6875)
    below2, below3 = a < np.float32(1.1875), a < np.float32(2.4375)
    above = choose(below3, a - _MIDDLE, -_ONE)
    above = choose(below2, a - _ONE, above)
    above = choose(below1, _TWO * a - _ONE, above)
    below = choose(below3, _ONE + _MIDDLE * a, a)
    below = choose(below2, a + _ONE, below)
    below = choose(below1, _TWO + a, below)
    t = choose(below0, a, above / below)
    z = t * t
    w = z * z
    s1 = z * (_T0 + w * (_T2 + w * (_T4 + w * (_T6 + w * (_T8 + w * _T10)))))
    s2 = w * (_T1 + w * (_T3 + w * (_T5 + w * (_T7 + w * _T9))))
    high = choose(below1, _HIGH0, choose(below2, _HIGH1, choose(below3, _HIGH2, _HIGH3)))
    low = choose(below1, _LOW0, choose(below2, _LOW1, choose(below3, _LOW2, _LOW3)))
    y = choose(below0, t - t * (s1 + s2), high - ((t * (s1 + s2) - low) - t))
    y = choose(a < np.float32(2.0**-29), a, y)
    return choose(x < np.float32(2.0**25), y, _HIGH3 + _LOW3)


@formula
def atan2f(y, x):
    """The angle of (x, y), float32.

    Source: glibc sysdeps/ieee754/flt-32/e_atan2f.c
    """
    infinity = np.float32(np.inf)
    size_x, size_y = np.abs(x), np.abs(y)
    # Exponents apart, as the difference of the bits says.
    apart = (np.float32(size_y).view(np.int32) - np.float32(size_x).view(np.int32)) >> np.int32(23)
    left = np.copysign(_ONE, x) < _ZERO
    plain = (size_x > _ZERO) & (size_x < infinity) & (size_y > _ZERO) & (size_y < infinity)
    angle = _atanf(choose(plain, size_y, _ONE) / choose(plain, size_x, _ONE))
    is_one = x == _ONE
    angle = choose((apart > np.int32(60)) & ~is_one, _HALF_PI + np.float32(0.5) * _PI_REST, angle)
    angle = choose(left & (apart < np.int32(-60)), _ZERO, angle)
    angle = choose(left, _PI - (angle - _PI_REST), angle)
    both = choose(left, np.float32(3) * _QUARTER_PI, _QUARTER_PI)
    flat = choose(left, _PI, _ZERO)
    special = choose(size_y == infinity, choose(size_x == infinity, both, _HALF_PI), flat)
    special = choose((size_x == _ZERO) & (size_y > _ZERO), _HALF_PI, special)
    angle = np.copysign(choose(plain, angle, special), y)
    return choose((x != x) | (y != y), np.float32(np.nan), angle)


def _arctangent(i: int) -> tuple[float, float]:
    """atan(i / 64) in two parts: the imaginary part of log(64 + i), a series of z = i / (64 + sqrt(64**2 + i**2))."""
    z = tables.ONE * i // 64
    for _ in range(3):
        root = math.isqrt(tables.ONE * tables.ONE + z * z)
        z = z * tables.ONE // (tables.ONE + root)
    total, power, square, n = 0, z, z * z >> tables.BITS, 1
    while power:
        total += power // n if n % 4 == 1 else -(power // n)
        power = power * square >> tables.BITS
        n += 2
    return tables.split(8 * total)


_ATANS, _ATAN_RESTS = np.array([_arctangent(i) for i in range(65)]).T.copy()
_WIDE_PI, _WIDE_PI_REST = tables.split(PI)
_THIRD, _THIRD_REST = tables.split(tables.ONE // 3)
_S5, _S7, _S9, _S11, _S13, _S15 = (sign / n for sign, n in zip((1, -1) * 3, range(5, 17, 2), strict=True))


@formula
def _quotient(a, b):
    """a / b in two parts."""
    q = a / b
    return q, fma(-q, b, a) / b


@formula
def _wide_atan(u, rest):
    """(high, low) of atan(u + rest), 0 <= u <= 1: of (u - c) / (1 + u c) with c a multiple of 1/64."""
    i = np.int64(u * 64.0 + 0.5)
    c = np.float64(i) * 0.015625
    above, above_rest = two_sum(u - c, rest)
    product = u * c
    below, below_rest = two_sum(1.0, product)
    below_rest = below_rest + fma(u, c, -product) + rest * c
    t = above / below
    t_rest = (fma(-t, below, above) + above_rest - t * below_rest) / below
    # t**3 / 3 in two parts, then what float64 suffices for.
    tt = t * t
    tt_rest = fma(t, t, -tt) + 2.0 * t * t_rest
    cube = tt * t
    cube_rest = fma(tt, t, -cube) + tt * t_rest + tt_rest * t
    third = cube * _THIRD
    third_rest = fma(cube, _THIRD, -third) + cube * _THIRD_REST + cube_rest * _THIRD
    p = _S5 + tt * (_S7 + tt * (_S9 + tt * (_S11 + tt * (_S13 + tt * _S15))))
    high, low = two_sum(t, -third)
    low = low + (cube * tt * p - third_rest + t_rest)
    top, rest = two_sum(_ATANS[i], high)
    return top, rest + (_ATAN_RESTS[i] + low)


@formula
def atan2(y, x):
    """The angle of (x, y), float64, correctly rounded in all but very rare cases; so is glibc's.

    Source: glibc sysdeps/ieee754/dbl-64/e_atan2.c
    """
    size_x, size_y = np.abs(x), np.abs(y)
    left = np.copysign(1.0, x) < 0.0
    plain = (size_x > 0.0) & (size_x < np.inf) & (size_y > 0.0) & (size_y < np.inf)
    a, b = choose(plain, size_x, 1.0), choose(plain, size_y, 1.0)
    scale = choose((a < 2.0**-500) | (b < 2.0**-500), 2.0**500, 1.0)
    scale = choose((a > 2.0**500) | (b > 2.0**500), 2.0**-500, scale)
    steep = b > a
    exponent = (np.float64(b).view(np.int64) >> 52) - (np.float64(a).view(np.int64) >> 52)
    plain_ratio = choose(exponent <= -57, b, 0.0) / a
    a, b = a * scale, b * scale
    far = np.abs(exponent) >= 57
    a, b = choose(far, 1.0, a), choose(far, 1.0, b)
    u, rest = _quotient(choose(steep, a, b), choose(steep, b, a))
    high, low = _wide_atan(u, rest)
    high, low = choose(far, 0.0, high), choose(far, 0.0, low)
    # From the axis that is near: pi / 2 - angle, pi - angle or angle.
    axis = choose(steep, 0.5, choose(left, 1.0, 0.0))
    flip = choose(steep != left, -1.0, 1.0)
    top, bottom = two_sum(axis * _WIDE_PI, flip * high)
    angle = top + (bottom + (axis * _WIDE_PI_REST + flip * low))
    angle = choose((exponent <= -57) & ~left, plain_ratio, angle)
    flat = choose(left, _WIDE_PI, 0.0)
    both = choose(left, 0.75 * _WIDE_PI, 0.25 * _WIDE_PI)
    special = choose(size_y == np.inf, choose(size_x == np.inf, both, 0.5 * _WIDE_PI), flat)
    special = choose((size_x == 0.0) & (size_y > 0.0), 0.5 * _WIDE_PI, special)
    angle = np.copysign(choose(plain, angle, special), y)
    return choose((x != x) | (y != y), np.nan, angle)
