"""The two transforms of Winograd's convolution F(4x4, 3x3) in vectors: see `intengine_kernels.winograd`."""

from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from intengine_kernels.isa import COLUMNS
from intengine_kernels.isa.ir import I8, I16, I32, array_pointer, const, counted, load, local_function
from intengine_kernels.isa.tile import lanes_of

#: Taps of a tile along an axis, outputs, and products of a tile.
TAPS, OUTPUTS = 6, 4
PRODUCTS = TAPS * TAPS
#: Tiles that are multiplied together: what every instruction set has whole tiles of rows for.
TILES = 24
#: Sums from one product to the next: far enough from multiples of the cache's size.
PITCH = TILES * COLUMNS + 16
#: What makes an output of 9 * 2**SHIFT times it: the inverse of 9 modulo 2**32, then a shift.
_INVERSE, SHIFT = 954437177, 6


class _Vectors:
    """Arithmetic of integer vectors of one type."""

    def __init__(self, builder, kind):
        self.add, self.sub = builder.add, builder.sub
        self.builder, self.kind = builder, kind

    def splat(self, value):
        return ir.Constant(self.kind, [value] * self.kind.count)

    def times(self, value, power):
        """2**power times a value."""
        return self.builder.shl(value, self.splat(power))

    def outer(self, d):
        """The first and the last of what products take of six taps in a row."""
        first = self.add(self.times(self.sub(d[0], d[2]), 2), self.sub(d[4], d[2]))
        return first, self.add(self.times(self.sub(d[1], d[3]), 2), self.sub(d[5], d[3]))

    def inner(self, d):
        """The second and the third."""
        even, odd = self.sub(d[4], self.times(d[2], 2)), self.sub(d[3], self.times(d[1], 2))
        return self.add(even, odd), self.sub(even, odd)

    def middle(self, d):
        """The fourth and the fifth."""
        even, odd = self.sub(d[4], d[2]), self.times(self.sub(d[3], d[1]), 1)
        return self.add(even, odd), self.sub(even, odd)

    def taps(self, d):
        """All six."""
        (first, last), inner, middle = self.outer(d), self.inner(d), self.middle(d)
        return first, *inner, *middle, last

    def outputs(self, m):
        """Six products in a row as 24 times the four outputs."""
        both, between = self.add(m[1], m[2]), self.sub(m[1], m[2])
        outer, across = self.add(m[3], m[4]), self.sub(m[3], m[4])
        thrice = self.add(m[5], self.times(m[5], 1))
        return [
            self.add(self.add(m[0], both), outer),
            self.add(between, self.times(across, 1)),
            self.add(both, self.times(outer, 2)),
            self.add(self.add(between, self.times(across, 3)), thrice),
        ]

    def divided(self, value):
        """A 576th of values, which are multiples of it modulo 2**32."""
        return self.builder.ashr(self.builder.mul(value, self.splat(_INVERSE)), self.splat(SHIFT))


def _each(builder, tiles, size, lanes, body):
    """body(tile, first element, lanes) for all of `size` elements, in vectors and what is left in half vectors."""

    def some(count, begin, lanes):
        def one(i, _):
            first = builder.add(begin, builder.mul(i, const(lanes)))

            def of_tile(t, _):
                body(t, first, lanes)
                return []

            return counted(builder, tiles, [], of_tile)

        counted(builder, count, [], one)

    whole = builder.sdiv(size, const(lanes))
    done = builder.mul(whole, const(lanes))
    half = lanes // 2
    some(whole, const(0), lanes)
    some(builder.sdiv(builder.add(builder.sub(size, done), const(half - 1)), const(half)), done, half)


def _emit_taps(lanes, is_signed):
    def body(builder, args):
        x, pitch, channels, tiles, out, out_step, out_pitch = args

        def one(t, first, lanes):
            kind = ir.VectorType(I16, lanes)
            vectors = _Vectors(builder, kind)
            here = builder.gep(x, [builder.add(builder.mul(t, builder.mul(channels, const(OUTPUTS))), first)])
            there = builder.gep(out, [builder.add(builder.mul(t, out_step), first)])

            def tap(row, column):
                at = builder.add(builder.mul(pitch, const(row)), builder.mul(channels, const(column)))
                value = load(builder, here, at, ir.VectorType(I8, lanes), 1)
                return builder.sext(value, kind) if is_signed else builder.zext(value, kind)

            # Two rows at a time: more would not fit in registers, and to load taps again takes less than to spill.
            for rows, transform in (((0, 5), vectors.outer), ((1, 2), vectors.inner), ((3, 4), vectors.middle)):
                columns = [transform([tap(i, j) for i in range(TAPS)]) for j in range(TAPS)]
                for row, values in zip(rows, zip(*columns, strict=True), strict=True):
                    for j, value in enumerate(vectors.taps(values)):
                        place = builder.gep(there, [builder.mul(out_pitch, const(row * TAPS + j))])
                        builder.store(value, builder.bitcast(place, kind.as_pointer()), align=2)

        _each(builder, tiles, channels, lanes, one)
        builder.ret_void()

    return body


def _accumulators(builder, vectors, sums, t, first, bias):
    """16 vectors, from `first` on, of the outputs of tile t, row by row."""
    here = builder.gep(sums, [builder.add(builder.mul(t, const(COLUMNS)), first)])
    products = [load(builder, here, const(k * PITCH), vectors.kind, 4) for k in range(PRODUCTS)]
    more = load(builder, bias, first, vectors.kind, 4)
    columns = [vectors.outputs(products[j::TAPS]) for j in range(TAPS)]
    results = [value for row in zip(*columns, strict=True) for value in vectors.outputs(row)]
    return [builder.add(vectors.divided(value), more) for value in results]


def _emit_sums(lanes):
    def body(builder, args):
        sums, columns, tiles, bias, out, out_pitch = args

        def one(t, first, lanes):
            vectors = _Vectors(builder, ir.VectorType(I32, lanes))
            there = builder.gep(out, [builder.add(builder.mul(t, const(OUTPUTS * COLUMNS)), first)])
            for k, value in enumerate(_accumulators(builder, vectors, sums, t, first, bias)):
                row, column = divmod(k, OUTPUTS)
                at = builder.add(builder.mul(out_pitch, const(row)), const(column * COLUMNS))
                builder.store(value, builder.bitcast(builder.gep(there, [at]), vectors.kind.as_pointer()), align=4)

        _each(builder, tiles, columns, lanes, one)
        builder.ret_void()

    return body


@intrinsic
def transform_taps(typingctx, isa, x, at, pitch, channels, tiles, out, out_at, out_step, out_pitch):
    """out[k * out_pitch + t * out_step + c] = what product k of tile t takes of channel c.

    The tile is a patch of 6 x 6 pixels, the next one starts 4 pixels later. Whole registers are read and written.
    isa: what `isa.tag` gives, not None. x: int8 or uint8, flat; the first patch starts at `at`, its rows `pitch`
    elements apart. out: int16, flat.
    """
    i64 = types.int64
    signature = types.void(isa, x, i64, i64, i64, i64, out, i64, i64, i64)
    lanes, is_signed = 2 * lanes_of(isa.count), x.dtype.signed

    def codegen(context, builder, signature, args):
        arguments = [
            array_pointer(context, builder, x, args[1], I8, args[2]), *args[3:6],
            array_pointer(context, builder, out, args[6], I16, args[7]), *args[8:],
        ]  # fmt: skip
        kinds = [argument.type for argument in arguments]
        name = f"intengine_winograd_taps_{lanes}_{is_signed:d}"
        body = _emit_taps(lanes, is_signed)
        builder.call(local_function(builder, name, ir.VoidType(), kinds, body), arguments)
        return context.get_dummy_value()

    return signature, codegen


@intrinsic
def transform_sums(typingctx, isa, sums, at, columns, tiles, bias, bias_at, out, out_pitch):
    """out[i * out_pitch + (4 * t + j) * COLUMNS + n] = the accumulator of output (i, j) of tile t, column n.

    isa: what `isa.tag` gives, not None. sums: int32, flat; sum k of tile t from at + k * PITCH + t * COLUMNS on.
    columns: how many are wanted; whole registers are read and written. bias: int32. out: int32, flat.
    """
    i64 = types.int64
    signature = types.void(isa, sums, i64, i64, i64, bias, i64, out, i64)
    lanes = lanes_of(isa.count)

    def codegen(context, builder, signature, args):
        def pointer(i, at=None):
            return array_pointer(context, builder, signature.args[i], args[i], I32, at)

        arguments = [pointer(1, args[2]), *args[3:5], pointer(5, args[6]), pointer(7), args[8]]
        kinds = [argument.type for argument in arguments]
        function = local_function(builder, f"intengine_winograd_sums_{lanes}", ir.VoidType(), kinds, _emit_sums(lanes))
        builder.call(function, arguments)
        return context.get_dummy_value()

    return signature, codegen
