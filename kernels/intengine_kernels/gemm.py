"""Integer products of rows of activations and packed weights, requantized block by block while in cache.

Activations are multiplied where they lie, or from a copy, a *strip*, in the element type that the micro-kernel takes
(int8 becomes uint8 by flipping its top bit, or the other way round); weights are packed once as [P, steps, COLUMNS,
4 bytes]. With x', w' the packed elements and z_x', z_w' their zero points,

    acc = sum (x' - z_x')(w' - z_w') = sum x'w' - z_w' * sum x' + (K * z_x' * z_w' - z_x' * sum w'),

where the last bracket is part of the bias. Weights have their zero point taken off, so that the middle is 0; a few that
int8 then does not hold are cut to what it does, and extra steps multiply the same activations by the rest. Only where
many are, the middle is one number for each row, made with a panel of ones, or for long rows by adding up. All of it is
exact modulo 2**32. Where that is not enough, an int64 accumulator adds up int32 sums that cannot overflow.
"""

from typing import Any, NamedTuple

import numpy as np
from numba import types

from intengine_kernels.isa import COLUMNS, ROW_BLOCK
from intengine_kernels.isa.fused_tile import requantize_by_tiles
from intengine_kernels.isa.row_sum import sum_by_vectors
from intengine_kernels.isa.tile import FULL, HALF, QUARTER, lanes_of, multiply_by_tiles
from intengine_kernels.isa.words import NOT, requantizes
from intengine_kernels.jit import chosen, inline, kernel
from intengine_kernels.requantize import Missed, requantize_block, requantize_missed

#: Of rows that lie in one piece.
_ORIGIN = np.zeros(1, np.int64)


class Filter(NamedTuple):
    """Packed weights of G groups and how a row's taps lie: the same for every row.

    Attributes:
        weights: int8 or int16, flat; panels [segments * steps + extra, COLUMNS, per], the last of each group of ones,
            if `ones`; each packed for its columns, or where the accumulator is int64, for all of them.
        size: elements of a panel. panels: int64[G * (P + ones), 2]: which of `offsets` is a panel's first; extra steps.
        bias: int32[G * P * COLUMNS], wide_bias: int64, the same, or None where the accumulator is int32.
        row_term: int, minus the zero point of the weights.
        ones: int, 1 if a panel of ones makes the sums of rows, 0 if they are added up: the better the longer they are.
        width: P * COLUMNS. steps: of one segment. per: elements of a step. length: of a segment, without what the
            last step reads behind it.
        segments: of a row. offsets: int64[>= G * segments], where each segment of a row starts, then for a panel with
            extra steps once more, and where these take their taps.
        chunk: steps after which an int32 sum is added to the int64 accumulator.
        zeros: int32[max(COLUMNS, ROW_BLOCK)].
    """

    weights: Any
    size: int
    panels: Any
    bias: Any
    wide_bias: Any
    row_term: int
    ones: int
    width: int
    steps: int
    per: int
    length: int
    segments: int
    offsets: Any
    chunk: int
    zeros: Any


class Work(NamedTuple):
    """Scratch of a block of rows.

    Attributes:
        row_bias: int32[ROW_BLOCK]. acc: int32[ROW_BLOCK * COLUMNS]. wide_acc: int64, the same, or None.
        places: int64[ROW_BLOCK]: with acc, what `requantize.Missed` is.
    """

    row_bias: Any
    acc: Any
    wide_acc: Any
    places: Any


def _multiply_for(isa, *rest):
    """The tiles of the instruction set that the type of `isa` says, if it says one."""
    if isinstance(isa, types.NoneType):
        return None

    def multiply(
        isa, count, x, at, lda, rows, offsets, first, segments, steps, extra, per, w, w_at, bias, bias_at, row_bias, acc
    ):  # fmt: skip
        multiply_by_tiles(
            isa, count, x, at, lda, rows, offsets, first, segments, steps, extra, w, w_at, bias, bias_at, row_bias, acc
        )  # fmt: skip

    return multiply


@chosen(_multiply_for)
def multiply(
    isa, count, x, at, lda, rows, offsets, first, segments, steps, extra, per, w, w_at, bias, bias_at, row_bias, acc
):  # fmt: skip
    """acc[r * COLUMNS + n] = bias[bias_at + n] + row_bias[r] + row r times the panel at w_at; int32, wraps.

    Args:
        isa: what `isa.tag` gives. count: columns that are wanted, 1..COLUMNS; more may be written.
        x: flat, uint8, int8 or int16; the taps of row r are `segments` runs of steps * per elements, and run s starts
            at at + r * lda + offsets[first + s]; then `extra` runs of one step. Elements there must be readable, also
            those that weights of 0 meet.
        w: int8 or int16, flat; the panel [segments * steps + extra, COLUMNS, per] starts at w_at, packed for `count`
            columns: see `isa.tile.interleaved`.
        bias, row_bias, acc: int32.
    """
    for r in range(rows):
        for n in range(COLUMNS):
            acc[r * COLUMNS + n] = np.int32(bias[bias_at + n] + row_bias[r])
        for s in range(segments + extra):
            start = at + r * lda + offsets[first + s]
            before = s * steps if s < segments else segments * (steps - 1) + s
            for k in range(steps * per if s < segments else per):
                tap = np.int32(x[start + k])
                here = w_at + (before + k // per) * COLUMNS * per + k % per
                for n in range(COLUMNS):
                    total = np.int32(tap * np.int32(w[here + n * per]))
                    acc[r * COLUMNS + n] = np.int32(acc[r * COLUMNS + n] + total)


@inline
def multiply_rows(isa, count, x, at, lda, rows, w, w_at, steps, per, bias, bias_at, row_bias, acc):
    """`multiply` for rows whose taps lie in one piece."""
    multiply(isa, count, x, at, lda, rows, _ORIGIN, 0, 1, steps, 0, per, w, w_at, bias, bias_at, row_bias, acc)


def _fused_for(isa, x, at, lda, rows, filter, panel, rule, work, channel, out, *rest):
    """Tiles of 8 bits that requantize their sums in registers, where the instruction set has them."""
    return _fused if requantizes(isa, x, out) else None


def _fused(isa, x, at, lda, rows, filter, panel, rule, work, channel, out, out_at, out_step, count):
    columns = FULL if count == FULL else HALF if HALF <= count <= HALF + QUARTER else 0
    if columns == 0 or filter.row_term != 0 or rule.form == NOT:
        return 0
    missed = Missed(work.acc, work.places)
    some = requantize_by_tiles(
        columns, rule.form, x, at, lda, rows, filter.offsets, filter.panels[panel, 0], filter.segments,
        filter.steps, filter.panels[panel, 1], filter.weights, panel * filter.size, filter.bias, channel,
        rule.guess, rule.lo, rule.hi, out, out_at, out_step, missed.sums, missed.places,
    )  # fmt: skip
    if some:
        requantize_missed(missed, some, columns, rule, channel, out, out_at, out_step)
    return columns


@chosen(_fused_for)
def _requantized(isa, x, at, lda, rows, filter, panel, rule, work, channel, out, out_at, out_step, count):
    """How many of the first columns of a panel have been done by tiles that requantize their sums; args as `_panel`."""
    return 0


@inline
def _panel(
    isa, wide_bias, wide_acc, x, at, lda, rows, filter, panel, rule, work, channel, out, out_at, out_step, count
):
    """One panel, requantized; an int64 accumulator is added up in chunks that int32 can hold."""
    acc = work.acc
    w_at, first, extra = panel * filter.size, filter.panels[panel, 0], filter.panels[panel, 1]
    if wide_bias is None:
        n = _requantized(isa, x, at, lda, rows, filter, panel, rule, work, channel, out, out_at, out_step, count)
        if n < count:
            multiply(
                isa, count - n, x, at, lda, rows, filter.offsets, first, filter.segments, filter.steps, extra,
                filter.per, filter.weights, w_at + n * filter.per, filter.bias, channel + n, work.row_bias, acc,
            )  # fmt: skip
            requantize_block(isa, acc, COLUMNS, rows, rule, channel + n, out, out_at + n, out_step, count - n)
    else:
        for r in range(rows):
            for n in range(COLUMNS):
                wide_acc[r * COLUMNS + n] = wide_bias[channel + n]
        for s in range(filter.segments):
            for k in range(0, filter.steps, filter.chunk):
                some = min(filter.chunk, filter.steps - k)
                here = w_at + (s * filter.steps + k) * filter.per * COLUMNS
                multiply(
                    isa, COLUMNS, x, at + k * filter.per, lda, rows, filter.offsets, first + s, 1, some, 0, filter.per,
                    filter.weights, here, filter.zeros, 0, filter.zeros, acc,
                )  # fmt: skip
                for i in range(rows * COLUMNS):
                    wide_acc[i] += np.int64(acc[i])
        requantize_block(isa, wide_acc, COLUMNS, rows, rule, channel, out, out_at, out_step, count)


def _sum_for(isa, x, *rest):
    if isinstance(isa, types.NoneType):
        return None
    step = lanes_of(isa.count) * 4 // (x.dtype.bitwidth // 8)

    def sum_of(isa, x, at, count):
        whole = count // step
        done = whole * step
        return np.int32(sum_by_vectors(isa, x, at, whole) + _add_up(x, at + done, count - done))

    return sum_of


@inline
def _add_up(x, at, count):
    total = np.int32(0)
    taps = x[at : at + count]
    for k in range(count):
        total = np.int32(total + np.int32(taps[k]))
    return total


@chosen(_sum_for)
def _sum(isa, x, at, count):
    """int32 sum, which wraps, of `count` elements from `at` on."""
    return _add_up(x, at, count)


@inline
def _row_term(isa, x, at, filter, first):
    """Minus the weights' zero point times the sum of one row's taps; int32, wraps."""
    total = np.int32(0)
    for s in range(filter.segments):
        total = np.int32(total + _sum(isa, x, at + filter.offsets[first + s], filter.length))
    return np.int32(np.int32(filter.row_term) * total)


@inline
def multiply_requantize(
    isa, x, at, lda, rows, filter, group, panel_begin, panel_end, rule, work, out, out_at, out_step, channels
):  # fmt: skip
    """One block of rows times panels panel_begin..panel_end of one group, requantized.

    Args:
        x: flat; row r starts at + r * lda, its segments where the filter says. rows: at most ROW_BLOCK.
        filter: Filter. group: int. rule: Rule. work: Work.
        channels: outputs of the group; row r goes to out[out_at + r * out_step : ... + channels].
    """
    panels = filter.width // COLUMNS
    panel = group * (panels + filter.ones)
    row_bias = work.row_bias
    row_bias[:rows] = 0
    if filter.ones:
        multiply(
            isa, 1, x, at, lda, rows, filter.offsets, group * filter.segments, filter.segments, filter.steps, 0,
            filter.per, filter.weights, (panel + panels) * filter.size, filter.zeros, 0, filter.zeros, work.acc,
        )  # fmt: skip
        for r in range(rows):
            row_bias[r] = np.int32(np.int32(filter.row_term) * work.acc[r * COLUMNS])
    elif filter.row_term != 0:
        for r in range(rows):
            row_bias[r] = _row_term(isa, x, at + r * lda, filter, group * filter.segments)
    for p in range(panel_begin, panel_end):
        column = p * COLUMNS
        count = min(COLUMNS, channels - column)
        _panel(
            isa, filter.wide_bias, work.wide_acc, x, at, lda, rows, filter, panel + p, rule, work,
            group * filter.width + column, out, out_at + column, out_step, count,
        )  # fmt: skip


@kernel
def gemm_requantize(isa, x, flip, filter, rule, row_begin, row_end, panel_begin, panel_end, strip, work, out):
    """out[m, n] = requantize(bias[n] + sum (x[m] - z_x) * (w[n] - z_w)), for rows and panels from begin to end.

    Args:
        isa: what `isa.tag` gives.
        x: int8, uint8 or int16 [M, K]. flip: what `isa.flip` gives.
        filter: Filter of one segment. rule: Rule. work: Work.
        strip: scratch [>= ROW_BLOCK * K + 3], what `isa.panel_dtype` gives.
        out: int8, uint8 or int16 [M, N], written.
    """
    depth = x.shape[1]
    channels = out.shape[1]
    flat_x, flat_out = x.reshape(-1), out.reshape(-1)
    store = strip.dtype.type
    flip = store(flip)
    for row in range(row_begin, row_end, ROW_BLOCK):
        rows = min(ROW_BLOCK, row_end - row)
        source, target = flat_x[row * depth : (row + rows) * depth], strip[: rows * depth]
        for i in range(target.shape[0]):
            target[i] = store(source[i]) ^ flip
        multiply_requantize(
            isa, strip, 0, depth, rows, filter, 0, panel_begin, panel_end, rule, work, flat_out, row * channels,
            channels, channels,
        )  # fmt: skip
