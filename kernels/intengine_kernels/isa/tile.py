"""acc[MR, NR] = row and column bias + a block of activations times one panel of packed weights, in registers.

A K loop over MR x NR/lanes accumulators that never leave registers: one load for each vector of weights, one
broadcast of 4 bytes (4 elements of 8 bits or 2 of int16) for each row. A row's taps lie in `segments` runs of
`steps` * 4 bytes that start at the row's address plus an offset, the same for all rows: one run for a matrix product,
one for each filter row or tap for a convolution, whose images are then multiplied where they lie. `extra` steps, each
with an offset of its own, take some taps once more: for weights beyond int8.

Columns come in parts of a panel, so that few of them do not cost all. A part of fewer columns than a register has lanes
takes several steps at once: its lanes are the same column's next steps, which are added up at the end (`interleaved`).
"""

import functools
from itertools import pairwise

import numpy as np
from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from intengine_kernels.isa import AVX2, AVX512VNNI, AVXVNNI, COLUMNS, DOTPROD
from intengine_kernels.isa.ir import I8, I16, I32, I64, array_pointer, call, const, counted, load, local_function, splat

#: The parts of a panel that tiles compute.
FULL, HALF, QUARTER = COLUMNS, COLUMNS // 2, COLUMNS // 4

#: (instruction set, part of a panel) -> (rows, independent sets of sums) of each tile, tallest first. Few rows alone
#: would not hide an instruction's latency: they sum several sets.
SHAPES = {
    (AVX512VNNI, FULL): ((12, 1), (8, 1), (4, 1), (1, 4)),
    (AVX512VNNI, HALF): ((12, 1), (8, 2), (4, 2), (1, 8)),
    (AVX512VNNI, QUARTER): ((12, 1), (8, 2), (4, 2), (1, 8)),
    (AVXVNNI, FULL): ((3, 1), (1, 2)),
    (AVXVNNI, HALF): ((6, 1), (1, 4)),
    (AVXVNNI, QUARTER): ((12, 1), (4, 2), (1, 8)),
    (AVX2, FULL): ((3, 1), (1, 2)),
    (AVX2, HALF): ((6, 1), (1, 4)),
    (AVX2, QUARTER): ((8, 1), (1, 8)),
    (DOTPROD, FULL): ((2, 1), (1, 2)),
    (DOTPROD, HALF): ((4, 1), (1, 4)),
    (DOTPROD, QUARTER): ((8, 1), (1, 8)),
}


def lanes_of(isa):
    """int32 lanes of a register."""
    return {AVX512VNNI: 16, DOTPROD: 4}.get(isa, 8)


def parts_of(count):
    """(part, its first column) of a panel of which the first `count` columns are wanted."""
    if count > HALF + QUARTER:
        return ((FULL, 0),)
    if count > HALF:
        return (HALF, 0), (QUARTER, HALF)
    return ((HALF if count > QUARTER else QUARTER, 0),)


def steps_at_once(isa, part):
    """Steps whose weights lie side by side in a register, for a part of fewer columns than it has lanes."""
    return max(lanes_of(isa) // part, 1)


def interleaved(isa, panels, count):
    """Panels of weights as tiles read them that compute their first `count` columns.

    panels: [G, segments, steps, COLUMNS, per]; the columns behind the wanted ones are not read, and may be taken.
    """
    panels = panels.copy()
    groups, segments, steps, _, per = panels.shape
    for part, first in parts_of(count):
        together = steps_at_once(isa, part)
        if together > 1:
            times = -(-steps // together)
            spread = np.zeros((groups, segments, times * together, part, per), panels.dtype)
            spread[:, :, :steps] = panels[:, :, :, first : first + part]
            beside = spread.reshape(groups, segments, times, together, part, per).swapaxes(3, 4)
            columns = slice(first, first + together * part)
            panels[:, :, :, columns] = 0
            panels[:, :, ::together, columns] = beside.reshape(groups, segments, times, together * part, per)
    return panels


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


def emit_tile(builder, isa, rows, part, sets, is_8bit, args):
    """The sums of one tile, row by row; args as in `_emit_rows`, at its first row; row_bias may be None."""
    a, lda, offsets, segments, steps, extra, w, bias, row_bias = args
    wide, element = ir.VectorType(I32, lanes_of(isa)), group_type(isa, is_8bit)
    lanes, together = wide.count, steps_at_once(isa, part)
    vectors = -(-part // lanes)
    per_set = rows * vectors
    a_rows = [builder.gep(a, [builder.mul(lda, const(r))]) for r in range(rows)]
    result = ir.VectorType(I32, min(lanes, part))
    biases = [load(builder, bias, const(v * lanes), result, 4) for v in range(vectors)]

    def bias_of(r):
        if row_bias is None:
            return biases
        more = splat(builder, load(builder, row_bias, const(r), I32, 4), result)
        return [builder.add(value, more) for value in biases]

    zero = ir.Constant(wide, [0] * lanes)
    starts = [value for r in range(rows) for value in bias_of(r)] if together == 1 else [zero] * per_set
    starts += [zero] * (per_set * (sets - 1))

    def step(a_offset, w_offset, together, sums):
        """Some steps at once, of all rows: the sums with their products added."""
        w_here = builder.gep(w, [w_offset])
        weights = [load(builder, w_here, const(v * lanes * 4), element, 4) for v in range(vectors)]
        group = ir.IntType(32 * together)
        new = []
        for r in range(rows):
            taps = splat(builder, load(builder, a_rows[r], a_offset, group, 1), ir.VectorType(group, lanes // together))
            taps = builder.bitcast(taps, element)
            new += [dot(builder, isa, sums[r * vectors + v], taps, weights[v], is_8bit) for v in range(vectors)]
        return new

    def segment(s, sums):
        offset = builder.mul(load(builder, offsets, s, I64, 8), const(1 if is_8bit else 2))
        w_first = builder.mul(builder.mul(s, steps), const(COLUMNS * 4))

        def several(times, first, together, sets, sums):
            """From step `first` on, `times` times `sets` times `together` steps."""

            def body(i, sums):
                new = []
                for u in range(sets):
                    k = builder.mul(builder.add(builder.mul(i, const(sets)), const(u)), const(together))
                    k = builder.add(first, k)
                    a_offset = builder.add(offset, builder.mul(k, const(4)))
                    w_offset = builder.add(w_first, builder.mul(k, const(COLUMNS * 4)))
                    new += step(a_offset, w_offset, together, sums[u * per_set : (u + 1) * per_set])
                return new

            return counted(builder, times, sums, body)

        done = const(0)
        for some, at_once in dict.fromkeys(((sets, together), (1, together), (1, 1))):
            times = builder.sdiv(builder.sub(steps, done), const(some * at_once))
            size = some * per_set
            sums = several(times, done, at_once, some, sums[:size]) + sums[size:]
            done = builder.add(done, builder.mul(times, const(some * at_once)))
        return sums

    def once_more(i, sums):
        offset = builder.mul(load(builder, offsets, builder.add(segments, i), I64, 8), const(1 if is_8bit else 2))
        w_offset = builder.mul(builder.add(builder.mul(segments, steps), i), const(COLUMNS * 4))
        return step(offset, w_offset, 1, sums[:per_set]) + sums[per_set:]

    totals = counted(builder, segments, starts, segment)
    totals = counted(builder, extra, totals, once_more)
    for u in range(1, sets):
        more = totals[u * per_set : (u + 1) * per_set]
        totals[:per_set] = [builder.add(x, y) for x, y in zip(totals, more, strict=False)]
    results = []
    for r in range(rows):
        here = totals[r * vectors : (r + 1) * vectors]
        if together > 1:
            orders = (ir.Constant(result, list(range(i, lanes, together))) for i in range(together))
            apart = (builder.shuffle_vector(here[0], here[0], order) for order in orders)
            here = [functools.reduce(builder.add, apart, *bias_of(r))]
        results += here
    return results


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


def in_tiles(builder, shapes, rows, start, tile):
    """All rows in tiles, from the tallest shape down to single rows: value = tile(first row, rows, sets, value)."""
    done, value = const(0), start
    for (tall, sets), (shorter, _) in pairwise((*shapes, (0, 0))):

        def one(i, values, tall=tall, sets=sets, first=done):
            return [tile(builder.add(first, builder.mul(i, const(tall))), tall, sets, values[0])]

        times = _times(builder, builder.sub(rows, done), tall, shorter)
        (value,) = counted(builder, times, [value], one)
        done = builder.add(done, builder.mul(times, const(tall)))
    return value


def _emit_rows(isa, part, is_8bit):
    """Rows in tiles."""

    def body(builder, args):
        a, lda, rows, offsets, segments, steps, extra, w, bias, row_bias, acc = args

        def tile(row, tall, sets, value):
            a_here = builder.gep(a, [builder.mul(row, lda)])
            acc_here = builder.gep(acc, [builder.mul(row, const(COLUMNS))])
            some = (a_here, lda, offsets, segments, steps, extra, w, bias, builder.gep(row_bias, [row]))
            sums = emit_tile(builder, isa, tall, part, sets, is_8bit, some)
            vectors = len(sums) // tall
            for i, one in enumerate(sums):
                place = builder.gep(acc_here, [const(i // vectors * COLUMNS + i % vectors * one.type.count)])
                builder.store(one, builder.bitcast(place, one.type.as_pointer()), align=4)
            return value

        in_tiles(builder, SHAPES[isa, part], rows, const(0), tile)
        builder.ret_void()

    return body


@intrinsic
def multiply_by_tiles(
    typingctx, isa, count, x, at, lda, rows, offsets, first, segments, steps, extra, w, w_at, bias, bias_at, row_bias,
    acc,
):  # fmt: skip
    """acc[r * COLUMNS + n] = bias[bias_at + n] + row_bias[r] + row r times the panel at w_at; as `gemm.multiply`."""
    i64 = types.int64
    signature = types.void(
        isa, i64, x, i64, i64, i64, offsets, i64, i64, i64, i64, w, i64, bias, i64, row_bias, acc
    )  # fmt: skip
    is_8bit = x.dtype.bitwidth == 8
    instruction_set = isa.count

    def codegen(context, builder, signature, args):
        def pointer(i, element, at=None):
            return array_pointer(context, builder, signature.args[i], args[i], element, at)

        size = const(1 if is_8bit else 2)
        activations, step, rows = pointer(2, I8, builder.mul(args[3], size)), builder.mul(args[4], size), args[5]
        offsets = pointer(6, I64, args[7])
        segments, steps, extra = args[8], args[9], args[10]
        w, bias = pointer(11, I8, builder.mul(args[12], size)), pointer(13, I32, args[14])
        row_bias, acc = pointer(15, I32), pointer(16, I32)

        def run(part, first):
            columns = builder.gep(w, [const(4 * first)]), builder.gep(bias, [const(first)]), row_bias
            taps = activations, step, rows, offsets, segments, steps, extra
            arguments = *taps, *columns, builder.gep(acc, [const(first)])
            kinds = [argument.type for argument in arguments]
            name = f"intengine_tiles_{instruction_set}_{is_8bit:d}_{part}"
            body = _emit_rows(instruction_set, part, is_8bit)
            builder.call(local_function(builder, name, ir.VoidType(), kinds, body), arguments)

        def choose(least, *others):
            """The parts of the first of these counts that is not below the wanted one."""
            if not others:
                for part, first in parts_of(least):
                    run(part, first)
                return
            with builder.if_else(builder.icmp_signed("<=", args[1], const(least))) as (then, otherwise):
                with then:
                    choose(least)
                with otherwise:
                    choose(*others)

        choose(QUARTER, HALF, HALF + QUARTER, FULL)
        return context.get_dummy_value()

    return signature, codegen
