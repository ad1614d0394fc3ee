"""Requantization as in `lanes`, of sums that a tile still has in registers: int32 to 8 bits, with AVX-512.

Where no product with its scale leaves the range of int32 with FRACTION bits behind the point, it can be rounded to an
integer as it is, instead of being clamped first and added to an offset. The upper halves of two registers of such
numbers are 32 words, the results, which are clamped and cut to bytes; the lower halves say whether they are proven.
The sums of those that are not go to memory, with a list of which they are.

Most results have been through a RELU: they reach from the zero point, the least of their type, up to the greatest. The
sign of a product then decides nothing, as negative ones end at the zero point however they are rounded: all that is
added is one constant, and the clamp is the saturation of a cut to int8. What leaves the range of int32 there becomes
-2**31, whose lower half is no proof.
"""

import numpy as np
from llvmlite import ir
from numba import types

from intengine_kernels.isa import AVX512VNNI
from intengine_kernels.isa.ir import I8, I16, I32, I64, call, const, load, splat
from intengine_kernels.isa.lanes import FRACTION as LANES_FRACTION
from intengine_kernels.isa.lanes import LANES, MASK, NUDGE, OFFSET, SCALE, SIGN, V32

#: Bits behind the point.
FRACTION = 16
#: Products less than this are safe: int32 holds them with what is added.
LIMIT = 2.0 ** (31 - FRACTION) - 2.0**9
#: How sums are requantized: not here; by a product that is the scheme itself; by guesses; by guesses after a RELU.
NOT, UNPROVEN, GUESSED, GUESSED_RELU = range(4)
#: Those that tiles know.
FORMS = (GUESSED_RELU, GUESSED, UNPROVEN)
#: Accumulators of an entry in the list of what is not proven.
PAIR = 2 * LANES

_F32, _WORDS, _BYTES = ir.VectorType(ir.FloatType(), LANES), ir.VectorType(I16, PAIR), ir.VectorType(I8, PAIR)
_UPPER, _LOWER = (ir.Constant(_WORDS, list(range(half, 2 * PAIR, 2))) for half in (1, 0))
#: Bits of the offset in `lanes` that only put the sum into its binade.
_BASE = int(np.float32(1.5 * 2.0 ** (23 - LANES_FRACTION)).view(np.int32))
#: vcvtps2dq rounds as the environment says: to the nearest, halves to even.
_AS_SET = 4
#: How far uint8 lies above int8.
_ABOVE = 128


def requantizes(isa, *arrays):
    """Whether the types of an instruction set and of arrays say that tiles can requantize their sums."""
    has_it = not isinstance(isa, types.NoneType) and isa.count == AVX512VNNI
    return has_it and all(array.dtype.bitwidth == 8 for array in arrays)


def _splat(value, kind):
    return ir.Constant(kind, [value] * kind.count)


class _Column:
    """What 16 channels need: their columns of a guess table, for this number of bits behind the point."""

    def __init__(self, builder, guess, pitch, first, form, is_signed):
        def row(which, kind):
            return load(builder, guess, builder.add(builder.mul(pitch, const(which)), const(first)), kind, 4)

        self.scale, nudge, self.sign, mask = row(SCALE, _F32), row(NUDGE, _F32), row(SIGN, V32), row(MASK, V32)
        # Where there is no proof, the mask is the zero point.
        self.added, self.constant = mask, None
        if form != UNPROVEN:
            more, unit = _splat(FRACTION - LANES_FRACTION, V32), _splat(2.0**FRACTION, _F32)
            self.scale, nudge = builder.fmul(self.scale, unit), builder.fmul(nudge, unit)
            self.added = builder.shl(builder.sub(row(OFFSET, V32), _splat(_BASE, V32)), more)
            # The bits of the mask all are zero in fractions up to this; without a mask that is all fractions.
            above = builder.shl(builder.sub(_splat(1 << LANES_FRACTION, V32), mask), more)
            self.reach = builder.sub(above, _splat(1, V32))
        if form == GUESSED_RELU:
            below = _splat(0 if is_signed else _ABOVE << FRACTION, V32)
            self.constant = builder.fadd(nudge, builder.sitofp(builder.sub(self.added, below), _F32))
        self.nudge = builder.bitcast(nudge, V32)

    def scaled(self, builder, sums):
        """Integers with FRACTION bits behind the point, as words, or with none if no proof is asked for."""
        value = builder.sitofp(sums, _F32)
        moved = self.constant
        if moved is None:
            bits = builder.xor(self.nudge, builder.and_(builder.bitcast(value, V32), self.sign))
            moved = builder.bitcast(bits, _F32)
        value = call(builder, "llvm.fmuladd.v16f32", _F32, value, self.scale, moved)
        rounded = call(
            builder, "llvm.x86.avx512.mask.cvtps2dq.512", V32, value, _splat(0, V32), ir.Constant(I16, -1),
            ir.Constant(I32, _AS_SET),
        )  # fmt: skip
        return builder.bitcast(rounded if self.constant else builder.add(rounded, self.added), _WORDS)


class Finish:
    """The end of tiles of `width` (16 or 32) channels: rows of sums are requantized and stored, as int8 or uint8."""

    def __init__(self, builder, width, form, is_signed, args):
        """args: as `requantize.Missed` and `Rule` have them: guess, its pitch, lo, hi, out, out_step, sums, places."""
        guess, pitch, lo, hi, self.out, self.out_step, self.sums, self.places = args
        self.width, self.proves = width, form != UNPROVEN
        self.columns = [_Column(builder, guess, pitch, first, form, is_signed) for first in range(0, width, LANES)]
        if form == GUESSED_RELU:
            self.least, self.most = _splat(-_ABOVE, _WORDS), _splat(_ABOVE - 1, _WORDS)
        else:
            self.least, self.most = (splat(builder, builder.trunc(limit, I16), _WORDS) for limit in (lo, hi))
        self.is_above = form == GUESSED_RELU and not is_signed
        if self.proves:
            both = ir.Constant(ir.VectorType(I32, PAIR), list(range(PAIR)))
            reach = builder.shuffle_vector(self.columns[0].reach, self.columns[-1].reach, both)
            self.reach = builder.trunc(reach, _WORDS)

    def rows(self, builder, row, sums, missed):
        """Store the rows from `row` on, `sums` one after the other; returns how many entries the list then has."""
        per_row = self.width // LANES
        words = [self.columns[i % per_row].scaled(builder, one) for i, one in enumerate(sums)]
        pairs = []
        for i in range(0, len(sums), 2):
            two = words[i], words[min(i + 1, len(sums) - 1)]
            upper, lower = (
                call(builder, "llvm.x86.avx512.vpermi2var.hi.512", _WORDS, two[0], order, two[1])
                for order in (_UPPER, _LOWER)
            )
            self._store(builder, row, i, len(sums), upper if self.proves else lower)
            pairs.append((i, lower))
        if self.proves:
            for k in range(0, len(pairs), 2):
                missed = self._check(builder, row, sums, pairs[k : k + 2], missed)
        return missed

    def _store(self, builder, row, i, count, words):
        """The bytes of the vectors i and i + 1 of `count`."""
        for wins, limit in ((">", self.least), ("<", self.most)):
            words = builder.select(builder.icmp_signed(wins, words, limit), words, limit)
        packed = builder.trunc(words, _BYTES)
        if self.is_above:
            packed = builder.xor(packed, _splat(-_ABOVE, _BYTES))
        rows = PAIR // self.width
        for k in range(rows):
            at = i * LANES // self.width + k
            if at * self.width >= count * LANES:
                break
            part = ir.Constant(ir.VectorType(I32, self.width), list(range(k * self.width, (k + 1) * self.width)))
            one = builder.shuffle_vector(packed, packed, part)
            place = builder.gep(self.out, [builder.mul(builder.add(row, const(at)), self.out_step)])
            builder.store(one, builder.bitcast(place, one.type.as_pointer()), align=1)

    def _unproven(self, builder, lower):
        return builder.bitcast(builder.icmp_unsigned("<=", lower, self.reach), I32)

    def _check(self, builder, row, sums, pairs, missed):
        """Entries for a pair or two of vectors, if one has lanes without a proof."""
        least = pairs[0][1]
        for _, lower in pairs[1:]:
            least = builder.select(builder.icmp_unsigned("<", least, lower), least, lower)
        is_missing = builder.icmp_unsigned("!=", self._unproven(builder, least), ir.Constant(I32, 0))
        before = builder.block
        with builder.if_then(is_missing, likely=False):
            count = missed
            for i, lower in pairs:
                lanes = self._unproven(builder, lower)
                single = i + 1 == len(sums)
                if single:
                    lanes = builder.and_(lanes, ir.Constant(I32, (1 << LANES) - 1))
                first = builder.add(builder.mul(row, const(self.width)), const(i * LANES))
                entry = builder.or_(builder.shl(first, const(PAIR)), builder.zext(lanes, I64))
                builder.store(entry, builder.gep(self.places, [count]))
                for k, one in enumerate(sums[i : i + 2]):
                    place = builder.gep(self.sums, [builder.add(builder.mul(count, const(PAIR)), const(k * LANES))])
                    builder.store(one, builder.bitcast(place, V32.as_pointer()), align=4)
                count = builder.add(count, const(1))
            cold = builder.block
        after = builder.phi(I64)
        after.add_incoming(missed, before)
        after.add_incoming(count, cold)
        return after
