"""Tiles that requantize their sums before they leave the registers, with AVX-512: see `tile` and `words`."""

from numba import types
from numba.extending import intrinsic

from intengine_kernels.isa import AVX512VNNI
from intengine_kernels.isa.ir import I8, I32, I64, any_of, array_pointer, const, local_function
from intengine_kernels.isa.tile import FULL, HALF, emit_tile, in_tiles
from intengine_kernels.isa.words import FORMS, Finish

#: Part of a panel -> shapes as `tile.SHAPES` has them; fewer rows, since what requantizes takes registers too.
_SHAPES = {FULL: ((8, 1), (4, 1), (1, 4)), HALF: ((8, 1), (4, 2), (1, 8))}


def _emit(part, form, is_signed):
    """Rows in tiles; returns how many entries the list of unproven results has."""

    def body(builder, args):
        a, lda, rows, offsets, segments, steps, extra, w, bias, *rest = args
        finish = Finish(builder, part, form, is_signed, rest)

        def tile(row, tall, sets, missed):
            a_here = builder.gep(a, [builder.mul(row, lda)])
            some = (a_here, lda, offsets, segments, steps, extra, w, bias, None)
            return finish.rows(builder, row, emit_tile(builder, AVX512VNNI, tall, part, sets, True, some), missed)

        builder.ret(in_tiles(builder, _SHAPES[part], rows, const(0), tile))

    return body


@intrinsic
def requantize_by_tiles(
    typingctx, part, form, x, at, lda, rows, offsets, first, segments, steps, extra, w, w_at, bias, bias_at, guess,
    lo, hi, out, out_at, out_step, sums, places,
):  # fmt: skip
    """out[out_at + r * out_step + n] = requantized sums of `tile.multiply_by_tiles`, of FULL or HALF columns.

    All but those without a proof, of which this returns a number: see `requantize.Missed`.
    part: int64, FULL or HALF. form: int64, of `words`, not NOT. x: uint8. w: int8. bias: int32.
    guess: float32[7, width], read from column
    bias_at on. lo, hi: of the result, within its type. out: int8 or uint8. sums: int32. places: int64.
    """
    i64 = types.int64
    signature = i64(
        i64, i64, x, i64, i64, i64, offsets, i64, i64, i64, i64, w, i64, bias, i64, guess, i64, i64, out, i64,
        i64, sums, places,
    )  # fmt: skip
    is_signed = out.dtype.signed

    def codegen(context, builder, signature, args):
        def pointer(i, element, at=None):
            return array_pointer(context, builder, signature.args[i], args[i], element, at)

        table = context.make_array(signature.args[15])(context, builder, args[15])
        arguments = [
            pointer(2, I8, args[3]), args[4], args[5], pointer(6, I64, args[7]), *args[8:11], pointer(11, I8, args[12]),
            pointer(13, I32, args[14]), builder.gep(table.data, [args[14]]), builder.extract_value(table.shape, 1),
            *args[16:18], pointer(18, I8, args[19]), args[20], pointer(21, I32), pointer(22, I64),
        ]  # fmt: skip
        kinds = [argument.type for argument in arguments]

        def run(part, form):
            name = f"intengine_fused_{part}_{form}_{is_signed:d}"
            body = _emit(part, form, is_signed)
            return builder.call(local_function(builder, name, I64, kinds, body), arguments)

        def of(part):
            return any_of(builder, FORMS, args[1], lambda form: run(part, form))

        return any_of(builder, (FULL, HALF), args[0], of)

    return signature, codegen
