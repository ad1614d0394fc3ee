"""Requantization as in `lanes`, of four rows of 16 accumulators at a time: int32 to 8 bits, with AVX-512.

Where no product with its scale leaves the range of int32 with FRACTION bits behind the point, it can be rounded to an
integer as it is, instead of being clamped first and added to an offset; the packing to bytes saturates, and what is
left of the clamp is done to 64 bytes at once. The bits of the sum are those that `lanes` has.
"""

import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from intengine_kernels.isa.ir import I8, I16, I32, I64, array_pointer, call, const, load, splat
from intengine_kernels.isa.lanes import FRACTION, LANES, MASK, NUDGE, OFFSET, SCALE, SIGN, V32, run_one

#: Rows of a step.
ROWS = 4
#: Products less than this are safe; half of what int32 holds, for the offset.
LIMIT = 2.0 ** (30 - FRACTION)

_F32 = ir.VectorType(ir.FloatType(), LANES)
_V16, _V8 = ir.VectorType(I16, 32), ir.VectorType(I8, 64)
#: Bits of the offset that only put the sum into its binade.
_BASE = int(np.float32(1.5 * 2.0 ** (23 - FRACTION)).view(np.int32))
#: vcvtps2dq rounds as the environment says: to the nearest, halves to even.
_AS_SET = 4


def _emit(signed, proves):
    """Steps of four rows, up to one that has values without a proof; returns the rows done, and writes which lanes."""

    def body(builder, args):
        acc, acc_step, rows, guess, width, lo, hi, out, out_step, lanes = args

        def of_table(which, kind):
            return load(builder, guess, builder.mul(width, const(which)), kind, 4)

        scale, nudge = of_table(SCALE, _F32), of_table(NUDGE, _F32)
        if proves:
            unit = ir.Constant(_F32, [2.0**FRACTION] * LANES)
            scale, nudge = builder.fmul(scale, unit), builder.fmul(nudge, unit)
            added = builder.sub(of_table(OFFSET, V32), ir.Constant(V32, [_BASE] * LANES))
        else:
            added = of_table(MASK, V32)
        nudge, sign, mask = builder.bitcast(nudge, V32), of_table(SIGN, V32), of_table(MASK, V32)
        least, most = (splat(builder, builder.trunc(limit, I8), _V8) for limit in (lo, hi))
        zero, everything = ir.Constant(V32, [0] * LANES), ir.Constant(I16, -1)

        def integers(row):
            sums = load(builder, acc, builder.mul(row, acc_step), V32, 4)
            value = builder.sitofp(sums, _F32)
            moved = builder.xor(nudge, builder.and_(builder.bitcast(value, V32), sign))
            value = call(builder, "llvm.fmuladd.v16f32", _F32, value, scale, builder.bitcast(moved, _F32))
            rounded = call(
                builder, "llvm.x86.avx512.mask.cvtps2dq.512", V32, value, zero, everything, ir.Constant(I32, _AS_SET)
            )  # fmt: skip
            return builder.add(rounded, added)

        entry = builder.block
        head, done = builder.append_basic_block("step"), builder.append_basic_block("done")
        builder.cbranch(builder.icmp_signed("<=", const(ROWS), rows), head, done)
        builder.position_at_end(head)
        r = builder.phi(I64)
        r.add_incoming(const(0), entry)
        four = [integers(builder.add(r, const(i))) for i in range(ROWS)]
        unproven = const(0)
        if proves:
            for i, one in enumerate(four):
                bits = builder.bitcast(builder.icmp_unsigned("==", builder.and_(one, mask), zero), I16)
                unproven = builder.or_(unproven, builder.shl(builder.zext(bits, I64), const(LANES * i)))
            shift = ir.Constant(V32, [FRACTION] * LANES)
            four = [builder.ashr(one, shift) for one in four]
        words = [call(builder, "llvm.x86.avx512.packssdw.512", _V16, *four[i : i + 2]) for i in (0, 2)]
        name = f"llvm.x86.avx512.pack{'s' if signed else 'u'}swb.512"
        packed = call(builder, name, _V8, *words)
        bigger = builder.icmp_signed(">", packed, least) if signed else builder.icmp_unsigned(">", packed, least)
        packed = builder.select(bigger, packed, least)
        less = builder.icmp_signed("<", packed, most) if signed else builder.icmp_unsigned("<", packed, most)
        packed = builder.bitcast(builder.select(less, packed, most), V32)
        # Quarter l of each row lies in lane l.
        order = [ROWS * quarter + row for row in range(ROWS) for quarter in range(LANES // ROWS)]
        packed = builder.shuffle_vector(packed, packed, ir.Constant(V32, order))
        for i in range(ROWS):
            part = ir.Constant(ir.VectorType(I32, 4), list(range(4 * i, 4 * i + 4)))
            row = builder.shuffle_vector(packed, packed, part)
            place = builder.gep(out, [builder.mul(builder.add(r, const(i)), out_step)])
            builder.store(row, builder.bitcast(place, row.type.as_pointer()), align=1)
        following = builder.add(r, const(ROWS))
        last = builder.block
        r.add_incoming(following, last)
        goes_on = builder.icmp_signed("<=", builder.add(following, const(ROWS)), rows)
        builder.cbranch(builder.and_(goes_on, builder.icmp_unsigned("==", unproven, const(0))), head, done)
        builder.position_at_end(done)
        result, without = builder.phi(I64), builder.phi(I64)
        for phi, value in ((result, following), (without, unproven)):
            phi.add_incoming(const(0), entry)
            phi.add_incoming(value, last)
        builder.store(without, lanes)
        builder.ret(result)

    return body


@intrinsic
def guess_quads(typingctx, proves, acc, acc_at, acc_step, rows, guess, channel, lo, hi, out, out_at, out_step):
    """As `lanes.guess_rows` for whole rows of 16, four at a time: bit 16 * i + c is lane c of the step's row i.

    Products of accumulators and scales must be below LIMIT. lo, hi: of the result, within its type.
    """
    i64 = types.int64
    signature = types.UniTuple(i64, 2)(types.boolean, acc, i64, i64, i64, guess, i64, i64, i64, out, i64, i64)
    signed = out.dtype.signed

    def codegen(context, builder, signature, args):
        def pointer(i, element, at):
            return array_pointer(context, builder, signature.args[i], args[i], element, at)

        table = context.make_array(signature.args[5])(context, builder, args[5])
        arguments = [
            pointer(1, I32, args[2]), args[3], args[4], builder.gep(table.data, [args[6]]),
            builder.extract_value(table.shape, 1), args[7], args[8], pointer(9, I8, args[10]), args[11],
            cgutils.alloca_once(builder, I64),
        ]  # fmt: skip
        emitters = {
            proves: (f"intengine_quads_{signed:d}_{proves:d}", _emit(signed, proves)) for proves in (True, False)
        }  # fmt: skip
        return run_one(context, builder, signature, args[0], arguments, emitters)

    return signature, codegen
