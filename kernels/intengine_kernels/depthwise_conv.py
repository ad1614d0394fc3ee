"""Depthwise convolution: image rows are interleaved to a strip, for as many output rows as find all their taps in it.

Then blocks of 16 channels are multiplied and requantized, each for all of these rows while it is in cache.

Padding has the input's zero point, which the bias takes off again, so that every pixel has all taps.
"""

from typing import Any, NamedTuple

import numpy as np
from numba import types

from intengine_kernels.isa import ROW_BLOCK
from intengine_kernels.isa.depthwise import (
    CHANNELS,
    depthwise_by_vectors,
    interleave_by_vectors,
    requantize_depthwise,
)
from intengine_kernels.isa.words import NOT, requantizes
from intengine_kernels.jit import chosen, inline, kernel
from intengine_kernels.requantize import requantize_block, requantize_missed


class Taps(NamedTuple):
    """The filter of a depthwise convolution, packed.

    Attributes:
        weights: int8 or int16, flat [lines, blocks, taps, CHANNELS, per]: per (4 or 2) rows of a strip in one filter
            column make a tap. Weights beyond int8 are sums, of as many rounds of taps as that needs.
        lines: output rows that one strip serves; the filter lies lower in it for each.
        numbers: int64[blocks], taps of each block; the others are 0.
        bias: int32[blocks * CHANNELS]. wide_bias: int64, the same, or None where the accumulator is int32.
        offsets: int64[taps], of each tap's column in a strip.
        per: filter rows of a tap. chunk: taps whose sum int32 can hold.
    """

    weights: Any
    lines: int
    numbers: Any
    bias: Any
    wide_bias: Any
    offsets: Any
    per: int
    chunk: int


def _interleave_for(isa, *rest):
    return None if isinstance(isa, types.NoneType) else _interleave_vectors


def _interleave_vectors(isa, x, places, blank, flips, weights, out, out_at, count):
    interleave_by_vectors(isa, x, places, blank, flips, weights, out, out_at, count)


@chosen(_interleave_for)
def _interleave(isa, x, places, blank, flips, weights, out, out_at, count):
    """As `isa.depthwise.interleave_by_vectors`; the plain loops, for int16 weights alone."""
    for i in range(count):
        low = np.uint32(np.uint16(np.int16(x[places[0] + i]))) if places[0] >= 0 else np.uint32(np.uint16(blank[i]))
        high = np.uint32(np.uint16(np.int16(x[places[1] + i]))) if places[1] >= 0 else np.uint32(np.uint16(blank[i]))
        out[out_at + i] = np.uint32(low | np.uint32(high << np.uint32(16)))


def _multiply_for(isa, *rest):
    return None if isinstance(isa, types.NoneType) else _multiply_vectors


def _multiply_vectors(isa, strip, at, step, count, offsets, first, taps, weights, w_at, bias, bias_at, acc):
    depthwise_by_vectors(isa, strip, at, step, count, offsets, first, taps, weights, w_at, bias, bias_at, acc)


@chosen(_multiply_for)
def _multiply(isa, strip, at, step, count, offsets, first, taps, weights, w_at, bias, bias_at, acc):
    """As `isa.depthwise.depthwise_by_vectors`; the plain loops, for int16 weights alone."""
    for p in range(count):
        for c in range(CHANNELS):
            total = np.int32(bias[bias_at + c])
            for t in range(taps):
                pair = np.uint32(strip[at + p * step + offsets[first + t] + c])
                low, high = np.int16(np.uint16(pair & np.uint32(0xFFFF))), np.int16(np.uint16(pair >> np.uint32(16)))
                here = w_at + (t * CHANNELS + c) * 2
                total = np.int32(total + np.int32(np.int32(low) * np.int32(weights[here])))
                total = np.int32(total + np.int32(np.int32(high) * np.int32(weights[here + 1])))
            acc[p * CHANNELS + c] = total


def _fused_for(isa, strip, at, step, count, taps, lines, block, rule, missed, out, *rest):
    """Blocks that requantize their sums in registers, where the instruction set has them."""
    return _fused if requantizes(isa, out) else None


def _fused(isa, strip, at, step, count, taps, lines, block, rule, missed, out, out_at, out_w, out_c):
    channel = block * CHANNELS
    if rule.form == NOT or out_c - channel < CHANNELS:
        return False
    w_step = taps.weights.shape[0] // taps.lines
    w_at = block * taps.offsets.shape[0] * CHANNELS * taps.per
    # Lines of whole rows follow each other in the output.
    together = lines if count == out_w else 1
    for r in range(0, lines, together):
        to = out_at + r * out_w * out_c + channel
        some = requantize_depthwise(
            rule.form, strip, at + channel, step, count, taps.offsets, taps.numbers[block], taps.weights,
            w_at + r * w_step, together, w_step, taps.bias, channel, rule.guess, rule.lo, rule.hi, out, to, out_c,
            missed.sums, missed.places,
        )  # fmt: skip
        if some:
            requantize_missed(missed, some, CHANNELS, rule, channel, out, to, out_c)
    return True


@chosen(_fused_for)
def _is_requantized(isa, strip, at, step, count, taps, lines, block, rule, missed, out, out_at, out_w, out_c):
    """Whether a block's lines have been done by what requantizes its sums itself; out_at: of the first one's pixels."""
    return False


@inline
def _block(isa, wide_bias, wide_acc, strip, at, step, count, taps, line, block, rule, acc, out, out_at, out_c):
    """`count` pixels of 16 channels in one of the strip's output rows, requantized."""
    number = taps.numbers[block]
    size = CHANNELS * taps.per
    w_at = line * (taps.weights.shape[0] // taps.lines) + block * taps.offsets.shape[0] * size
    channel = block * CHANNELS
    some = min(CHANNELS, out_c - channel)
    if wide_bias is None:
        _multiply(
            isa, strip, at + channel, step, count, taps.offsets, 0, number, taps.weights, w_at, taps.bias, channel, acc
        )  # fmt: skip
        requantize_block(isa, acc, CHANNELS, count, rule, channel, out, out_at + channel, out_c, some)
    else:
        for p in range(count):
            for c in range(CHANNELS):
                wide_acc[p * CHANNELS + c] = wide_bias[channel + c]
        for t in range(0, number, taps.chunk):
            _multiply(
                isa, strip, at + channel, step, count, taps.offsets, t, min(taps.chunk, number - t), taps.weights,
                w_at + t * size, taps.bias, channel, acc,
            )  # fmt: skip
            for i in range(count * CHANNELS):
                wide_acc[i] += np.int64(acc[i])
        requantize_block(isa, wide_acc, CHANNELS, count, rule, channel, out, out_at + channel, out_c, some)


@kernel
def depthwise_conv_requantize(
    isa, x, flips, taps, rule, kh, stride_h, stride_w, dil_h, pad_h, pad_w, columns, fill, blank, row_begin, row_end,
    places, line, strip, missed, wide_acc, out,
):  # fmt: skip
    """Quantized depthwise convolution of output rows row_begin..row_end, counted over batch * out_height.

    Args:
        isa: what `isa.tag` gives.
        x: int8, uint8 or int16 [B, H, W, C]. flips: whether top bits are flipped: see `isa.flip`.
        taps: Taps; output channel c * D + d reads input c. rule: Rule.
        kh: filter rows. columns: of a strip.
        fill: uint32, what a strip has outside the image. blank: a row of the input's zero point, like x [W * C].
        places: scratch int64[4]. line: scratch uint32[W * C], or [0] if D is 1.
        strip: scratch uint32[>= groups * columns * C * D + CHANNELS], groups = ceil(kh / per).
        missed: Missed, scratch for ROW_BLOCK / 2 + 2 entries for each of a strip's lines.
        wide_acc: scratch int64[ROW_BLOCK * CHANNELS], or None.
        out: int8, uint8 or int16 [B, OH, OW, C * D], written.
    """
    _, height, width, channels = x.shape
    _, out_h, out_w, out_c = out.shape
    multiplier = out_c // channels
    flat_x, flat_out = x.reshape(-1), out.reshape(-1)
    per = taps.per
    groups = (kh + per - 1) // per
    inside = max(min(width, columns - pad_w), 0)
    count = inside * channels
    size = columns * out_c
    strip[: groups * size] = np.uint32(fill)
    row = row_begin
    while row < row_end:
        b, y = row // out_h, row % out_h
        lines = min(taps.lines, out_h - y, row_end - row)
        for g in range(groups):
            for j in range(per):
                at = y * stride_h - pad_h + (g * per + j) * dil_h
                is_inside = 0 <= at < height
                places[j] = (b * height + at) * width * channels if is_inside else -1
            to = g * size + pad_w * out_c
            if multiplier == 1:
                _interleave(isa, flat_x, places, blank, flips, taps.weights, strip, to, count)
            else:
                _interleave(isa, flat_x, places, blank, flips, taps.weights, line, 0, count)
                for i in range(count):
                    for d in range(multiplier):
                        strip[to + i * multiplier + d] = line[i]
        for first in range(0, out_w, ROW_BLOCK):
            some = min(ROW_BLOCK, out_w - first)
            at, step = first * stride_w * out_c, stride_w * out_c
            to = (row * out_w + first) * out_c
            for block in range((out_c + CHANNELS - 1) // CHANNELS):
                if taps.wide_bias is None and _is_requantized(
                    isa, strip, at, step, some, taps, lines, block, rule, missed, flat_out, to, out_w, out_c
                ):
                    continue
                for r in range(lines):
                    _block(
                        isa, taps.wide_bias, wide_acc, strip, at, step, some, taps, r, block, rule, missed.sums,
                        flat_out, to + r * out_w * out_c, out_c,
                    )  # fmt: skip
        row += lines
