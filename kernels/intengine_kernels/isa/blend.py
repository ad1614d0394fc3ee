"""One row of a resized image from the rows of the image above and below it, 16 channels at a time, on any CPU.

Plain loops over few channels are not vectorized; here fewer than 16 go through a masked store.
"""

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from intengine_kernels.isa.ir import I1, I32, I64, const, counted, load, local_function, splat

LANES = 16

#: Orders of the float32 products and sums, see `blend_floats`.
COLUMNS_FIRST, WEIGHTS_FIRST, STEPS = range(3)


def _integers(builder, kind, sources, scalars):
    """(low * (one - part) + high * part) >> shift, to the nearest; halves up, or away from zero."""
    one, shift, away, part = scalars
    sums = [
        builder.mul(sources[0], splat(builder, builder.sub(one, part), kind)),
        builder.mul(sources[1], splat(builder, part, kind)),
    ]
    value = builder.add(*sums)
    half = builder.shl(ir.Constant(kind.element, 1), builder.sub(shift, ir.Constant(kind.element, 1)))
    # Away from zero: of a negative number one less than a half is added before the floor.
    less = builder.lshr(value, ir.Constant(kind, [kind.element.width - 1] * LANES))
    less = builder.and_(less, splat(builder, away, kind))
    value = builder.sub(builder.add(value, splat(builder, half, kind)), less)
    return builder.ashr(value, splat(builder, shift, kind))


def _floats(order):
    def combine(builder, kind, sources, scalars):
        gy, fy, add, fx = scalars
        gx = builder.fsub(ir.Constant(kind.element, 1.0), fx)
        top_low, bottom_low, top_high, bottom_high = sources
        if order == STEPS:
            part = splat(builder, fx, kind)
            top, bottom = (
                builder.fadd(low, builder.fmul(builder.fsub(high, low), part))
                for low, high in ((top_low, top_high), (bottom_low, bottom_high))
            )
            return builder.fadd(top, builder.fmul(builder.fsub(bottom, top), splat(builder, fy, kind)))
        if order == COLUMNS_FIRST:
            terms = [(top_low, gx), (bottom_low, gx), (top_high, fx), (bottom_high, fx)]
        else:
            corners = [(gy, gx), (gy, fx), (fy, gx), (fy, fx)]
            products = [builder.fmul(a, b) for a, b in corners]
            terms = list(zip((top_low, top_high, bottom_low, bottom_high), products, strict=True))
        value = None
        for source, weight in terms:
            product = builder.fmul(source, splat(builder, weight, kind))
            value = product if value is None else builder.fadd(value, product)
        return builder.fadd(value, splat(builder, add, kind))

    return combine


def _emit(kind, narrow, rows, combine):
    """The row, from `rows` rows of sources, of which each has a low and a high neighbour."""
    is_float = isinstance(kind.element, ir.FloatType)
    size = 4 if is_float else kind.element.width // 8
    out_kind = ir.VectorType(narrow, LANES)

    def stored(builder, value):
        if is_float and narrow != kind.element:
            value = builder.fptosi(value, ir.VectorType(I32, LANES))
        return value if value.type == out_kind else builder.trunc(value, out_kind)

    def body(builder, args):
        sources, args = args[:rows], args[rows:]
        x_low, x_high, x_part, channels, width, out, *scalars = args
        align = 4 if narrow == kind.element else narrow.width // 8
        mask_kind = ir.FunctionType(ir.VoidType(), [out_kind, out_kind.as_pointer(), I32, ir.VectorType(I1, LANES)])
        suffix = "f32" if narrow == kind.element else f"i{narrow.width}"
        masked = cgutils.get_or_insert_function(builder.module, mask_kind, f"llvm.masked.store.v16{suffix}.p0")
        lane = ir.Constant(ir.VectorType(I64, LANES), list(range(LANES)))
        few = builder.icmp_signed("<", lane, splat(builder, channels, lane.type))
        chunks = builder.sdiv(builder.add(channels, const(LANES - 1)), const(LANES))
        last = builder.sub(channels, const(LANES))

        def pixels(keep, count, begin_of):
            """All pixels, each in `count` chunks of channels that `keep` stores."""

            def pixel(j, values):
                low, high = (builder.mul(builder.load(builder.gep(x, [j])), channels) for x in (x_low, x_high))
                part = builder.load(builder.gep(x_part, [j]))
                at = builder.mul(j, channels)

                def chunk(i, values):
                    begin = begin_of(i)
                    found = [
                        load(builder, source, builder.add(x, begin), kind, size)
                        for x in (low, high)
                        for source in sources
                    ]
                    value = stored(builder, combine(builder, kind, found, (*scalars, part)))
                    keep(value, builder.bitcast(builder.gep(out, [builder.add(at, begin)]), out_kind.as_pointer()))
                    return values

                counted(builder, count, [], chunk)
                return values

            counted(builder, width, [], pixel)

        def whole_begin(i):
            """The last chunk begins so that it is whole: what it has in common with the one before is made twice."""
            begin = builder.mul(i, const(LANES))
            return builder.select(builder.icmp_signed("<", begin, last), begin, last)

        with builder.if_else(builder.icmp_signed(">=", channels, const(LANES))) as (then, otherwise):
            with then:
                pixels(lambda value, place: builder.store(value, place, align=align), chunks, whole_begin)
            with otherwise:
                keep = [ir.Constant(I32, align), few]
                pixels(lambda value, place: builder.call(masked, [value, place, *keep]), const(1), lambda i: const(0))
        builder.ret(const(0))

    return body


def _row(rows, name, combine):
    """codegen of an intrinsic (`rows` sources, x_low, x_high, x_part, channels, scalars..., out)."""

    def codegen(context, builder, signature, args):
        def array(i):
            return context.make_array(signature.args[i])(context, builder, args[i])

        places = [array(i) for i in range(rows + 3)]
        out = array(len(args) - 1)
        width = builder.extract_value(places[rows].shape, 0)
        kind = ir.VectorType(places[0].data.type.pointee, LANES)
        narrow = out.data.type.pointee
        arguments = [*(place.data for place in places), args[rows + 3], width, out.data, *args[rows + 4 : -1]]
        kinds = [argument.type for argument in arguments]
        unique = f"intengine_{name}_{kind.element}_{narrow}".replace(" ", "")
        return builder.call(local_function(builder, unique, I64, kinds, _emit(kind, narrow, rows, combine)), arguments)

    return codegen


@intrinsic
def blend_integers(typingctx, row, x_low, x_high, x_part, channels, one, shift, away, out):
    """out[j * channels + c] = (row[low] * (one - part) + row[high] * part) / 2**shift, to the nearest.

    row: int32 or int64, 15 elements longer than it needs to be. x_low, x_high: int64[n]; x_part, one, shift and away
    (1: halves go away from zero; 0: up) have the type of row. out: int8, uint8 or int16 [n * channels].
    """
    wide = row.dtype
    signature = types.int64(row, x_low, x_high, x_part, types.int64, wide, wide, wide, out)
    return signature, _row(1, "blend", _integers)


def _blend_floats(order):
    def declare(typingctx, top, bottom, x_low, x_high, x_part, channels, gy, fy, add, out):
        real = types.float32
        signature = types.int64(top, bottom, x_low, x_high, x_part, types.int64, real, real, real, out)
        return signature, _row(2, f"blend{order}", _floats(order))

    return declare


#: out[j * channels + c] from float32 rows `top` and `bottom`, 15 elements longer than they need to be; one for each
#: order. out: float32, or uint8 that `add` is added for before the fraction is dropped (STEPS: float32, add unused).
blend_columns_first = intrinsic(_blend_floats(COLUMNS_FIRST))
blend_weights_first = intrinsic(_blend_floats(WEIGHTS_FIRST))
blend_steps = intrinsic(_blend_floats(STEPS))
