"""float32 blocks of outputs whose sums never leave registers: a few rows times vectors of 16 output channels.

Every output keeps its own sum, in the order of the taps, and each step rounds as written: a product and a sum, or one
fused multiply-add. So the shape of a tile changes no result. Each function here is plain Python, and vector IR that
LLVM lowers for any CPU where it is compiled.
"""

from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from intengine_kernels.denormals import flushed_fma32
from intengine_kernels.isa import host_features
from intengine_kernels.isa.ir import call, const, splat
from intengine_kernels.isa.vectors import LANES, REALS, clamp, load, load_part, store, store_part
from intengine_kernels.jit import twin_of

#: Terms that one turn of the innermost loop adds.
_UNROLL = 4
_WIDE = "avx512f" in host_features()
#: Shapes of tiles, in rows and vectors: what the host's registers hold.
ROWS, VECTORS = (8, 2) if _WIDE else (4, 1)
#: Vectors of a tile of a single row.
ROW_VECTORS = 4 if _WIDE else 2

#: Arguments of the two kinds of tiles.
_PRODUCT = (
    "fused", "x", "starts", "row", "taps", "many", "length", "w", "w_at", "w_step", "start", "bias", "at", "lo", "hi",
    "out", "out_at", "out_step", "count",
)  # fmt: skip
_DEPTHWISE = (
    "fused", "x", "starts", "row", "taps", "w_taps", "many", "channel", "w", "start", "bias", "lo", "hi",
    "out", "out_at", "out_step", "count",
)  # fmt: skip


class _Block:
    """What the IR of one tile is made with: its arguments by name, and its sums, which LLVM puts into registers."""

    def __init__(self, context, builder, signature, args, names, rows, vectors):
        self._builder = builder
        self._values = dict(zip(names, args, strict=True))
        self._data = {
            name: context.make_array(kind)(context, builder, value).data
            for name, value, kind in zip(names, args, signature.args, strict=True)
            if isinstance(kind, types.Array)
        }
        places = [self.place("starts", builder.add(self["row"], const(r))) for r in range(rows)]
        self.starts = [builder.load(place) for place in places]
        self.sums = [[cgutils.alloca_once(builder, REALS) for _ in range(vectors)] for _ in range(rows)]

    def __getitem__(self, name):
        return self._values[name]

    def place(self, array, at):
        """Address of element `at` of an argument."""
        return self._builder.gep(self._data[array], [at])

    def add(self, place, tap, weight, *, is_fused):
        """Add a product to the sum at `place`."""
        total = self._builder.load(place)
        if is_fused:
            total = call(self._builder, "llvm.fma.v16f32", REALS, tap, weight, total)
        else:
            total = self._builder.fadd(total, self._builder.fmul(tap, weight))
        self._builder.store(total, place)

    def compute(self, run, channel):
        """All of a tile: run(s, is_fused) adds terms `s`; parameters are those from `channel` on."""
        builder = self._builder
        places = [builder.add(channel, const(v * LANES)) for v in range(len(self.sums[0]))]
        for v, place in enumerate(places):
            value = load(builder, self.place("start", place), REALS)
            for sums in self.sums:
                builder.store(value, sums[v])
        with builder.if_else(self["fused"]) as branches:
            for branch, is_fused in zip(branches, (True, False), strict=True):
                with branch, cgutils.for_range(builder, self["many"]) as loop:
                    run(loop.index, is_fused)
        biases = [load(builder, self.place("bias", place), REALS) for place in places]
        values = [[self._clamped(total, bias) for total, bias in zip(sums, biases, strict=True)] for sums in self.sums]
        left = builder.sub(self["count"], const((len(places) - 1) * LANES))
        with builder.if_else(builder.icmp_signed(">=", left, const(LANES))) as branches:
            for branch, rest in zip(branches, (None, left), strict=True):
                with branch:
                    self._store(values, rest)

    def _clamped(self, total, bias):
        value = self._builder.fadd(self._builder.load(total), bias)
        return clamp(self._builder, value, self["lo"], self["hi"])

    def _store(self, values, left):
        """The vectors of each row to `out`; of the last one the first `left` where that is given."""
        builder = self._builder
        for r, row in enumerate(values):
            first = builder.add(self["out_at"], builder.mul(self["out_step"], const(r)))
            for v, value in enumerate(row):
                place = self.place("out", builder.add(first, const(v * LANES)))
                if left is None or v < len(row) - 1:
                    store(builder, value, place)
                else:
                    store_part(builder, value, place, left)


def make_product(rows, vectors):
    """A function that multiplies `rows` rows by `vectors` panels of weights."""

    def product(
        fused, x, starts, row, taps, many, length, w, w_at, w_step, start, bias, at, lo, hi, out, out_at, out_step,
        count,
    ):  # fmt: skip
        """out[out_at + r * out_step + n] = clamp((start[at + n] + sum of x * w) + bias[at + n]) for n < count.

        Args:
            x: flat float32. starts: int64, offset of output row r in x: starts[row + r].
            taps: int64, offsets from there of `many` runs of `length` elements, which are the terms.
            w: flat float32; column n has its terms at w_at + n // LANES * w_step + n % LANES, LANES apart.
            start, bias: flat float32; must be readable up to whole vectors. lo, hi: float32.
            out: flat float32. count: more than (vectors - 1) * LANES, not more than vectors * LANES.
        """
        for r in range(rows):
            for n in range(count):
                total = start[at + n]
                k = w_at + n // LANES * w_step + n % LANES
                for s in range(many):
                    first = starts[row + r] + taps[s]
                    for i in range(first, first + length):
                        total = flushed_fma32(x[i], w[k], total) if fused else total + x[i] * w[k]
                        k += LANES
                total = total + bias[at + n]
                total = lo if total < lo else total
                out[out_at + r * out_step + n] = hi if hi < total else total

    @intrinsic
    def vector_product(
        typingctx, fused, x, starts, row, taps, many, length, w, w_at, w_step, start, bias, at, lo, hi, out, out_at,
        out_step, count,
    ):  # fmt: skip
        i64, f32 = types.int64, types.float32
        signature = types.void(
            types.boolean, x, starts, i64, taps, i64, i64, w, i64, i64, start, bias, i64, f32, f32, out, i64, i64, i64
        )

        def codegen(context, builder, signature, args):
            block = _Block(context, builder, signature, args, _PRODUCT, rows, vectors)
            length, step = block["length"], block["w_step"]
            panel = builder.mul(length, const(LANES))
            whole = builder.and_(length, const(-_UNROLL))

            def run(s, is_fused):
                tap = builder.load(block.place("taps", s))
                bases = [block.place("x", builder.add(start, tap)) for start in block.starts]
                weights = block.place("w", builder.add(block["w_at"], builder.mul(s, panel)))

                def term(k):
                    first = builder.mul(k, const(LANES))
                    columns = [
                        load(builder, builder.gep(weights, [builder.add(first, builder.mul(step, const(v)))]), REALS)
                        for v in range(vectors)
                    ]
                    for base, sums in zip(bases, block.sums, strict=True):
                        tap = splat(builder, builder.load(builder.gep(base, [k])), REALS)
                        for total, column in zip(sums, columns, strict=True):
                            block.add(total, tap, column, is_fused=is_fused)

                with cgutils.for_range_slice(builder, const(0), whole, const(_UNROLL)) as (k, _):
                    for i in range(_UNROLL):
                        term(builder.add(k, const(i)))
                with cgutils.for_range_slice(builder, whole, length, const(1)) as (k, _):
                    term(k)

            block.compute(run, block["at"])
            return context.get_dummy_value()

        return signature, codegen

    return twin_of(vector_product)(product)


def make_depthwise(rows, vectors, *, is_partial):
    """A function that makes `rows` outputs of `vectors` vectors of channels; `is_partial`: the last is not whole."""

    def depthwise(
        fused, x, starts, row, taps, w_taps, many, channel, w, start, bias, lo, hi, out, out_at, out_step, count
    ):
        """out[out_at + r * out_step + n] = clamp((start[c] + sum of x * w) + bias[c]) for c = channel + n, n < count.

        Args:
            x: flat float32. starts: int64, offset of output row r in x: starts[row + r].
            taps, w_taps: int64, offsets from there, and in w, of the `many` terms of channel 0.
            w, start, bias: flat float32; must be readable up to whole vectors of channels. lo, hi: float32.
            out: flat float32. count: as in `make_product`.
        """
        for r in range(rows):
            for n in range(count):
                c = channel + n
                total = start[c]
                for s in range(many):
                    tap, weight = x[starts[row + r] + taps[s] + c], w[w_taps[s] + c]
                    total = flushed_fma32(tap, weight, total) if fused else total + tap * weight
                total = total + bias[c]
                total = lo if total < lo else total
                out[out_at + r * out_step + n] = hi if hi < total else total

    @intrinsic
    def vector_depthwise(
        typingctx, fused, x, starts, row, taps, w_taps, many, channel, w, start, bias, lo, hi, out, out_at, out_step,
        count,
    ):  # fmt: skip
        i64, f32 = types.int64, types.float32
        signature = types.void(
            types.boolean, x, starts, i64, taps, w_taps, i64, i64, w, start, bias, f32, f32, out, i64, i64, i64
        )

        def codegen(context, builder, signature, args):
            block = _Block(context, builder, signature, args, _DEPTHWISE, rows, vectors)
            channel = block["channel"]

            def run(s, is_fused):
                tap = builder.add(builder.load(block.place("taps", s)), channel)
                weight = builder.add(builder.load(block.place("w_taps", s)), channel)
                for v in range(vectors):
                    at = const(v * LANES)
                    column = load(builder, block.place("w", builder.add(weight, at)), REALS)
                    for start, sums in zip(block.starts, block.sums, strict=True):
                        place = block.place("x", builder.add(builder.add(start, tap), at))
                        if is_partial and v == vectors - 1:
                            value = load_part(builder, place, builder.sub(block["count"], at))
                        else:
                            value = load(builder, place, REALS)
                        block.add(sums[v], value, column, is_fused=is_fused)

            block.compute(run, channel)
            return context.get_dummy_value()

        return signature, codegen

    return twin_of(vector_depthwise)(depthwise)
