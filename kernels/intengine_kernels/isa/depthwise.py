"""Depthwise products by dot-product instructions: the taps of a column of the filter lie next to each other.

A strip holds, for every pixel and channel of one output row, 4 bytes: the channel's values in 4 rows of the image
(uint8), or in 2 (int16), so that one instruction multiplies 4 or 2 taps of 16 channels.
"""

from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from intengine_kernels.isa import AVX512VNNI
from intengine_kernels.isa.ir import (
    I8,
    I16,
    I32,
    I64,
    any_of,
    array_pointer,
    const,
    counted,
    load,
    local_function,
    splat,
)
from intengine_kernels.isa.tile import dot, group_type, in_tiles, lanes_of
from intengine_kernels.isa.words import FORMS, Finish

#: Channels of a block; requantization takes as many at a time.
CHANNELS = 16
#: Pixels whose sums are requantized at a time: shapes as `tile.SHAPES` has them.
_FUSED_PIXELS = ((8, 1), (4, 1), (1, 1))


def _emit_interleave(size, is_signed, per):
    """out[i] = the i-th elements of `per` rows, as bytes with their top bits flipped, or as int16.

    And once more by exclusive or with `again`. A constant in between makes LLVM take two inserts and a permutation on
    AVX-512, where it would unpack in many steps.
    """
    source = ir.VectorType(ir.IntType(size), CHANNELS)
    wanted = ir.VectorType(I8 if per == 4 else I16, CHANNELS)

    def convert(builder, value, kind):
        if value.type == kind:
            return value
        return builder.sext(value, kind) if is_signed else builder.zext(value, kind)

    def body(builder, args):
        *rows, again, out, count = args
        flips = per == 4

        def vectors(at):
            whole = [convert(builder, load(builder, row, at, source, 1), wanted) for row in rows]
            whole = [builder.xor(one, ir.Constant(wanted, [-128] * CHANNELS)) for one in whole] if flips else whole
            while len(whole) > 1:
                width = whole[0].type.count
                joined = ir.Constant(ir.VectorType(I32, 2 * width), list(range(2 * width)))
                whole = [builder.shuffle_vector(a, b, joined) for a, b in zip(whole[::2], whole[1::2], strict=True)]
            order = [j * CHANNELS + i for i in range(CHANNELS) for j in range(per)]
            mask = ir.Constant(ir.VectorType(I32, len(order)), order)
            mixed = builder.shuffle_vector(whole[0], ir.Constant(whole[0].type, ir.Undefined), mask)
            mixed = builder.xor(mixed, splat(builder, again, mixed.type)) if flips else mixed
            place = builder.bitcast(builder.gep(out, [at]), mixed.type.as_pointer())
            builder.store(mixed, place, align=4)

        def vector(i, values):
            vectors(builder.mul(i, const(CHANNELS)))
            return values

        def element(i, values):
            total = ir.Constant(I32, 0)
            for j, row in enumerate(rows):
                value = convert(builder, builder.load(builder.gep(row, [i])), wanted.element)
                value = builder.xor(builder.xor(value, ir.Constant(I8, -128)), again) if flips else value
                value = builder.shl(builder.zext(value, I32), ir.Constant(I32, j * (32 // per)))
                total = builder.or_(total, value)
            builder.store(total, builder.gep(out, [i]))
            return values

        with builder.if_else(builder.icmp_signed("<", count, const(CHANNELS))) as (few, many):
            with few:
                counted(builder, count, [], element)
            with many:
                counted(builder, builder.sdiv(count, const(CHANNELS)), [], vector)
                # The last block may overlap the one before, and says the same.
                vectors(builder.sub(count, const(CHANNELS)))
        builder.ret_void()

    return body


@intrinsic
def interleave_by_vectors(typingctx, isa, x, places, blank, flips, weights, out, out_at, count):
    """out[out_at + i] = 4 bytes: element i of the rows that start at places[j] in x, or of `blank` where negative.

    x, blank: int8, uint8 or int16, flat. flips: whether the top bit is flipped. weights: their type says what rows
    become: 4 rows of uint8 for int8 weights, 2 of int16 for int16. places: int64[4]. out: uint32. count: int64.
    """
    i64 = types.int64
    signature = types.void(isa, x, places, blank, types.boolean, weights, out, i64, i64)
    size, is_signed = x.dtype.bitwidth, x.dtype.signed
    per = 4 if weights.dtype.bitwidth == 8 else 2

    def codegen(context, builder, signature, args):
        def data(i):
            return context.make_array(signature.args[i])(context, builder, args[i]).data

        rows = []
        for j in range(per):
            place = builder.load(builder.gep(data(2), [const(j)]))
            inside = builder.icmp_signed(">=", place, const(0))
            rows.append(builder.select(inside, builder.gep(data(1), [place]), data(3)))
        out = builder.bitcast(data(6), I32.as_pointer())
        again = builder.select(args[4], ir.Constant(I8, 0), ir.Constant(I8, -128))
        arguments = [*rows, again, builder.gep(out, [args[7]]), args[8]]
        kinds = [argument.type for argument in arguments]
        name = f"intengine_interleave_{size}_{is_signed:d}_{per}"
        body = _emit_interleave(size, is_signed, per)
        builder.call(local_function(builder, name, ir.VoidType(), kinds, body), arguments)
        return context.get_dummy_value()

    return signature, codegen


def _emit_sums(builder, isa, is_8bit, pixels, args):
    """The sums of 16 channels of some pixels, one after the other; args as in `_emit_pixels`, at the first pixel."""
    strip, step, offsets, taps, w, bias = args
    wide, element = ir.VectorType(I32, lanes_of(isa)), group_type(isa, is_8bit)
    vectors = CHANNELS // wide.count
    biases = [load(builder, bias, const(v * wide.count), wide, 4) for v in range(vectors)]

    def tap(t, sums):
        at = builder.gep(strip, [load(builder, offsets, t, I64, 8)])
        here = builder.gep(w, [builder.mul(t, const(4 * CHANNELS))])
        weights = [load(builder, here, const(v * wide.count * 4), element, 4) for v in range(vectors)]
        new = []
        for p in range(pixels):
            pixel = builder.gep(at, [builder.mul(step, const(p))])
            for v in range(vectors):
                x = load(builder, pixel, const(v * wide.count), element, 4)
                new.append(dot(builder, isa, sums[p * vectors + v], x, weights[v], is_8bit))
        return new

    return counted(builder, taps, biases * pixels, tap)


def _emit_pixels(isa, is_8bit):
    """acc[p, 16 channels] for `count` pixels, several at a time."""

    def body(builder, args):
        strip, step, count, offsets, taps, w, bias, acc = args

        def pixels(first, several, sets, value):
            here = builder.gep(strip, [builder.mul(first, step)])
            for i, one in enumerate(_emit_sums(builder, isa, is_8bit, several, (here, step, offsets, taps, w, bias))):
                at = builder.add(builder.mul(first, const(CHANNELS)), const(i * one.type.count))
                builder.store(one, builder.bitcast(builder.gep(acc, [at]), one.type.as_pointer()), align=4)
            return value

        in_tiles(builder, ((lanes_of(isa) // 2, 1), (1, 1)), count, const(0), pixels)
        builder.ret_void()

    return body


def _emit_fused(form, is_signed):
    """Lines of pixels, several at a time, requantized; returns how many entries the list of unproven results has."""

    def body(builder, args):
        strip, step, count, offsets, taps, w, lines, w_step, bias, *rest = args
        finish = Finish(builder, CHANNELS, form, is_signed, rest)

        def line(r, values):
            weights, before = builder.gep(w, [builder.mul(r, w_step)]), builder.mul(r, count)

            def pixels(first, several, sets, missed):
                here = builder.gep(strip, [builder.mul(first, step)])
                sums = _emit_sums(builder, AVX512VNNI, True, several, (here, step, offsets, taps, weights, bias))
                return finish.rows(builder, builder.add(before, first), sums, missed)

            return [in_tiles(builder, _FUSED_PIXELS, count, values[0], pixels)]

        builder.ret(*counted(builder, lines, [const(0)], line))

    return body


@intrinsic
def depthwise_by_vectors(
    typingctx, isa, strip, at, step, count, offsets, first, taps, weights, w_at, bias, bias_at, acc
):
    """acc[p * CHANNELS + c] = bias[bias_at + c] + sum over taps of strip[at + p * step + offset + c] . weights.

    strip: uint32, flat. offsets: int64, read from `first` on. weights: int8 or int16, [taps, CHANNELS, 4 bytes] from
    element w_at on. bias, acc: int32.
    """
    i64 = types.int64
    signature = types.void(isa, strip, i64, i64, i64, offsets, i64, i64, weights, i64, bias, i64, acc)
    is_8bit = weights.dtype.bitwidth == 8
    instruction_set = isa.count

    def codegen(context, builder, signature, args):
        def pointer(i, element, at=None):
            return array_pointer(context, builder, signature.args[i], args[i], element, at)

        size = const(1 if is_8bit else 2)
        arguments = [
            pointer(1, I32, args[2]), args[3], args[4], pointer(5, I64, args[6]), args[7],
            pointer(8, I8, builder.mul(args[9], size)), pointer(10, I32, args[11]), pointer(12, I32),
        ]  # fmt: skip
        name = f"intengine_depthwise_{instruction_set}_{is_8bit:d}"
        kinds = [argument.type for argument in arguments]
        body = _emit_pixels(instruction_set, is_8bit)
        builder.call(local_function(builder, name, ir.VoidType(), kinds, body), arguments)
        return context.get_dummy_value()

    return signature, codegen


@intrinsic
def requantize_depthwise(
    typingctx, form, strip, at, step, count, offsets, taps, weights, w_at, lines, w_step, bias, bias_at, guess, lo,
    hi, out, out_at, out_step, sums, places,
):  # fmt: skip
    """out[out_at + (r * count + p) * out_step + c] = requantized sums of pixel p with the filter at w_at + r * w_step.

    Sums are those of `depthwise_by_vectors`, of all taps of 8 bits, with AVX-512. All but those without a proof: as
    `fused_tile.requantize_by_tiles`. form: int64, of `words`, not NOT.
    """
    i64 = types.int64
    signature = i64(
        i64, strip, i64, i64, i64, offsets, i64, weights, i64, i64, i64, bias, i64, guess, i64, i64, out, i64,
        i64, sums, places,
    )  # fmt: skip
    is_signed = out.dtype.signed

    def codegen(context, builder, signature, args):
        def pointer(i, element, at=None):
            return array_pointer(context, builder, signature.args[i], args[i], element, at)

        table = context.make_array(signature.args[13])(context, builder, args[13])
        arguments = [
            pointer(1, I32, args[2]), args[3], args[4], pointer(5, I64), args[6], pointer(7, I8, args[8]), args[9],
            args[10], pointer(11, I32, args[12]), builder.gep(table.data, [args[12]]),
            builder.extract_value(table.shape, 1), args[14], args[15], pointer(16, I8, args[17]), args[18],
            pointer(19, I32), pointer(20, I64),
        ]  # fmt: skip
        kinds = [argument.type for argument in arguments]

        def run(form):
            name = f"intengine_fused_depthwise_{form}_{is_signed:d}"
            return builder.call(local_function(builder, name, I64, kinds, _emit_fused(form, is_signed)), arguments)

        return any_of(builder, FORMS, args[0], run)

    return signature, codegen
