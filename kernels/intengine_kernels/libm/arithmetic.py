"""Steps that IEEE 754 defines to the last bit, for arrays in Python and for scalars in kernels."""

import numpy as np
from llvmlite import ir
from numba.core import types
from numba.extending import intrinsic

from intengine_kernels.jit import chosen, formula


def _choose(condition, a, b):
    return a if condition else b


@chosen(lambda condition, a, b: _choose)
def choose(condition, a, b):
    """a where `condition`, else b: of arrays uncompiled, of scalars compiled."""
    return np.where(condition, a, b)[()]


@formula
def two_sum(a, b):
    """(s, e) with s = a + b rounded and s + e = a + b exactly, float64."""
    s = a + b
    t = s - a
    return s, (a - (s - t)) + (b - t)


@formula
def two_product(a, b):
    """(p, e) with p = a * b rounded and p + e = a * b exactly, float64; both below 2**995, p not near underflow."""
    p = a * b
    split = a * 134217729.0
    a_high = split - (split - a)
    a_low = a - a_high
    split = b * 134217729.0
    b_high = split - (split - b)
    b_low = b - b_high
    return p, ((a_high * b_high - p) + a_high * b_low + a_low * b_high) + a_low * b_low


def _fma(a, b, c):
    return _fused(np.float64(a), np.float64(b), np.float64(c))


@chosen(lambda a, b, c: _fma)
def fma(a, b, c):
    """a * b + c, float64, rounded once. Compiled, an instruction wherever the CPU has one.

    Uncompiled: the sum of the exact product's two parts and c is first rounded to an odd last bit.
    Source: S. Boldo, G. Melquiond, Emulation of FMA and correctly rounded sums, IEEE Trans. Computers 57 (2008)
    """
    a, b, c = np.broadcast_arrays(np.float64(a), np.float64(b), np.float64(c))
    plain = a * b + c
    high, low = two_product(a, b)
    top, rest = two_sum(c, low)
    high, low = two_sum(high, top)
    odd, lost = two_sum(rest, low)
    bits = odd.view(np.int64)
    toward = np.where((lost > 0) == (odd > 0), 1, -1)
    odd = np.where((lost != 0) & (bits & 1 == 0), bits + toward, bits).view(np.float64)
    exact = high + odd
    return np.where(np.isfinite(exact), exact, plain)[()]


@intrinsic
def _fused(typing_context, a, b, c):
    def build(context, builder, signature, args):
        double = ir.DoubleType()
        name = "llvm.fma.f64"
        function = builder.module.declare_intrinsic(name, [double], ir.FunctionType(double, [double] * 3))
        return builder.call(function, args)

    return types.float64(types.float64, types.float64, types.float64), build
