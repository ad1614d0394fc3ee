"""Requantization of 16 accumulators at a time by a floating-point guess that proves itself, under any scheme.

Every scheme rounds acc * scale, moved by a known constant (`nudge`), to the nearest integer; they part where that is
close to halfway. So: compute it in floating point, clamp, round to the nearest integer, and look how far the value was
from it. Where that is more than `limit` (one half minus the guess's greatest error), the guess is no proof, and the
caller asks the plain formulas of `requantize`. docs/numerics.md derives nudge and limit.
"""

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from intengine_kernels.isa.ir import I1, I16, I32, I64, call, const, load, local_function, splat

LANES = 16
_V32 = ir.VectorType(I32, LANES)

#: Rows of a guess table: what the accumulator is multiplied with; what is added; -0.0 where that takes the sign of the
#: product with it, else 0.0; the greatest distance that is a proof.
SCALE, NUDGE, SIGN, LIMIT = 0, 1, 2, 3


def _emit_rows(size, double, narrow):
    """Rows of 16 accumulators of `size` bits until one has no proof; float64 or float32; results of `narrow` bits."""
    real = ir.VectorType(ir.DoubleType() if double else ir.FloatType(), LANES)
    bits = ir.VectorType(I64 if double else I32, LANES)
    stored = ir.VectorType(ir.IntType(narrow), LANES)
    # Adding this number rounds to an integer, halves to even, and leaves it in the low bits.
    magic = ir.Constant(real, [1.5 * 2.0 ** (52 if double else 23)] * LANES)

    def body(builder, args):
        acc, acc_step, rows, guess, width, zero_point, lo, hi, out, out_step, count = args

        def row_of_table(which):
            return load(builder, guess, builder.mul(width, const(which)), real, 4)

        def number(value):
            return splat(builder, builder.sitofp(value, real.element), real)

        scale, nudge, sign, limit = (row_of_table(which) for which in (SCALE, NUDGE, SIGN, LIMIT))
        nudge, sign = builder.bitcast(nudge, bits), builder.bitcast(sign, bits)
        least, most = number(builder.sub(lo, zero_point)), number(builder.sub(hi, zero_point))
        offset = splat(builder, builder.sub(zero_point, ir.Constant(I32, 0 if double else 0x4B400000)), _V32)
        lane = ir.Constant(_V32, list(range(LANES)))
        mask = builder.icmp_signed("<", lane, splat(builder, builder.trunc(count, I32), _V32))
        is_whole = builder.icmp_signed(">=", count, const(LANES))
        wanted = builder.bitcast(mask, I16)
        head, done = builder.append_basic_block("row"), builder.append_basic_block("done")
        entry = builder.block
        builder.cbranch(builder.icmp_signed("<", const(0), rows), head, done)
        builder.position_at_end(head)
        r = builder.phi(I64)
        r.add_incoming(const(0), entry)
        sums = load(builder, acc, builder.mul(r, acc_step), ir.VectorType(ir.IntType(size), LANES), size // 8)
        value = builder.sitofp(sums, real)
        moved = builder.xor(nudge, builder.and_(builder.bitcast(value, bits), sign))
        name = "llvm.fmuladd.v16f64" if double else "llvm.fmuladd.v16f32"
        value = call(builder, name, real, value, scale, builder.bitcast(moved, real))
        value = builder.select(builder.fcmp_ordered(">", value, least), value, least)
        value = builder.select(builder.fcmp_ordered("<", value, most), value, most)
        shifted = builder.fadd(value, magic)
        distance = builder.fsub(value, builder.fsub(shifted, magic))
        distance = call(builder, "llvm.fabs.v16f64" if double else "llvm.fabs.v16f32", real, distance)
        unproven = builder.and_(builder.bitcast(builder.fcmp_ordered(">", distance, limit), I16), wanted)
        integer = builder.bitcast(shifted, bits)
        integer = builder.add(builder.trunc(integer, _V32) if double else integer, offset)
        integer = builder.trunc(integer, stored)
        place = builder.bitcast(builder.gep(out, [builder.mul(r, out_step)]), stored.as_pointer())
        with builder.if_else(is_whole) as (then, otherwise):
            with then:
                builder.store(integer, place, align=narrow // 8)
            with otherwise:
                kind = ir.FunctionType(ir.VoidType(), [stored, place.type, I32, ir.VectorType(I1, LANES)])
                store = cgutils.get_or_insert_function(builder.module, kind, f"llvm.masked.store.v16i{narrow}.p0")
                builder.call(store, [integer, place, ir.Constant(I32, narrow // 8), mask])
        following = builder.add(r, const(1))
        is_proven = builder.icmp_unsigned("==", unproven, ir.Constant(I16, 0))
        rows_proven = builder.select(is_proven, following, r)
        last = builder.block
        r.add_incoming(following, last)
        builder.cbranch(builder.and_(is_proven, builder.icmp_signed("<", following, rows)), head, done)
        builder.position_at_end(done)
        proven = builder.phi(I64)
        proven.add_incoming(const(0), entry)
        proven.add_incoming(rows_proven, last)
        builder.ret(proven)

    return body


@intrinsic
def guess_rows(
    typingctx, acc, acc_at, acc_step, rows, guess, channel, zero_point, lo, hi, out, out_at, out_step, count
):  # fmt: skip
    """out[out_at + r * out_step + i] = clamp(requantize(acc[acc_at + r * acc_step + i]) + zero_point, lo, hi).

    For i below count and 16, until a row has a value that is not proven; returns the number of rows that are.
    acc: int32 or int64, flat. guess: float32 or float64 [4, width], of which this reads 16 columns from `channel` on.
    zero_point, lo, hi: int32. out: int8, uint8 or int16. All 16 of acc and guess must be readable.
    """
    i64, i32 = types.int64, types.int32
    signature = i64(acc, i64, i64, i64, guess, i64, i32, i32, i32, out, i64, i64, i64)
    size, double, narrow = acc.dtype.bitwidth, guess.dtype.bitwidth == 64, out.dtype.bitwidth

    def codegen(context, builder, signature, args):
        def array(i):
            return context.make_array(signature.args[i])(context, builder, args[i])

        table = array(4)
        width = builder.extract_value(table.shape, 1)
        arguments = [
            builder.gep(array(0).data, [args[1]]), args[2], args[3], builder.gep(table.data, [args[5]]), width,
            args[6], args[7], args[8], builder.gep(array(9).data, [args[10]]), args[11], args[12],
        ]  # fmt: skip
        name = f"intengine_guess_{size}_{double:d}_{narrow}"
        kinds = [argument.type for argument in arguments]
        return builder.call(local_function(builder, name, I64, kinds, _emit_rows(size, double, narrow)), arguments)

    return signature, codegen
