"""The complementary error function of float32."""

import numpy as np

from intengine_kernels.jit import formula
from intengine_kernels.libm.arithmetic import choose
from intengine_kernels.libm.exp import expf


def _of_bits(*bits: int) -> tuple[np.float32, ...]:
    return tuple(np.array(bits, np.uint32).view(np.float32))


#: Numerators and denominators by increasing power; |x| below 0.84375, below 1.25, below 1 / 0.35, and beyond.
_P = _of_bits(0x3E0375D4, 0xBEA66BEB, 0xBCE9528F, 0xBBBD1489, 0xB7C756B1)
_Q = _of_bits(0x3F800000, 0x3ECBBBCE, 0x3D852A63, 0x3BA68116, 0x390AEE49, 0xB684E21A)
_PA = _of_bits(0xBB1ACDC6, 0x3ED46805, 0xBEBE9208, 0x3EA2FE54, 0xBDE31CC2, 0x3D1151B3, 0xBB0DF9C0)
_QA = _of_bits(0x3F800000, 0x3DD9F331, 0x3F0A5785, 0x3D931AE7, 0x3E013307, 0x3C5F6E13, 0x3C445AA3)
_RA = _of_bits(0xBC21A093, 0xBF31A0B7, 0xC128F022, 0xC2798057, 0xC322658C, 0xC3389AE7, 0xC2A2932B, 0xC11D077E)
_SA = _of_bits(
    0x3F800000, 0x419D35CE, 0x4309A863, 0x43D9486F, 0x442158C9, 0x43D6810B, 0x42D9451F, 0x40D23F7C, 0xBD777F97
)
_RB = _of_bits(0xBC21A092, 0xBF4C9DD4, 0xC18E104B, 0xC320A2EA, 0xC41F6441, 0xC480230B, 0xC3F1C275)
_SB = _of_bits(0x3F800000, 0x41F2B459, 0x43A2E571, 0x44C01759, 0x4547FDBB, 0x451F90CE, 0x43ED43A7, 0xC1B38712)
_ERX = _of_bits(0x3F58560B)[0]
_BREAK = _of_bits(0x4036DB6D)[0]
_ZERO, _QUARTER, _HALF, _ONE, _TWO = (np.float32(x) for x in (0, 0.25, 0.5, 1, 2))


@formula
def _polynomial(x, coefficients):
    y = x * _ZERO + coefficients[-1]
    for c in coefficients[-2::-1]:
        y = c + x * y
    return y


@formula
def erfcf(x):
    """1 - erf(x), float32: rational functions in four ranges of |x|, the last two times exp(-x**2); all in float32.

    Source: glibc sysdeps/ieee754/flt-32/s_erff.c
    """
    size = np.abs(x)
    near = choose(size < np.float32(0.84375), x, _ZERO)
    z = near * near
    y = near * (_polynomial(z, _P) / _polynomial(z, _Q))
    near = choose(x < _QUARTER, _ONE - (near + y), _HALF - (y + (near - _HALF)))
    s = choose(size < np.float32(1.25), size, _ONE) - _ONE
    ratio = _polynomial(s, _PA) / _polynomial(s, _QA)
    middle = choose(x > _ZERO, (_ONE - _ERX) - ratio, _ONE + (_ERX + ratio))
    far = choose((size >= np.float32(1.25)) & (size < np.float32(28)), size, _TWO)
    s = _ONE / (far * far)
    ratio = choose(far < _BREAK, _polynomial(s, _RA) / _polynomial(s, _SA), _polynomial(s, _RB) / _polynomial(s, _SB))
    # x**2 with a head of few bits, whose square is exact.
    z = np.int32(np.float32(far).view(np.int32) & np.int32(-0x2000)).view(np.float32)
    tail = expf(-z * z - np.float32(0.5625)) * expf((z - far) * (z + far) + ratio) / far
    tail = choose(size >= np.float32(28), _ZERO, tail)
    tail = choose(x > _ZERO, tail, choose(size >= np.float32(6), _TWO, _TWO - tail))
    y = choose(size < np.float32(0.84375), near, choose(size < np.float32(1.25), middle, tail))
    return choose(size < np.float32(2.0**-56), _ONE - x, choose(x == x, y, x))
