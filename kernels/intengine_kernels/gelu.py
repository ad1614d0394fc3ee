"""GELU of float32 as LiteRT computes it, with Eigen's approximations of tanh and erfc in place of the C library's."""

import math

import numpy as np

from intengine_kernels.eigen import LANES, tanh
from intengine_kernels.jit import inline, kernel
from intengine_kernels.libm.exp import expf


@inline
def _exp(x):
    """exp of a float32 in -104..0: 2**m times a polynomial of degree 6.

    Source: Eigen/src/Core/arch/Default/GenericPacketMathFunctions.h
    """
    m = np.float32(math.floor(np.float32(np.float32(x * np.float32(1.44269504088896341)) + np.float32(0.5))))
    r = np.float32(np.float32(m * np.float32(-0.693359375)) + x)
    r = np.float32(np.float32(m * np.float32(2.12194440e-4)) + r)
    r2 = np.float32(r * r)
    even = np.float32(
        np.float32(r2 * np.float32(1.37449637986719608306884765625e-3)) + np.float32(4.166965186595916748046875e-2)
    )
    odd = np.float32(
        np.float32(r2 * np.float32(8.36894474923610687255859375e-3)) + np.float32(0.16666518151760101318359375)
    )
    even = np.float32(np.float32(r2 * even) + np.float32(0.49999988079071044921875))
    p = np.float32(np.float32(r * odd) + even)
    p = np.float32(np.float32(r2 * p) + np.float32(r + np.float32(1.0)))
    return np.float32(np.float64(p) * math.ldexp(1.0, int(m)))


@inline
def erfc(x, alone):
    """1 - erf(x) of a float32: a polynomial up to 1, then exp(-x**2) times a rational function.

    Args:
        alone: whether the C library's exp is taken, as outside of vectors.

    Source: Eigen/unsupported/Eigen/src/SpecialFunctions/SpecialFunctionsImpl.h
    """
    one = np.float32(1.0)
    x = np.float32(min(max(x, np.float32(-11.0)), np.float32(11.0)))
    x2 = np.float32(x * x)
    if not x2 > one:
        p = np.float32(
            np.float32(5.61802298761904239654541015625e-04) * x2 + np.float32(-4.91381669417023658752441406250e-03)
        )
        p = np.float32(p * x2 + np.float32(2.67075151205062866210937500000e-02))
        p = np.float32(p * x2 + np.float32(-1.12800106406211853027343750000e-01))
        p = np.float32(p * x2 + np.float32(3.76122951507568359375e-01))
        p = np.float32(p * x2 + np.float32(-1.12837910652160644531250000000e00))
        return np.float32(np.float32(x * p) + one)
    # What rounding took from the square, exactly.
    rest = np.float32(np.float64(x) * np.float64(x) - np.float64(x2))
    e = expf(np.float32(-x2)) if alone else _exp(np.float32(-x2))
    e = np.float32(e - np.float32(e * rest))
    q = np.float32(one / x2)
    num = np.float32(np.float32(1.0208116471767425537109375e-01) * q + np.float32(4.2920666933059692382812500e-01))
    num = np.float32(num * q + np.float32(3.2379078865051269531250000e-01))
    num = np.float32(num * q + np.float32(5.3971976041793823242187500e-02))
    den = np.float32(np.float32(1.7251677811145782470703125e-02) * q + np.float32(3.9137163758277893066406250e-01))
    den = np.float32(den * q + one)
    den = np.float32(den * q + np.float32(6.2173241376876831054687500e-01))
    den = np.float32(den * q + np.float32(9.5662862062454223632812500e-02))
    ratio = np.float32(num / np.float32(x * den))
    return np.float32(np.float32(e * ratio) + (np.float32(2.0) if x < np.float32(0.0) else np.float32(0.0)))


@kernel
def gelu_erf(x, out):
    """out = 0.5 x erfc(-x / sqrt(2)); the elements behind the last four go alone. x, out: flat float32.

    Source: tflite/kernels/internal/reference/gelu.h
    """
    half, scale = np.float32(0.5), np.float32(-0.70710678118654752440)
    whole = x.shape[0] - x.shape[0] % LANES
    for i in range(x.shape[0]):
        tail = erfc(np.float32(x[i] * scale), i >= whole)
        out[i] = np.float32(np.float32(half * x[i]) * tail)


@kernel
def gelu_tanh(x, out):
    """out = 0.5 x (1 + tanh(sqrt(2 / pi) (x + 0.044715 x**3))). x, out: flat float32.

    Source: tflite/kernels/internal/reference/gelu.h
    """
    half, one = np.float32(0.5), np.float32(1)
    scale, cubic = np.float32(0.79788456080286535588), np.float32(0.044715)
    for i in range(x.shape[0]):
        v = x[i]
        cube = np.float32(cubic * np.float32(np.float32(v * v) * v))
        inner = np.float32(scale * np.float32(v + cube))
        out[i] = np.float32(np.float32(half * v) * np.float32(one + tanh(inner)))
