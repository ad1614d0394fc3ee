"""Multiply-accumulates at the rate of the core alone: instructions on registers, no memory.

What any kernel can reach at most; the share that one does reach says how good it is. There is nothing to learn from
these uncompiled, so they have no plain-loop twin.
"""

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from intengine_kernels.isa import AVX2, AVX512VNNI, AVXVNNI, DOTPROD, GENERIC, available, host_features
from intengine_kernels.jit import kernel

#: Operands of a product: 8-bit, 16-bit, float32.
INT8, INT16, FLOAT32 = 0, 1, 2
#: Accumulators that do not wait for each other: more than latency times instructions a cycle, fewer than registers.
CHAINS = 12
_I16, _I32, _I64 = (ir.IntType(bits) for bits in (16, 32, 64))


def has_fma():
    """Whether the host has one instruction for a float product and a sum."""
    features = host_features()
    return "fma" in features or "fp-armv8" in features or "neon" in features


def _lanes(isa):
    return {GENERIC: 16, AVX512VNNI: 16, DOTPROD: 4}.get(isa, 8)


def macs_per_step(isa, operands):
    """Products that one step of `spin` adds up."""
    if isa == DOTPROD and operands != INT8:
        isa = GENERIC
    lanes = _lanes(isa)
    if operands == FLOAT32 or isa == GENERIC:
        return CHAINS * lanes
    return CHAINS * lanes * (4 if operands == INT8 and isa != AVX2 else 2)


def _make(isa, operands):
    lanes = _lanes(isa)
    element = ir.FloatType() if operands == FLOAT32 else _I32
    wide = ir.VectorType(element, lanes)

    def step(builder, acc, factor):
        """acc + products, with an instruction that takes as long as any such."""

        def call(name, *values):
            kind = ir.FunctionType(wide, [value.type for value in values])
            return builder.call(cgutils.get_or_insert_function(builder.module, kind, name), values)

        if operands == FLOAT32:
            half = ir.Constant(wide, [0.5] * lanes)
            if has_fma():
                return call(f"llvm.fma.v{lanes}f32", acc, factor, half)
            return builder.fadd(builder.fmul(acc, factor), half)
        if isa == GENERIC:
            return builder.add(builder.mul(acc, factor), factor)
        if isa == AVX2:
            halves = ir.VectorType(_I16, lanes * 2)
            pairs = builder.bitcast(factor, halves)
            return builder.add(acc, call("llvm.x86.avx2.pmadd.wd", builder.bitcast(acc, halves), pairs))
        bits = 8 if operands == INT8 else 16
        groups = builder.bitcast(factor, ir.VectorType(ir.IntType(bits), lanes * 32 // bits))
        if isa == DOTPROD:
            return call("llvm.aarch64.neon.sdot.v4i32.v16i8", acc, groups, groups)
        name = "vpdpbusd" if bits == 8 else "vpdpwssd"
        return call(f"llvm.x86.avx512.{name}.{lanes * 32}", acc, groups, groups)

    @intrinsic
    def spin(typingctx, factor, steps):
        """The sum of what `steps` steps leave in all accumulators, which keeps them alive."""
        signature = types.float64(types.float64, types.int64)

        def codegen(context, builder, signature, args):
            if isa not in available():
                return ir.Constant(ir.DoubleType(), 0.0)
            if operands == FLOAT32:
                value = builder.fptrunc(args[0], element)
            else:
                value = builder.fptosi(args[0], element)
            one = builder.insert_element(ir.Constant(wide, ir.Undefined), value, ir.Constant(_I32, 0))
            zeros = ir.Constant(ir.VectorType(_I32, lanes), [0] * lanes)
            factor = builder.shuffle_vector(one, ir.Constant(wide, ir.Undefined), zeros)
            zero = 0.0 if operands == FLOAT32 else 0
            entry = builder.block
            body, after = builder.append_basic_block("spin"), builder.append_basic_block("spun")
            builder.branch(body)
            builder.position_at_end(body)
            at = builder.phi(_I64)
            at.add_incoming(ir.Constant(_I64, 0), entry)
            sums = [builder.phi(wide) for _ in range(CHAINS)]
            new = [step(builder, acc, factor) for acc in sums]
            for i, (acc, made) in enumerate(zip(sums, new, strict=True)):
                acc.add_incoming(ir.Constant(wide, [zero + i] * lanes), entry)
                acc.add_incoming(made, body)
            then = builder.add(at, ir.Constant(_I64, 1))
            at.add_incoming(then, body)
            builder.cbranch(builder.icmp_signed("<", then, args[1]), body, after)
            builder.position_at_end(after)
            total = new[0]
            for made in new[1:]:
                total = builder.fadd(total, made) if operands == FLOAT32 else builder.add(total, made)
            first = builder.extract_element(total, ir.Constant(_I32, 0))
            last = builder.extract_element(total, ir.Constant(_I32, lanes - 1))
            if operands == FLOAT32:
                return builder.fpext(builder.fadd(first, last), ir.DoubleType())
            return builder.sitofp(builder.add(first, last), ir.DoubleType())

        return signature, codegen

    return spin


_generic_int = _make(GENERIC, INT16)
_generic_float = _make(GENERIC, FLOAT32)
_avx2_int = _make(AVX2, INT16)
_avx2_float = _make(AVX2, FLOAT32)
_avxvnni_int8 = _make(AVXVNNI, INT8)
_avxvnni_int16 = _make(AVXVNNI, INT16)
_avx512vnni_int8 = _make(AVX512VNNI, INT8)
_avx512vnni_int16 = _make(AVX512VNNI, INT16)
_dotprod_int8 = _make(DOTPROD, INT8)
_avx512vnni_float = _make(AVX512VNNI, FLOAT32)


@kernel
def spin(isa, operands, factor, steps, out):
    """out[0] = what `steps` steps of products leave behind; `macs_per_step` of them each.

    Args:
        factor: float64, 0.5 for floats, so that nothing grows; any whole number for integers.
        out: float64[1].
    """
    if operands == FLOAT32:
        if isa == AVX512VNNI:
            out[0] = _avx512vnni_float(factor, steps)
        elif isa in (AVX2, AVXVNNI):
            out[0] = _avx2_float(factor, steps)
        else:
            out[0] = _generic_float(factor, steps)
    elif isa == AVX512VNNI:
        out[0] = _avx512vnni_int8(factor, steps) if operands == INT8 else _avx512vnni_int16(factor, steps)
    elif isa == AVXVNNI:
        out[0] = _avxvnni_int8(factor, steps) if operands == INT8 else _avxvnni_int16(factor, steps)
    elif isa == AVX2:
        out[0] = _avx2_int(factor, steps)
    elif isa == DOTPROD and operands == INT8:
        out[0] = _dotprod_int8(factor, steps)
    else:
        out[0] = _generic_int(factor, steps)
