"""Denormals as zeros, with their sign: how LiteRT lets XNNPACK compute float32.

Kernels of products set the processor to it while they run (`flush`, `restore`), so that it costs nothing; what Python
runs writes it out.
Source: tflite/delegates/xnnpack/xnnpack_delegate.cc
"""

import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from intengine_kernels.fma import fma32, fused_sum
from intengine_kernels.isa.ir import I32, I64, call, const
from intengine_kernels.jit import chosen, inline, twin_of

#: The least float32 that is no denormal, and the least number that is rounded to it: x86 rounds first.
_LEAST, _ROUNDED = 2.0**-126, 2.0**-126 - 2.0**-151
#: Bits of x86's MXCSR: results and operands; of arm64's FPCR: both.
_MXCSR, _FPCR = 1 << 15 | 1 << 6, 1 << 24
_ARM = ("aarch64", "arm64")


@inline
def flushed(x):
    """x, or a zero of its sign if x is denormal."""
    return np.copysign(np.float32(0), x) if abs(x) < np.float32(_LEAST) else x


@chosen(lambda a, b, c: lambda a, b, c: fma32(a, b, c))
def flushed_fma32(a, b, c):
    """a * b + c of float32 rounded once, denormals being zeros; in a kernel only if it has called `flush`."""
    total = fused_sum(flushed(a), flushed(b), flushed(c))
    return np.float32(np.copysign(0.0, total) if abs(total) < _ROUNDED else total)


def _machine(builder):
    return builder.module.triple.split("-")[0]


def _mxcsr(builder, name, word):
    """LLVM's intrinsic of x86 that puts MXCSR into a word, or a word into MXCSR."""
    call(builder, f"llvm.x86.sse.{name}", ir.VoidType(), builder.bitcast(word, ir.IntType(8).as_pointer()))


def _read(builder):
    """The processor's mode, int64, and its bits for zeros; processors other than these keep denormals."""
    if _machine(builder) == "x86_64":
        word = cgutils.alloca_once(builder, I32)
        _mxcsr(builder, "stmxcsr", word)
        return builder.zext(builder.load(word), I64), const(_MXCSR)
    if _machine(builder) in _ARM:
        return call(builder, "llvm.aarch64.get.fpcr", I64), const(_FPCR)
    return const(0), const(0)


def _write(builder, mode):
    if _machine(builder) == "x86_64":
        word = cgutils.alloca_once(builder, I32)
        builder.store(builder.trunc(mode, I32), word)
        _mxcsr(builder, "ldmxcsr", word)
    elif _machine(builder) in _ARM:
        call(builder, "llvm.aarch64.set.fpcr", ir.VoidType(), mode)


@intrinsic
def _flush(typing_context, flushing):
    def generate(context, builder, signature, args):
        mode, zeros = _read(builder)
        _write(builder, builder.select(args[0], builder.or_(mode, zeros), mode))
        return mode

    return types.int64(types.boolean), generate


@intrinsic
def _restore(typing_context, mode):
    def generate(context, builder, signature, args):
        _write(builder, args[0])
        return context.get_dummy_value()

    return types.void(types.int64), generate


@twin_of(_flush)
def flush(flushing):
    """Let this thread compute with denormals as zeros if `flushing`; returns what `restore` takes."""
    return 0


@twin_of(_restore)
def restore(mode):
    """Let this thread compute as it did before `flush`."""
