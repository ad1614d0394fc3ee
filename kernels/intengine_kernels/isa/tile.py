"""acc[MR, NR] = row and column bias + a block of activations times one panel of packed weights, in registers.

A K loop over MR x NR/lanes accumulators that never leave registers: one load for each vector of weights, one
broadcast of 4 bytes (4 uint8 or 2 int16) for each row.
"""

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from intengine_kernels.isa import AVX2, AVX512VNNI, AVXVNNI, available

_I8, _I16, _I32, _I64 = (ir.IntType(bits) for bits in (8, 16, 32, 64))


def _dot(builder, isa, acc, activations, weights, is_8bit):
    """acc + the dot products of 4-byte groups, lane by lane, with the instruction of `isa`."""
    bits = acc.type.count * 32
    module = builder.module

    def call(name, *operands):
        kind = ir.FunctionType(acc.type, [operand.type for operand in operands])
        return builder.call(cgutils.get_or_insert_function(module, kind, name), operands)

    if isa == AVX2:
        return builder.add(acc, call("llvm.x86.avx2.pmadd.wd", activations, weights))
    name = "vpdpbusd" if is_8bit else "vpdpwssd"
    return call(f"llvm.x86.avx512.{name}.{bits}", acc, activations, weights)


def _make_tile(isa, rows, vectors, unroll=1):
    """An intrinsic for `isa` that makes `rows` x `vectors` accumulators, `unroll` independent sets of them."""
    lanes = 16 if isa == AVX512VNNI else 8
    wide = ir.VectorType(_I32, lanes)
    columns = lanes * vectors

    @intrinsic
    def tile(typingctx, a, a_at, lda, w, w_at, steps, bias, bias_at, row_bias, row_at, acc, acc_at, ldacc):
        """acc[acc_at + r * ldacc + n] = bias[bias_at + n] + row_bias[row_at + r] + sum over k of a * w.

        a: uint8 or int16, row r starts at a_at + r * lda. w: int8 or int16 [steps, columns, 4 bytes] at w_at.
        All offsets in elements; int64. bias, row_bias, acc: int32.
        """
        i64 = types.int64
        signature = types.void(a, i64, i64, w, i64, i64, bias, i64, row_bias, i64, acc, i64, i64)
        is_8bit = a.dtype.bitwidth == 8

        def codegen(context, builder, signature, args):
            if isa not in available() or (isa == AVX2 and is_8bit):
                return context.get_dummy_value()
            element = ir.VectorType(_I8, lanes * 4) if is_8bit else ir.VectorType(_I16, lanes * 2)

            def pointer(i, kind):
                data = context.make_array(signature.args[i])(context, builder, args[i]).data
                return builder.bitcast(data, kind.as_pointer())

            def constant(value):
                return ir.Constant(_I64, value)

            def load(base, at, kind, align):
                return builder.load(builder.bitcast(builder.gep(base, [at]), kind.as_pointer()), align=align)

            def splat(value):
                vector = builder.insert_element(ir.Constant(wide, ir.Undefined), value, ir.Constant(_I32, 0))
                zeros = ir.Constant(ir.VectorType(_I32, lanes), [0] * lanes)
                return builder.shuffle_vector(vector, ir.Constant(wide, ir.Undefined), zeros)

            size = 1 if is_8bit else 2
            a_base = builder.gep(pointer(0, _I8), [builder.mul(args[1], constant(size))])
            w_base = builder.gep(pointer(3, _I8), [builder.mul(args[4], constant(size))])
            bias_base = builder.gep(pointer(6, _I32), [args[7]])
            row_base = builder.gep(pointer(8, _I32), [args[9]])
            acc_base = builder.gep(pointer(10, _I32), [args[11]])
            a_rows = [builder.gep(a_base, [builder.mul(args[2], constant(size * r))]) for r in range(rows)]
            biases = [load(bias_base, constant(v * lanes), wide, 4) for v in range(vectors)]
            starts = []
            for r in range(rows):
                extra = splat(load(row_base, constant(r), _I32, 4))
                starts.append([builder.add(value, extra) for value in biases])

            def step(k, sums):
                """One step of all rows: the sums with the products of step `k` added."""
                w_here = builder.gep(w_base, [builder.mul(k, constant(columns * 4))])
                weights = [load(w_here, constant(v * lanes * 4), element, 4) for v in range(vectors)]
                k_bytes = builder.mul(k, constant(4))
                new = []
                for r in range(rows):
                    taps = builder.bitcast(splat(load(a_rows[r], k_bytes, _I32, 1)), element)
                    new.append([_dot(builder, isa, sums[r][v], taps, weights[v], is_8bit) for v in range(vectors)])
                return new

            def loop(name, begin, end, stride, starts):
                """Sums over steps begin, begin + stride, ... < end; `starts` has `stride` independent sets of sums."""
                entry = builder.block
                body = builder.append_basic_block(name)
                after = builder.append_basic_block(f"{name}_done")
                builder.cbranch(builder.icmp_signed("<", begin, end), body, after)
                builder.position_at_end(body)
                k = builder.phi(_I64)
                k.add_incoming(begin, entry)
                sums = [[[builder.phi(wide) for _ in row] for row in one] for one in starts]
                new = [step(builder.add(k, constant(u)), one) for u, one in enumerate(sums)]
                k_next = builder.add(k, constant(stride))
                k.add_incoming(k_next, body)
                builder.cbranch(builder.icmp_signed("<", k_next, end), body, after)
                builder.position_at_end(after)
                totals = [[[builder.phi(wide) for _ in row] for row in one] for one in starts]
                for u, one in enumerate(starts):
                    for r, row in enumerate(one):
                        for v, start in enumerate(row):
                            sums[u][r][v].add_incoming(start, entry)
                            sums[u][r][v].add_incoming(new[u][r][v], body)
                            totals[u][r][v].add_incoming(start, entry)
                            totals[u][r][v].add_incoming(new[u][r][v], body)
                return totals

            whole = constant(0)
            if unroll > 1:
                # Sums that do not wait for each other; few rows alone would not hide an instruction's latency.
                whole = builder.and_(args[5], constant(-unroll))
                zeros = [[ir.Constant(wide, [0] * lanes) for _ in row] for row in starts]
                parts = loop("unrolled", constant(0), whole, unroll, [starts] + [zeros] * (unroll - 1))
                starts = parts[0]
                for part in parts[1:]:
                    starts = [
                        [builder.add(x, y) for x, y in zip(left, right, strict=True)]
                        for left, right in zip(starts, part, strict=True)
                    ]
            (totals,) = loop("k", whole, args[5], 1, [starts])
            for r in range(rows):
                at = builder.mul(args[12], constant(r))
                for v in range(vectors):
                    place = builder.gep(acc_base, [builder.add(at, constant(v * lanes))])
                    builder.store(totals[r][v], builder.bitcast(place, wide.as_pointer()), align=4)
            return context.get_dummy_value()

        return signature, codegen

    return tile


#: Rows of each instruction set's tile; ROW_BLOCK is a multiple.
ROWS_512, ROWS_256 = 12, 3

tile_avx512vnni = _make_tile(AVX512VNNI, ROWS_512, 2)
tile_avx512vnni_row = _make_tile(AVX512VNNI, 1, 2, unroll=4)
tile_avxvnni = _make_tile(AVXVNNI, ROWS_256, 4)
tile_avxvnni_row = _make_tile(AVXVNNI, 1, 4, unroll=2)
tile_avx2 = _make_tile(AVX2, ROWS_256, 4)
tile_avx2_row = _make_tile(AVX2, 1, 4, unroll=2)
