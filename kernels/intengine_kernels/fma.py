"""a * b + c in float32 with one rounding, as the processors that LiteRT's XNNPACK expects compute it."""

import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from intengine_kernels.jit import chosen


@intrinsic
def _fma32(typingctx, a, b, c):
    signature = types.float32(types.float32, types.float32, types.float32)

    def codegen(context, builder, signature, args):
        real = ir.FloatType()
        kind = ir.FunctionType(real, [real, real, real])
        return builder.call(cgutils.get_or_insert_function(builder.module, kind, "llvm.fma.f32"), args)

    return signature, codegen


def _compiled(a, b, c):
    return _fma32(np.float32(a), np.float32(b), np.float32(c))


def fused_sum(a, b, c):
    """float64, a * b + c of float32 rounded to odd: to round it again to float32 rounds the exact value.

    The product of two float32 is exact in float64.
    """
    product = np.float64(a) * np.float64(b)
    addend = np.float64(c)
    total = product + addend
    if not np.isfinite(total):
        return total
    rest = total - product
    error = (product - (total - rest)) + (addend - rest)
    bits = int(np.float64(total).view(np.int64))
    if error != 0.0 and bits & 1 == 0:
        bits += 1 if (error > 0.0) == (total > 0.0) else -1
    return np.int64(bits).view(np.float64)


@chosen(lambda a, b, c: _compiled)
def fma32(a, b, c):
    """float32(a * b + c), rounded once; compiled, it is one instruction where the host has it."""
    return np.float32(fused_sum(a, b, c))
