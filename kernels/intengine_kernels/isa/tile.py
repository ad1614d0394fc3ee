"""acc[MR, NR] = row and column bias + a block of activations times one panel of packed weights, in registers.

A K loop over MR x NR/lanes accumulators that never leave registers: one load for each vector of weights, one
broadcast of 4 bytes (4 elements of 8 bits or 2 of int16) for each row. A row's taps lie in `segments` runs of
`steps` * 4 bytes that start at the row's address plus an offset, the same for all rows: one run for a matrix product,
one for each filter row or tap for a convolution, whose images are then multiplied where they lie.
"""

from itertools import pairwise

from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from intengine_kernels.isa import AVX2, AVX512VNNI, AVXVNNI, COLUMNS, DOTPROD
from intengine_kernels.isa.ir import I8, I16, I32, I64, array_pointer, call, const, counted, load, local_function, splat

#: (instruction set, whether all COLUMNS are wanted or the first half) -> (rows, independent sets of sums) of each tile,
#: tallest first. Few rows alone would not hide an instruction's latency: they sum several sets.
SHAPES = {
    (AVX512VNNI, True): ((12, 1), (8, 1), (4, 1), (1, 4)),
    (AVX512VNNI, False): ((12, 1), (8, 2), (4, 2), (1, 8)),
    (AVXVNNI, True): ((3, 1), (1, 2)),
    (AVXVNNI, False): ((6, 1), (1, 4)),
    (AVX2, True): ((3, 1), (1, 2)),
    (AVX2, False): ((6, 1), (1, 4)),
    (DOTPROD, True): ((2, 1), (1, 2)),
    (DOTPROD, False): ((4, 1), (1, 4)),
}


def lanes_of(isa):
    """int32 lanes of a register."""
    return {AVX512VNNI: 16, DOTPROD: 4}.get(isa, 8)


def dot(builder, isa, acc, activations, weights, is_8bit):
    """acc + the dot products of 4-byte groups, lane by lane, with the instruction of `isa`."""
    if isa == AVX2:
        return builder.add(acc, call(builder, "llvm.x86.avx2.pmadd.wd", acc.type, activations, weights))
    if isa == DOTPROD:
        return _dot_of_arm(builder, acc, activations, weights, is_8bit)
    name = "vpdpbusd" if is_8bit else "vpdpwssd"
    name = f"llvm.x86.avx512.{name}.{acc.type.count * 32}"
    return call(builder, name, acc.type, acc, activations, weights)


def _dot_of_arm(builder, acc, activations, weights, is_8bit):
    if is_8bit:
        name = f"llvm.aarch64.neon.sdot.v{acc.type.count}i32.v{acc.type.count * 4}i8"
        return call(builder, name, acc.type, acc, activations, weights)
    long = ir.VectorType(I32, activations.type.count)
    products = builder.mul(builder.sext(activations, long), builder.sext(weights, long))
    even, odd = (ir.Constant(ir.VectorType(I32, acc.type.count), list(range(i, long.count, 2))) for i in (0, 1))
    pairs = (builder.shuffle_vector(products, products, order) for order in (even, odd))
    return builder.add(acc, builder.add(*pairs))


def group_type(isa, is_8bit):
    """A register of 4-byte groups."""
    lanes = lanes_of(isa)
    return ir.VectorType(I8, lanes * 4) if is_8bit else ir.VectorType(I16, lanes * 2)


def _emit_tile(builder, isa, rows, vectors, sets, is_8bit, args):
    """One tile; args as in `_emit_rows`, at its first row."""
    a, lda, offsets, segments, steps, w, bias, row_bias, acc = args
    wide, element = ir.VectorType(I32, lanes_of(isa)), group_type(isa, is_8bit)
    lanes, per_set = wide.count, rows * vectors
    a_rows = [builder.gep(a, [builder.mul(lda, const(r))]) for r in range(rows)]
    biases = [load(builder, bias, const(v * lanes), wide, 4) for v in range(vectors)]
    starts = []
    for r in range(rows):
        extra = splat(builder, load(builder, row_bias, const(r), I32, 4), wide)
        starts += [builder.add(value, extra) for value in biases]
    starts += [ir.Constant(wide, [0] * lanes)] * (per_set * (sets - 1))

    def step(a_offset, w_offset, sums):
        """One step of all rows: the sums with its products added."""
        w_here = builder.gep(w, [w_offset])
        weights = [load(builder, w_here, const(v * lanes * 4), element, 4) for v in range(vectors)]
        new = []
        for r in range(rows):
            taps = splat(builder, load(builder, a_rows[r], a_offset, I32, 1), wide)
            taps = builder.bitcast(taps, element)
            new += [dot(builder, isa, sums[r * vectors + v], taps, weights[v], is_8bit) for v in range(vectors)]
        return new

    def segment(s, sums):
        offset = builder.mul(load(builder, offsets, s, I64, 8), const(1 if is_8bit else 2))
        w_first = builder.mul(builder.mul(s, steps), const(COLUMNS * 4))

        def at(k):
            a_offset = builder.add(offset, builder.mul(k, const(4)))
            return a_offset, builder.add(w_first, builder.mul(k, const(COLUMNS * 4)))

        def several(k, sums):
            new = []
            for u in range(sets):
                place = at(builder.add(builder.mul(k, const(sets)), const(u)))
                new += step(*place, sums[u * per_set : (u + 1) * per_set])
            return new

        whole = const(0)
        if sets > 1:
            times = builder.sdiv(steps, const(sets))
            sums = counted(builder, times, sums, several)
            whole = builder.mul(times, const(sets))
        rest = builder.sub(steps, whole)
        return (
            counted(builder, rest, sums[:per_set], lambda k, some: step(*at(builder.add(whole, k)), some))
            + (sums[per_set:])
        )

    totals = counted(builder, segments, starts, segment)
    for u in range(1, sets):
        part = totals[u * per_set : (u + 1) * per_set]
        totals[:per_set] = [builder.add(x, y) for x, y in zip(totals, part, strict=False)]
    for r in range(rows):
        for v in range(vectors):
            place = builder.gep(acc, [const(r * COLUMNS + v * lanes)])
            builder.store(totals[r * vectors + v], builder.bitcast(place, wide.as_pointer()), align=4)


def _times(builder, rows, tall, shorter):
    """Tiles of `tall` rows: one fewer where two of the next shape then do the rest, as 8 and 8 rather than 12 and 4."""
    times = builder.sdiv(rows, const(tall))
    if 2 * shorter <= tall:
        return times
    rest = builder.srem(rows, const(tall))
    fits = builder.and_(
        builder.icmp_signed(">=", rest, const(2 * shorter - tall)), builder.icmp_signed("<", rest, const(shorter))
    )
    fewer = builder.and_(fits, builder.icmp_signed(">", times, const(0)))
    return builder.sub(times, builder.zext(fewer, I64))


def _emit_rows(isa, full, is_8bit):
    """Rows in tiles, from the tallest down to single rows."""
    vectors = COLUMNS // lanes_of(isa) // (1 if full else 2)

    def body(builder, args):
        a, lda, rows, offsets, segments, steps, w, bias, row_bias, acc = args
        done = const(0)
        shapes = SHAPES[isa, full]
        for (tall, sets), (shorter, _) in pairwise((*shapes, (0, 0))):

            def tile(i, values, tall=tall, sets=sets, first=done):
                row = builder.add(first, builder.mul(i, const(tall)))
                a_here = builder.gep(a, [builder.mul(row, lda)])
                acc_here = builder.gep(acc, [builder.mul(row, const(COLUMNS))])
                row_here = builder.gep(row_bias, [row])
                some = (a_here, lda, offsets, segments, steps, w, bias, row_here, acc_here)
                _emit_tile(builder, isa, tall, vectors, sets, is_8bit, some)
                return values

            times = _times(builder, builder.sub(rows, done), tall, shorter)
            counted(builder, times, [], tile)
            done = builder.add(done, builder.mul(times, const(tall)))
        builder.ret_void()

    return body


def _emit_sum(isa, is_8bit):
    """The sum of `steps` vectors of elements from an address on."""

    def body(builder, args):
        x, steps = args
        wide, element = ir.VectorType(I32, lanes_of(isa)), group_type(isa, is_8bit)
        ones = ir.Constant(element, [1] * element.count)

        def step(i, sums):
            values = load(builder, x, builder.mul(i, const(4 * wide.count)), element, 1)
            return [dot(builder, isa, sums[0], values, ones, is_8bit)]

        (sums,) = counted(builder, steps, [ir.Constant(wide, [0] * wide.count)], step)
        builder.ret(call(builder, f"llvm.vector.reduce.add.v{wide.count}i32", I32, sums))

    return body


@intrinsic
def sum_by_vectors(typingctx, isa, x, at, steps):
    """int32 sum, which wraps, of x from `at` on: `steps` registers of the instruction set. x: uint8, int8 or int16."""
    signature = types.int32(isa, x, types.int64, types.int64)
    is_8bit = x.dtype.bitwidth == 8
    instruction_set = isa.count

    def codegen(context, builder, signature, args):
        size = const(1 if is_8bit else 2)
        arguments = [
            array_pointer(context, builder, signature.args[1], args[1], I8, builder.mul(args[2], size)),
            args[3],
        ]
        kinds = [argument.type for argument in arguments]
        name = f"intengine_sum_{instruction_set}_{is_8bit:d}"
        function = local_function(builder, name, I32, kinds, _emit_sum(instruction_set, is_8bit))
        return builder.call(function, arguments)

    return signature, codegen


@intrinsic
def multiply_by_tiles(
    typingctx, isa, full, x, at, lda, rows, offsets, first, segments, steps, w, w_at, bias, bias_at, row_bias, acc
):
    """acc[r * COLUMNS + n] = bias[bias_at + n] + row_bias[r] + row r times the panel at w_at; as `gemm.multiply`."""
    i64 = types.int64
    signature = types.void(
        isa, types.boolean, x, i64, i64, i64, offsets, i64, i64, i64, w, i64, bias, i64, row_bias, acc
    )  # fmt: skip
    is_8bit = x.dtype.bitwidth == 8
    instruction_set = isa.count

    def codegen(context, builder, signature, args):
        def pointer(i, element, at=None):
            return array_pointer(context, builder, signature.args[i], args[i], element, at)

        size = const(1 if is_8bit else 2)
        arguments = [
            pointer(2, I8, builder.mul(args[3], size)),
            builder.mul(args[4], size),
            args[5],
            pointer(6, I64, args[7]),
            args[8],
            args[9],
            pointer(10, I8, builder.mul(args[11], size)),
            pointer(12, I32, args[13]),
            pointer(14, I32),
            pointer(15, I32),
        ]
        kinds = [argument.type for argument in arguments]

        def run(full):
            name = f"intengine_tiles_{instruction_set}_{is_8bit:d}_{full:d}"
            body = _emit_rows(instruction_set, full, is_8bit)
            builder.call(local_function(builder, name, ir.VoidType(), kinds, body), arguments)

        with builder.if_else(args[1]) as (then, otherwise):
            with then:
                run(True)
            with otherwise:
                run(False)
        return context.get_dummy_value()

    return signature, codegen
