"""int32 or int64 accumulators -> quantized values under any scheme: a row of channels at a time, or whole blocks.

The scheme is an integer argument, branched on once a row: a closure would recompile at every start.
"""

from typing import Any, NamedTuple

import numpy as np
from numba import types

from intengine_kernels.fixedpoint import (
    INT32_MAX,
    INT32_MIN,
    mbqm64,
    mbqm_single,
    mbqm_twice,
    mbqm_upward,
    round_half_away,
)
from intengine_kernels.isa.lanes import LANES, guess_rows
from intengine_kernels.isa.words import PAIR
from intengine_kernels.jit import chosen, inline, subroutine

#: srdhm then a rounding shift with ties away from zero; int32 accumulator.
DOUBLE_ROUNDING = 0
#: multiplier cut to 15 bits, one rounding with ties up; int64 accumulator.
INT64_15BIT = 1
#: double precision product, rounded half away from zero; beyond int32 it is -2**31.
REAL_DOUBLE = 2
#: srdhm then a rounding shift with ties up; int32 accumulator.
UPWARD = 3
#: UPWARD in whole blocks of 8 channels, DOUBLE_ROUNDING in those behind the last block; int32 accumulator.
UPWARD_BLOCKS = 4
#: The accumulator and its product with a scale in float32, halves to even; the upper bound before rounding.
FLOAT32 = 5
#: One rounding of the whole fixed-point product, ties up; int32 accumulator.
SINGLE = 6
#: Channels of a block of UPWARD_BLOCKS.
BLOCK = 8


class Rule(NamedTuple):
    """How accumulators become quantized values; channels are padded to whole panels.

    Attributes:
        multiplier, shift: int32[n]. scale: float64[n]. scheme, zero_point, lo, hi: ints; all as in `requantize_row`.
        channels: int, of the whole output; only UPWARD_BLOCKS asks.
        guess: float32[7, n] for results of 8 bits, float64[7, n] for 16: see `isa.lanes`.
        form: a constant of `isa.words`, where sums of tiles may be requantized in registers.
    """

    multiplier: Any
    shift: Any
    scale: Any
    scheme: int
    zero_point: int
    lo: int
    hi: int
    channels: int
    guess: Any
    form: int


class Missed(NamedTuple):
    """Sums whose requantization by `isa.words` is not proven.

    Attributes:
        sums: int32[n * PAIR]: an entry is PAIR accumulators that follow each other in a block of rows.
        places: int64[n]: for each entry, its first place in the block, and in the low PAIR bits which are meant.
    """

    sums: Any
    places: Any


@inline
def requantize(acc, multiplier, shift, scale, scheme, zero_point, lo, hi):
    """clamp(requantized acc + zero_point, lo, hi) as int32, for a scheme other than UPWARD_BLOCKS.

    Args:
        acc: int32 or int64. multiplier, shift: int32, used by the fixed-point schemes.
        scale: float64, used by REAL_DOUBLE, and by FLOAT32, for which it holds a float32 number.
        zero_point, lo, hi: int32; lo is applied first, but by FLOAT32.
    """
    if scheme == DOUBLE_ROUNDING:
        value = np.int32(mbqm_twice(np.int32(acc), multiplier, shift) + zero_point)
    elif scheme == UPWARD:
        value = np.int32(mbqm_upward(np.int32(acc), multiplier, shift) + zero_point)
    elif scheme == SINGLE:
        value = np.int32(mbqm_single(np.int32(acc), multiplier, shift) + zero_point)
    elif scheme == INT64_15BIT:
        value = np.int32(mbqm64(np.int64(acc), multiplier, shift) + zero_point)
    elif scheme == FLOAT32:
        top = np.float32(np.int64(hi) - np.int64(zero_point))
        single = min(np.float32(np.float32(np.int32(acc)) * np.float32(scale)), top)
        rounded = np.int64(np.rint(max(single, np.float32(INT32_MIN)))) + np.int64(zero_point)
        # The upper bound came before rounding, so that the lower one has the last word.
        return np.int32(max(rounded, np.int64(lo)))
    else:
        real = round_half_away(np.float64(acc) * scale)
        # What int32 cannot hold is its least number, as x86 has it, before the zero point is added.
        real = real if INT32_MIN <= real <= INT32_MAX else np.float64(INT32_MIN)
        value = np.int32(np.int64(np.int32(real)) + np.int64(zero_point))
    return min(max(value, lo), hi)


@inline
def scheme_of(scheme, channel, channels):
    """The scheme of one channel: UPWARD_BLOCKS is UPWARD in whole blocks of the channels."""
    if scheme != UPWARD_BLOCKS:
        return scheme
    return UPWARD if channel < channels // BLOCK * BLOCK else DOUBLE_ROUNDING


@inline
def requantize_row(acc, multiplier, shift, scale, scheme, zero_point, lo, hi, out):
    """out[c] = clamp(requantize(acc[c]) + zero_point, lo, hi).

    Args:
        acc: int32[n] or int64[n]. multiplier, shift: int32[n]. scale: float64[n]. scheme: a constant of this file.
        zero_point, lo, hi: ints within int32; see `requantize`.
        out: int8[n], uint8[n], int16[n] or int32[n], written.
    """
    n = out.shape[0]
    store = out.dtype.type
    zero_point, lo, hi = np.int32(zero_point), np.int32(lo), np.int32(hi)
    whole = n
    if scheme == UPWARD_BLOCKS:
        whole, scheme = n // BLOCK * BLOCK, UPWARD
    # One loop for each scheme that matters: a branch inside would keep it from vectorizing.
    if scheme == DOUBLE_ROUNDING:
        whole = 0
    elif scheme == UPWARD:
        for c in range(whole):
            out[c] = store(requantize(acc[c], multiplier[c], shift[c], scale[c], UPWARD, zero_point, lo, hi))
    elif scheme == FLOAT32:
        for c in range(n):
            out[c] = store(requantize(acc[c], multiplier[c], shift[c], scale[c], FLOAT32, zero_point, lo, hi))
    elif scheme == INT64_15BIT:
        for c in range(n):
            out[c] = store(requantize(acc[c], multiplier[c], shift[c], scale[c], INT64_15BIT, zero_point, lo, hi))
    else:
        for c in range(n):
            out[c] = store(requantize(acc[c], multiplier[c], shift[c], scale[c], scheme, zero_point, lo, hi))
    for c in range(whole, n):
        out[c] = store(requantize(acc[c], multiplier[c], shift[c], scale[c], DOUBLE_ROUNDING, zero_point, lo, hi))


@subroutine
def _exact(acc, at, rule, channel, count, out, to):
    """`count` accumulators from `at` on by the plain formulas."""
    store = out.dtype.type
    channels = rule.channels
    zero_point, lo, hi = np.int32(rule.zero_point), np.int32(rule.lo), np.int32(rule.hi)
    for i in range(count):
        c = channel + i
        scheme = scheme_of(rule.scheme, c, channels)
        out[to + i] = store(
            requantize(acc[at + i], rule.multiplier[c], rule.shift[c], rule.scale[c], scheme, zero_point, lo, hi)
        )


def _block_for(isa, acc, acc_step, rows, rule, channel, out, *rest):
    """Proven guesses where the type of `isa` says that there are vectors."""
    return None if isinstance(isa, types.NoneType) else _block_guessed


@subroutine
def _repair(lanes, acc, at, rule, channel, out, to):
    """Those of LANES neighbouring accumulators that the bits of `lanes` name, by the plain formulas."""
    i = 0
    while lanes != 0:
        if lanes & 15 == 0:
            lanes, i = lanes >> 4, i + 4
        else:
            if lanes & 1:
                _exact(acc, at + i, rule, channel + i, 1, out, to + i)
            lanes, i = lanes >> 1, i + 1


@inline
def _guessed(acc, at, acc_step, rows, rule, channel, out, to, out_step, count):
    """Rows of up to 16 accumulators."""
    proves = rule.scheme != FLOAT32 or rule.guess.itemsize == 8
    r = 0
    while r < rows:
        done, lanes = guess_rows(
            proves, acc, at + r * acc_step, acc_step, rows - r, rule.guess, channel, out, to + r * out_step, out_step,
            count,
        )  # fmt: skip
        r += done
        if lanes != 0:
            last = r - 1
            _repair(lanes, acc, at + last * acc_step, rule, channel, out, to + last * out_step)


def _block_guessed(isa, acc, acc_step, rows, rule, channel, out, out_at, out_step, count):
    for n in range(0, count, LANES):
        _guessed(acc, n, acc_step, rows, rule, channel + n, out, out_at + n, out_step, min(LANES, count - n))


@chosen(_block_for)
def requantize_block(isa, acc, acc_step, rows, rule, channel, out, out_at, out_step, count):
    """out[out_at + r * out_step : ... + count] = requantized acc[r * acc_step : ... + count] for each row.

    Args:
        isa: what `isa.tag` gives.
        acc: int32 or int64, flat. rule: Rule, read from `channel` on. out: int8, uint8 or int16, flat.
        acc and the rule's guess must be readable up to the next multiple of LANES.
    """
    for r in range(rows):
        _exact(acc, r * acc_step, rule, channel, count, out, out_at + r * out_step)


@subroutine
def requantize_missed(missed, count, width, rule, channel, out, out_at, out_step):
    """What tiles of `width` channels that requantize themselves have left: see `isa.words`.

    Args:
        missed: Missed, of which `count` entries are read.
        rule: Rule, read from `channel` on. out: int8 or uint8, flat, row r from out_at + r * out_step on.
    """
    for i in range(count):
        entry = missed.places[i]
        for k in range(0, PAIR, LANES):
            lanes = (entry >> k) & ((1 << LANES) - 1)
            if lanes != 0:
                place = (entry >> PAIR) + k
                r, c = place // width, place % width
                _repair(lanes, missed.sums, i * PAIR + k, rule, channel + c, out, out_at + r * out_step + c)
