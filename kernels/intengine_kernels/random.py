"""Random numbers of given distributions, from random bits."""

import math

import numpy as np

from intengine_kernels.jit import inline, kernel
from intengine_kernels.libm.log import logf
from intengine_kernels.libm.trigonometric import cosf, sinf

_MANTISSA = np.uint32(0x7FFFFF)


@inline
def _unit(bits):
    """float32 in [0, 1) from the low 23 bits."""
    return np.float32(np.float32(bits & _MANTISSA) * np.float32(2.0**-23))


@kernel
def uniform_float(bits, out):
    """out[i] = the low 23 bits as a fraction of 1. bits: uint32[>= n]. out: float32[n]."""
    for i in range(out.shape[0]):
        out[i] = _unit(bits[i])


@kernel
def normal_float(bits, out):
    """Pairs of normal numbers by Box and Muller: r sin(2 pi v), r cos(2 pi v), r = sqrt(-2 log(max(u, 1e-7))).

    In float32 with the C library's functions; the angle is a product in float64, rounded once.

    Args:
        bits: uint32[n, rounded up to even], u and v for each pair. out: float32[n].

    Source: tsl/lib/random/random_distributions_utils.h
    """
    least = np.float32(1e-7)
    for i in range(0, out.shape[0], 2):
        u = max(_unit(bits[i]), least)
        angle = np.float32(2.0 * math.pi * np.float64(_unit(bits[i + 1])))
        radius = np.float32(math.sqrt(np.float32(np.float32(-2) * logf(u))))
        out[i] = np.float32(sinf(angle) * radius)
        if i + 1 < out.shape[0]:
            out[i + 1] = np.float32(cosf(angle) * radius)
