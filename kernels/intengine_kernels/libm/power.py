"""Powers of two numbers, in both precisions."""

from fractions import Fraction

import numpy as np

from intengine_kernels.jit import formula
from intengine_kernels.libm import tables
from intengine_kernels.libm.arithmetic import choose, fma
from intengine_kernels.libm.exp import POWERS32, exp_of_sum
from intengine_kernels.libm.log import (
    INVERSES16,
    LN2_HIGH,
    LN2_LOW,
    OFFSET16,
    log_of_inverse,
    near_log,
    normal_bits,
    wide_bits,
)

_LOGS16 = np.array([tables.nearest((log_of_inverse(float(c)) << tables.BITS) // tables.LN2) for c in INVERSES16])
_F0, _F1, _F2, _F3, _F4 = tables.floats(
    (
        "0x1.27616c9496e0bp-2", "-0x1.71969a075c67ap-2", "0x1.ec70a6ca7baddp-2", "-0x1.7154748bef6c8p-1",
        "0x1.71547652ab82bp0",
    )
)  # fmt: skip
#: 2**r - 1 as a cubic, for |r| <= 1/64.
_E1, _E2, _E3 = tables.floats(("0x1.62e42ff0c52d6p-1", "0x1.ebfce50fac4f3p-3", "0x1.c6af84b912394p-5"))
#: What rounds to 32nds.
_SHIFT32 = float.fromhex("0x1.8p+47")
#: Powers beyond 2**_GREATEST overflow.
_GREATEST = float.fromhex("0x1.fffffffd1d571p+6")


@formula
def _sign_and_kind(x, y):
    """(sign of the result, whether x is below 0 and has no such power), float64."""
    whole = np.trunc(y) == y
    half = 0.5 * y
    odd = whole & (np.trunc(half) != half)
    return choose((np.copysign(1.0, x) < 0.0) & odd, -1.0, 1.0), (x < 0.0) & ~whole


@formula
def _is_loud(bits, infinity, quiet):
    """Whether bits without the sign are of a signaling NaN."""
    return (bits > infinity) & (bits < quiet)


@formula
def _special(x, y, loud):
    """The power where x or y is 0, infinite or NaN, without its sign; 1 where y is 0 or x is 1, whatever the other.

    Args:
        x, y: float64.
        loud: whether one of them is a signaling NaN, of which nothing is a number.
    """
    size = np.abs(x)
    of_infinite = choose(size == 1.0, 1.0, choose((size > 1.0) == (y > 0.0), np.inf, 0.0))
    of_ends = choose((size == 0.0) == (y > 0.0), 0.0, np.inf)
    value = choose(np.abs(y) == np.inf, of_infinite, of_ends)
    value = choose((x != x) | (y != y), np.nan, value)
    return choose(((y == 0.0) | (x == 1.0)) & ~loud, 1.0, value)


@formula
def powf(x, y):
    """x ** y, float32: 2 ** (y log2(x)) in float64, rounded once.

    Source: glibc sysdeps/ieee754/flt-32/e_powf.c
    """
    zero, one = np.float32(0), np.float32(1)
    infinity = np.float32(np.inf)
    size = np.abs(x)
    inside = (size > zero) & (size < infinity) & (np.abs(y) < infinity) & (y != zero)
    bits = normal_bits(choose(inside, size, one))
    above = bits - OFFSET16
    i = (above >> 19) & 15
    k = above >> 23
    z = np.float64(np.int32(bits - (k << 23)).view(np.float32))
    r = fma(z, INVERSES16[i], -1.0)
    r2 = r * r
    q = fma(fma(_F2, r, _F3), r2, fma(_F4, r, _LOGS16[i] + np.float64(k)))
    log = fma(fma(_F0, r, _F1), r2 * r2, q)
    power = np.float64(choose(inside, y, one)) * log
    finite = (power > -150.0) & (power <= _GREATEST)
    part = choose(finite, power, 0.0)
    near = part + _SHIFT32 - _SHIFT32
    k = np.int64(near * 32.0)
    r = part - near
    scale = np.int64(POWERS32[k & 31] + ((k >> 5) << 52)).view(np.float64)
    found = np.float32(fma(fma(_E3, r, _E2), r * r, fma(_E1, r, 1.0)) * scale)
    found = choose(finite, found, choose(power > 0.0, infinity, zero))
    wide_x, wide_y = np.float64(x), np.float64(y)
    loud_x = _is_loud(np.int64(np.float32(x).view(np.int32)) & 0x7FFFFFFF, 0x7F800000, 0x7FC00000)
    loud_y = _is_loud(np.int64(np.float32(y).view(np.int32)) & 0x7FFFFFFF, 0x7F800000, 0x7FC00000)
    sign, undefined = _sign_and_kind(wide_x, wide_y)
    special = choose(undefined & inside, np.nan, sign * _special(wide_x, wide_y, loud_x | loud_y))
    return choose(inside & ~undefined, np.float32(sign) * found, np.float32(special))


def _inverse(i: int) -> float:
    """The reciprocal, in 128ths or 256ths, of the middle of interval i."""
    start = np.int64(_OFFSET128 + (i << 45)), np.int64(_OFFSET128 + ((i + 1) << 45))
    middle = sum(Fraction(float(end.view(np.float64))) for end in start) / 2
    parts = 128 if middle < 1 else 256
    return round(parts / middle) / parts


_OFFSET128 = 0x3FE6955500000000
_INVERSES128 = np.array([_inverse(i) for i in range(128)])
_LOGS128 = np.array([tables.nearest(near_log(float(c))) for c in _INVERSES128])
_TAILS128 = np.array([tables.nearest(log_of_inverse(float(c)) - near_log(float(c))) for c in _INVERSES128])
#: log1p(r) - r by ar = -r / 2 and its products.
_A1, _A2, _A3, _A4, _A5, _A6 = (
    scale * value
    for scale, value in zip(
        (-2, -2, 4, 4, -8, -8),
        tables.floats(
            (
                "0x1.555555555556p-2", "-0x1.0000000000006p-2", "0x1.999999959554ep-3", "-0x1.555555529a47ap-3",
                "0x1.2495b9b4845e9p-3", "-0x1.0002b8b263fc3p-3",
            )
        ),
        strict=True,
    )
)  # fmt: skip


@formula
def _log_in_parts(x):
    """(y, tail): log(x) with 15 bits more than float64, of x > 0.

    Source: glibc sysdeps/ieee754/dbl-64/e_pow.c
    """
    bits = wide_bits(x)
    above = bits - _OFFSET128
    i = (above >> 45) & 127
    k = above >> 52
    z = np.int64(bits - (k << 52)).view(np.float64)
    whole = np.float64(k)
    r = fma(z, _INVERSES128[i], -1.0)
    first = fma(whole, LN2_HIGH, _LOGS128[i])
    second = first + r
    low1 = fma(whole, LN2_LOW, _TAILS128[i])
    low2 = first - second + r
    ar = -0.5 * r
    ar2 = r * ar
    ar3 = r * ar2
    high = second + ar2
    low3 = fma(ar, r, -ar2)
    low4 = second - high + ar2
    p = fma(ar2, fma(r, _A6, _A5), fma(r, _A4, _A3))
    p = fma(ar2, p, fma(r, _A2, _A1))
    low = fma(ar3, p, low1 + low2 + low3 + low4)
    y = high + low
    return y, high - y + low


@formula
def pow(x, y):
    """x ** y, float64: exp(y log(x)), the logarithm and the product in two parts.

    Source: glibc sysdeps/ieee754/dbl-64/e_pow.c
    """
    size = np.abs(x)
    inside = (size > 0.0) & (size < np.inf) & (np.abs(y) < np.inf) & (y != 0.0)
    log, tail = _log_in_parts(choose(inside, size, 1.0))
    power = choose(inside, y, 1.0)
    product = power * log
    rest = fma(power, tail, fma(power, log, -product))
    small = (np.abs(product) >= 2.0**-54) & (np.abs(power) >= 2.0**-65)
    finite = small & (np.abs(product) < 1024.0)
    found = exp_of_sum(choose(finite, product, 0.0), choose(finite, rest, 0.0))
    beyond = choose(product > 0.0, np.inf, 0.0)
    found = choose(finite, found, choose(np.abs(product) < 1.0, 1.0 + product, beyond))
    loud_x = _is_loud(np.float64(x).view(np.int64) & 0x7FFFFFFFFFFFFFFF, 0x7FF << 52, 0xFFF << 51)
    loud_y = _is_loud(np.float64(y).view(np.int64) & 0x7FFFFFFFFFFFFFFF, 0x7FF << 52, 0xFFF << 51)
    sign, undefined = _sign_and_kind(x, y)
    special = choose(undefined & inside, np.nan, sign * _special(x, y, loud_x | loud_y))
    return choose(inside & ~undefined, sign * found, special)
