"""Filters of quantized depthwise convolutions, packed for `intengine_kernels.depthwise_conv`."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from intengine_kernels import isa
from intengine_kernels.depthwise_conv import Taps, depthwise_conv_requantize
from intengine_kernels.isa.depthwise import CHANNELS
from intengine_kernels.isa.words import PAIR
from intengine_kernels.requantize import Missed, Rule
from numpy.typing import NDArray

from intengine.numerics import Requantizer
from intengine.ops._context import NodeContext
from intengine.ops._operand import Operand
from intengine.ops._rule import greatest_sums, padded_rule
from intengine.ops._window import Window
from intengine.step import PLAIN_WORK, Call, Scratch

#: Entries that a line of pixels can have in a list of unproven results: one for two pixels, or for one of the last 3.
_ENTRIES = isa.ROW_BLOCK // 2 + 2


@dataclass(frozen=True, eq=False)
class PackedDepthwise:
    """A filter with what its kernel needs to know of the input.

    Attributes:
        isa: instruction set that the packing is for, as kernels take it.
        flips: whether the top bits of activations are flipped. fill: uint32, the input's zero point in a strip.
        bound: int64[channels], the greatest magnitude of each accumulator.
    """

    isa: tuple[int, ...] | None
    taps: Taps
    flips: bool
    fill: int
    bound: NDArray[np.int64]

    def rule(self, requantizer: Requantizer, dtype: np.dtype[Any], zero_point: int, lo: int, hi: int) -> Rule:
        """The requantizer to results of that type, padded to whole blocks of channels."""
        return padded_rule(requantizer, self.bound, 1, self.taps.bias.size, dtype, zero_point, lo, hi)


def pack_depthwise(
    source: Operand, rows: NDArray[np.int16], bias: NDArray[np.int64], columns: int, dilation: int, down: int | None, *,
    wide: bool,
) -> PackedDepthwise:  # fmt: skip
    """Pack a filter int16[kh, kw, channels], its zero point taken off, for strips of so many columns.

    down: rows of a strip between the first taps of two output rows; None if they cannot have one in common.
    """
    kh, kw, channels = rows.shape
    instruction_set = isa.best()
    panel = isa.panel_dtype(instruction_set, source.dtype, np.int8)
    is_8bit = panel.itemsize == 1
    rounds = _rounds(rows) if is_8bit else [rows]
    per = 4 if is_8bit else 2
    groups, blocks = -(-kh // per), -(-channels // CHANNELS)
    flips = isa.flip(panel, source.dtype) != 0
    zero_point = isa.flipped_zero_point(source.zero_point, panel, source.dtype)
    lines = (groups * per - kh) // down + 1 if down else 1
    padded = np.zeros((lines, len(rounds), groups * per, kw, blocks * CHANNELS), np.int8 if is_8bit else np.int16)
    for line in range(lines):
        begin = line * (down or 0)
        padded[line, :, begin : begin + kh, :, :channels] = rounds
    weights = padded.reshape(lines, -1, groups, per, kw, blocks, CHANNELS).transpose(0, 5, 1, 2, 4, 6, 3)
    needed = weights[0].any(axis=(2, 3, 4, 5))
    numbers = np.maximum(needed.sum(axis=1), 1) * groups * kw
    sums = rows.sum(axis=(0, 1), dtype=np.int64)
    magnitude = np.abs(rows.astype(np.int64)).sum(axis=(0, 1))
    bound = greatest_sums(magnitude, source.dtype, source.zero_point, bias)
    wide = wide and bool((bound > np.iinfo(np.int32).max).any())
    folded = np.pad(bias - zero_point * sums, (0, blocks * CHANNELS - channels))
    offsets = [(g * columns + kx * dilation) * channels for g in range(groups) for kx in range(kw)] * len(rounds)
    greatest = int(np.abs(padded.astype(np.int64)).max(initial=1)) * per * -np.iinfo(source.dtype).min if wide else 1
    taps = Taps(
        np.ascontiguousarray(weights).reshape(-1),
        lines,
        numbers,
        np.zeros(folded.size, np.int32) if wide else folded.astype(np.int32),
        folded if wide else None,
        np.array(offsets, np.int64),
        per,
        max(np.iinfo(np.int32).max // max(greatest, 1), 1),
    )
    fill = np.full(per, zero_point).astype(panel).view(np.uint32)[0]
    return PackedDepthwise(isa.tag(instruction_set), taps, flips, int(fill), bound)


def _rounds(rows: NDArray[np.int16]) -> list[NDArray[np.int16]]:
    """int8 values whose sum the rows are: one round, or up to three for uint8 weights far from their zero point."""
    rounds: list[NDArray[np.int16]] = []
    rest = rows
    while not rounds or rest.any():
        rounds.append(np.clip(rest, -128, 127))
        rest = rest - rounds[-1]
    return rounds


def depthwise_call(
    ctx: NodeContext, window: Window, rows: NDArray[np.int16], bias: NDArray[np.int64], requantizer: Requantizer, *,
    wide: bool,
) -> Call:  # fmt: skip
    """The kernel for a filter int16[kh, kw, channels], its zero point taken off; channel n reads input n // D."""
    source, out = ctx.input(0), ctx.output()
    channels = rows.shape[2]
    columns = (window.out_w - 1) * window.stride_w + (window.kw - 1) * window.dilation_w + 1
    down = None if window.stride_h % window.dilation_h else window.stride_h // window.dilation_h
    packed = pack_depthwise(source, rows, bias, columns, window.dilation_w, down, wide=wide)
    rule = packed.rule(requantizer, out.dtype, out.zero_point, *ctx.activation_range(out))
    _, _, width, depth = source.shape
    block, entries = isa.ROW_BLOCK * CHANNELS, _ENTRIES * packed.taps.lines
    groups = -(-window.kh // packed.taps.per)
    uint32, int32, int64 = np.dtype(np.uint32), np.dtype(np.int32), np.dtype(np.int64)
    args = (
        packed.isa, source.ref(), packed.flips, packed.taps, rule, window.kh, window.stride_h, window.stride_w,
        window.dilation_h, window.pad_h, window.pad_w, columns, packed.fill,
        np.full(width * depth, source.zero_point, source.dtype), 0, out.shape[0] * out.shape[1],
        Scratch(int64, (4,)), Scratch(uint32, (0 if channels == depth else width * depth,)),
        Scratch(uint32, (groups * columns * channels + CHANNELS,)),
        Missed(Scratch(int32, (entries * PAIR,)), Scratch(int64, (entries,))),
        None if packed.taps.wide_bias is None else Scratch(int64, (block,)), out.ref(),
    )  # fmt: skip
    work = PLAIN_WORK * out.size * rows.shape[0] * rows.shape[1]
    return Call(
        depthwise_conv_requantize,
        args,
        work=work,
        unit=packed.taps.lines,
        pads=True,
        reach=window.reach(source.shape, out.shape[3]),
    )
