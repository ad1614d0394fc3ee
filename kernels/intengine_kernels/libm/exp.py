"""exp, in both precisions."""

import numpy as np

from intengine_kernels.jit import formula
from intengine_kernels.libm import tables
from intengine_kernels.libm.arithmetic import choose, fma

#: A float64 to which numbers are added to round them to integers.
_SHIFT = float.fromhex("0x1.8p+52")

#: Bits of 2**(i / 32).
POWERS32 = np.array([tables.bits_of(tables.nearest(power)) for power in tables.powers_of_two(5)], np.int64)
_STEPS32 = float.fromhex("0x1.71547652b82fep+5")
#: 2**(r / 32) - 1 for |r| <= 1/2 as c1 r + c2 r**2 + c3 r**3.
_F1, _F2, _F3 = tables.floats(("0x1.62e42ff0c52d6p-6", "0x1.ebfce50fac4f3p-13", "0x1.c6af84b912394p-20"))


@formula
def expf(x):
    """exp(x), float32: 2**(k / 32) from a table times a cubic, in float64, rounded once.

    Source: glibc sysdeps/ieee754/flt-32/e_expf.c
    """
    inside = (x >= np.float32(-104)) & (x <= np.float32(89))
    wide = np.float64(choose(inside, x, np.float32(0)))
    whole = fma(_STEPS32, wide, _SHIFT) - _SHIFT
    r = fma(_STEPS32, wide, -whole)
    k = np.int64(whole)
    power = np.int64(POWERS32[k & 31] + ((k >> 5) << 52)).view(np.float64)
    y = np.float32(fma(fma(_F3, r, _F2), r * r, fma(_F1, r, 1.0)) * power)
    outside = choose(x > np.float32(0), np.float32(np.inf), choose(x < np.float32(0), np.float32(0), x))
    return choose(inside, y, outside)


def _tail(power: int) -> float:
    high = tables.fixed(tables.nearest(power))
    return tables.nearest(((power - high) << tables.BITS) // high)


#: Bits of 2**(i / 128), and what rounding took from it, as a share.
_POWERS128 = np.array([tables.bits_of(tables.nearest(power)) for power in tables.powers_of_two(7)], np.int64)
_TAILS128 = np.array([_tail(power) for power in tables.powers_of_two(7)])
_STEPS128 = float.fromhex("0x1.71547652b82fep+7")
_LN2_HIGH, _LN2_LOW = tables.floats(("-0x1.62e42fefa0000p-8", "-0x1.cf79abc9e3b3ap-47"))
_C2, _C3, _C4, _C5 = tables.floats(
    ("0x1.ffffffffffdbdp-2", "0x1.555555555543cp-3", "0x1.55555cf172b91p-5", "0x1.1111167a4d017p-7")
)


@formula
def exp_of_sum(x, rest):
    """exp(x + rest), float64, of |x| < 1024 and a rest below 2**-15: the core of exp and pow.

    2**(k / 128) * (1 + tail + expm1(r)), r = x - k ln 2 / 128. From -512 on down the last product is rounded by itself,
    and results below 2**-1022 are rounded once, in two parts.

    Source: glibc sysdeps/ieee754/dbl-64/e_exp.c
    """
    whole = fma(_STEPS128, x, _SHIFT) - _SHIFT
    r = fma(whole, _LN2_LOW, fma(whole, _LN2_HIGH, x)) + rest
    k = np.int64(whole)
    r2 = r * r
    share = fma(r2, fma(r, _C3, _C2), _TAILS128[k & 127] + r)
    share = fma(r2 * r2, fma(r, _C5, _C4), share)
    far = x <= -512.0
    # Moved to where it is neither too great nor too small.
    move = choose(far, np.int64(1022), np.int64(-1009))
    move = choose(np.abs(x) < 512.0, np.int64(0), move)
    power = np.int64(_POWERS128[k & 127] + (((k >> 7) + move) << 52)).view(np.float64)
    normal = fma(power, share, power)
    part = power * share
    y = power + part
    high = 1.0 + y
    low = 1.0 - high + y + (power - y + part)
    y = choose(y < 1.0, (high + low) - 1.0, y)
    back = choose(far, 2.0**-1022, choose(x >= 512.0, 2.0**1009, 1.0))
    return choose(far, y, normal) * back


@formula
def exp(x):
    """exp(x), float64.

    Source: glibc sysdeps/ieee754/dbl-64/e_exp.c
    """
    inside = np.abs(x) < 1000.0
    y = exp_of_sum(choose(inside, x, 0.0), 0.0)
    outside = choose(x > 0.0, np.inf, choose(x < 0.0, 0.0, x))
    return choose(inside, y, outside)
