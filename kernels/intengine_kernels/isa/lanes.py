"""Requantization of 16 accumulators at a time by a floating-point guess that proves itself, under any scheme.

Every scheme rounds acc * scale, moved by a known constant (`nudge`), to the nearest integer; they part where that is
close to halfway. So: compute it in floating point, clamp, and add an offset that leaves the result, rounded, in the
integer bits of the sum, and how far it was from halfway in some bits behind. Where those (`MASK`) are all zero, the
guess is no proof, and the caller asks the plain formulas of `requantize`. docs/numerics.md, 16, derives it.
"""

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from intengine_kernels.isa.ir import I1, I16, I32, I64, call, const, either, load, local_function, splat

LANES = 16
V32 = ir.VectorType(I32, LANES)

#: Rows of a guess table: what the accumulator is multiplied with; what is added; -0.0 where that takes the sign of the
#: product with it, else 0.0; the clamp less the zero point; the offset; the bits (as those of a float) that prove.
SCALE, NUDGE, SIGN, LEAST, MOST, OFFSET, MASK = range(7)
#: Bits behind the point in a sum with the offset, of float32 and of float64.
FRACTION, FRACTION64 = 14, 24


def real_type(double):
    """A vector of float32 or float64, and one of integers of the same width."""
    return ir.VectorType(ir.DoubleType() if double else ir.FloatType(), LANES), ir.VectorType(
        I64 if double else I32, LANES
    )


def finish(builder, value, least, most, offset, mask, proves):
    """(integers in the low bits of each lane, one bit for each lane without a proof or None) of a moved product.

    If not `proves`, the offset rounds halves to even, which is the scheme itself, and the mask is the zero point.
    """
    double = isinstance(value.type.element, ir.DoubleType)
    _, bits = real_type(double)
    value = builder.select(builder.fcmp_ordered(">", value, least), value, least)
    value = builder.select(builder.fcmp_ordered("<", value, most), value, most)
    sums = builder.bitcast(builder.fadd(value, offset), bits)
    if not proves:
        return builder.add(sums, builder.bitcast(mask, bits)), None
    zero = ir.Constant(bits, [0] * LANES)
    unproven = builder.bitcast(builder.icmp_unsigned("==", builder.and_(sums, builder.bitcast(mask, bits)), zero), I16)
    shift = ir.Constant(bits, [FRACTION64 if double else FRACTION] * LANES)
    return builder.ashr(sums, shift), unproven


def _emit_rows(size, double, narrow, proves):
    """Rows of 16 accumulators of `size` bits, up to one that has lanes without a proof, which it writes.

    With float64 or float32; results of `narrow` bits.
    """
    real, bits = real_type(double)
    stored = ir.VectorType(ir.IntType(narrow), LANES)

    def body(builder, args):
        acc, acc_step, rows, guess, width, out, out_step, count, lanes = args

        def row_of_table(which):
            return load(builder, guess, builder.mul(width, const(which)), real, 4)

        scale, nudge, sign, least, most, offset, mask = (row_of_table(which) for which in range(MASK + 1))
        nudge, sign = builder.bitcast(nudge, bits), builder.bitcast(sign, bits)
        lane = ir.Constant(V32, list(range(LANES)))
        wanted = builder.icmp_signed("<", lane, splat(builder, builder.trunc(count, I32), V32))
        is_whole = builder.icmp_signed(">=", count, const(LANES))
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
        integer, unproven = finish(builder, value, least, most, offset, mask, proves)
        integer = builder.trunc(integer, stored)
        place = builder.bitcast(builder.gep(out, [builder.mul(r, out_step)]), stored.as_pointer())
        with builder.if_else(is_whole) as (then, otherwise):
            with then:
                builder.store(integer, place, align=narrow // 8)
            with otherwise:
                kind = ir.FunctionType(ir.VoidType(), [stored, place.type, I32, ir.VectorType(I1, LANES)])
                store = cgutils.get_or_insert_function(builder.module, kind, f"llvm.masked.store.v16i{narrow}.p0")
                builder.call(store, [integer, place, ir.Constant(I32, narrow // 8), wanted])
        following = builder.add(r, const(1))
        failed = const(0)
        if proves:
            failed = builder.zext(builder.and_(unproven, builder.bitcast(wanted, I16)), I64)
        is_proven = builder.icmp_unsigned("==", failed, const(0))
        last = builder.block
        r.add_incoming(following, last)
        builder.cbranch(builder.and_(is_proven, builder.icmp_signed("<", following, rows)), head, done)
        builder.position_at_end(done)
        result, without = builder.phi(I64), builder.phi(I64)
        for phi, value in ((result, following), (without, failed)):
            phi.add_incoming(const(0), entry)
            phi.add_incoming(value, last)
        builder.store(without, lanes)
        builder.ret(result)

    return body


@intrinsic
def guess_rows(typingctx, proves, acc, acc_at, acc_step, rows, guess, channel, out, out_at, out_step, count):
    """out[out_at + r * out_step + i] = requantized acc[acc_at + r * acc_step + i], zero point and clamp included.

    For i below count and 16, up to a row that has values without a proof. Returns the number of rows, and a bit for
    each such lane of the last one.
    proves: bool, False where the guess is the scheme itself (FLOAT32 to 8 bits).
    acc: int32 or int64, flat. guess: float32 or float64 [7, width], of which this reads 16 columns from `channel` on.
    out: int8, uint8 or int16. All 16 of acc and guess must be readable.
    """
    i64 = types.int64
    signature = types.UniTuple(i64, 2)(types.boolean, acc, i64, i64, i64, guess, i64, out, i64, i64, i64)
    size, double, narrow = acc.dtype.bitwidth, guess.dtype.bitwidth == 64, out.dtype.bitwidth

    def codegen(context, builder, signature, args):
        def array(i):
            return context.make_array(signature.args[i])(context, builder, args[i])

        table = array(5)
        width = builder.extract_value(table.shape, 1)
        arguments = [
            builder.gep(array(1).data, [args[2]]), args[3], args[4], builder.gep(table.data, [args[6]]), width,
            builder.gep(array(7).data, [args[8]]), args[9], args[10], cgutils.alloca_once(builder, I64),
        ]  # fmt: skip
        kinds = [argument.type for argument in arguments]

        def run(proves):
            name = f"intengine_guess_{size}_{double:d}_{narrow}_{proves:d}"
            function = local_function(builder, name, I64, kinds, _emit_rows(size, double, narrow, proves))
            return builder.call(function, arguments)

        both = [either(builder, args[0], run), builder.load(arguments[-1])]
        return context.make_tuple(builder, signature.return_type, both)

    return signature, codegen
