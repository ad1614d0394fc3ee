"""Quantized sums and products of two tensors, 16 elements at a time, by guesses that prove themselves; see `lanes`."""

from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from intengine_kernels.isa.ir import I1, I16, I64, call, const, load, local_function, splat
from intengine_kernels.isa.lanes import LANES, MASK, V32, finish, real_type

#: An eighth entry of the table of sums: what the second operand is multiplied with.
SECOND = MASK + 1


def _emit(is_sum, size, is_signed, double):
    """Blocks of 16 elements of `size` bits until one element has no proof; returns the number of those before it."""
    real, bits = real_type(double)
    narrow = ir.VectorType(ir.IntType(size), LANES)
    name = "f64" if double else "f32"

    def body(builder, args):
        a, b, blocks, table, a_zero_point, b_zero_point, out = args

        def entry_of_table(which):
            return splat(builder, builder.load(builder.gep(table, [const(which)])), real)

        scale, nudge, sign, least, most, offset, mask = (entry_of_table(which) for which in range(MASK + 1))
        second = entry_of_table(SECOND) if is_sum else None
        nudge, sign = builder.bitcast(nudge, bits), builder.bitcast(sign, bits)
        zero_points = [splat(builder, value, V32) for value in (a_zero_point, b_zero_point)]
        entry = builder.block
        head, done = builder.append_basic_block("block"), builder.append_basic_block("done")
        builder.cbranch(builder.icmp_signed("<", const(0), blocks), head, done)
        builder.position_at_end(head)
        i = builder.phi(I64)
        i.add_incoming(const(0), entry)
        at = builder.mul(i, const(LANES))
        operands = []
        for base, offset_of in zip((a, b), zero_points, strict=True):
            value = load(builder, base, at, narrow, 1)
            value = builder.sext(value, V32) if is_signed else builder.zext(value, V32)
            operands.append(builder.sub(value, offset_of))
        if is_sum:
            x, y = (builder.sitofp(value, real) for value in operands)
            value = call(builder, f"llvm.fmuladd.v16{name}", real, y, second, builder.fmul(x, scale))
            moved = builder.xor(nudge, builder.and_(builder.bitcast(value, bits), sign))
            value = builder.fadd(value, builder.bitcast(moved, real))
        else:
            product = builder.sitofp(builder.mul(*operands), real)
            moved = builder.xor(nudge, builder.and_(builder.bitcast(product, bits), sign))
            value = call(builder, f"llvm.fmuladd.v16{name}", real, product, scale, builder.bitcast(moved, real))
        integer, unproven = finish(builder, value, least, most, offset, mask, proves=True)
        place = builder.bitcast(builder.gep(out, [at]), narrow.as_pointer())
        builder.store(builder.trunc(integer, narrow), place, align=1)
        following = builder.add(i, const(1))
        is_proven = builder.icmp_unsigned("==", unproven, ir.Constant(I16, 0))
        first = call(builder, "llvm.cttz.i16", I16, unproven, ir.Constant(I1, 0))
        reached = builder.add(at, builder.zext(first, I64))
        proven = builder.select(is_proven, builder.mul(following, const(LANES)), reached)
        i.add_incoming(following, head)
        builder.cbranch(builder.and_(is_proven, builder.icmp_signed("<", following, blocks)), head, done)
        builder.position_at_end(done)
        total = builder.phi(I64)
        total.add_incoming(const(0), entry)
        total.add_incoming(proven, head)
        builder.ret(total)

    return body


def _make(is_sum):
    @intrinsic
    def guess(typingctx, a, a_at, b, b_at, table, a_zero_point, b_zero_point, out, out_at, count):
        """out = clamp(requantized sum or product of a - z_a and b - z_b, + zero_point); the number proven and written.

        Whole blocks of 16 of `count` elements, until one element has no proof; what is written from there on is a
        guess. a, b, out: int8, uint8 or int16, flat.
        table: float32 for 8 bits, float64 for 16; entries as `lanes` and this file name them. zero points: int32.
        """
        i64, i32 = types.int64, types.int32
        signature = i64(a, i64, b, i64, table, i32, i32, out, i64, i64)
        size, is_signed, double = a.dtype.bitwidth, a.dtype.signed, table.dtype.bitwidth == 64

        def codegen(context, builder, signature, args):
            def place(i, at):
                return builder.gep(context.make_array(signature.args[i])(context, builder, args[i]).data, [at])

            arguments = [
                place(0, args[1]), place(2, args[3]), builder.sdiv(args[9], const(LANES)), place(4, const(0)),
                args[5], args[6], place(7, args[8]),
            ]  # fmt: skip
            kinds = [argument.type for argument in arguments]
            name = f"intengine_pairs_{is_sum:d}_{size}_{is_signed:d}_{double:d}"
            function = local_function(builder, name, I64, kinds, _emit(is_sum, size, is_signed, double))
            return builder.call(function, arguments)

        return signature, codegen

    return guess


guess_sums, guess_products = _make(is_sum=True), _make(is_sum=False)
