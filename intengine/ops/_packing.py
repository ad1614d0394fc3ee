"""How filters of quantized convolutions and products are packed for `intengine_kernels.gemm`."""

from typing import Any

import numpy as np
from intengine_kernels import isa
from intengine_kernels.isa.tile import interleaved
from numpy.typing import NDArray

from intengine.ops._context import Operand
from intengine.ops._packed import Packed, pad_last

#: Segments of a row that are added up faster by themselves than by a panel of ones, from this length on.
_LONG = 96


def pack(
    source: Operand, rows: NDArray[np.integer], zero_point: int, bias: NDArray[np.int64], *, wide: bool,
    segments: int = 1,
) -> Packed:  # fmt: skip
    """Pack filter rows [G, N, K] (int8 or uint8) with their zero point and bias int64[G * N]."""
    return pack_for(source.dtype, source.zero_point, rows, zero_point, bias, wide=wide, segments=segments)


def pack_for(
    dtype: np.dtype[Any], input_zero_point: int, rows: NDArray[np.integer], zero_point: int,
    bias: NDArray[np.int64], *, wide: bool, segments: int = 1,
) -> Packed:  # fmt: skip
    """`pack` for activations of that type and zero point; K is `segments` runs of equal length."""
    groups, channels, depth = rows.shape
    instruction_set = isa.best()
    panel = isa.panel_dtype(instruction_set, dtype, rows.dtype)
    per = 4 // panel.itemsize
    panels = -(-channels // isa.COLUMNS)
    steps = -(-(depth // segments) // per)
    info = np.iinfo(dtype)
    reach = max(info.max - input_zero_point, input_zero_point - info.min)
    flip = isa.flip(panel, dtype)
    input_zero_point = isa.flipped_zero_point(input_zero_point, panel, dtype)
    values = rows.astype(np.int16)
    magnitude = np.abs(values - np.int16(zero_point)).sum(axis=-1, dtype=np.int64).reshape(-1)
    bound = magnitude * reach + np.abs(np.clip(bias, -(2**62), 2**62))
    if rows.dtype == np.uint8:
        values, zero_point = values - np.int16(128), zero_point - 128
    constant = (
        bias.reshape(groups, channels)
        - input_zero_point * values.sum(axis=-1, dtype=np.int64)
        + depth * input_zero_point * zero_point
    )
    folded = pad_last(constant, panels * isa.COLUMNS).reshape(-1)
    wide = wide and bool((bound > np.iinfo(np.int32).max).any())
    length = depth // segments
    ones = zero_point != 0 and length < _LONG
    count = panels + ones
    padded = np.zeros(
        (groups, count * isa.COLUMNS, segments, steps * per), f"i{panel.itemsize}"
    )  # fmt: skip
    padded[:, :channels, :, :length] = values.reshape(groups, channels, segments, -1)
    if ones:
        padded[:, panels * isa.COLUMNS :, :, :length] = 1
    blocks = padded.reshape(groups, count, isa.COLUMNS, segments, steps, per).transpose(0, 1, 3, 4, 2, 5)
    greatest = int(np.abs(blocks.astype(np.int64)).sum(axis=-1).max(initial=1)) * -info.min if wide else 1
    blocks = np.ascontiguousarray(blocks)
    last = isa.COLUMNS if wide else channels - (panels - 1) * isa.COLUMNS
    blocks[:, panels - 1] = interleaved(instruction_set, blocks[:, panels - 1], last)
    if ones:
        blocks[:, panels] = interleaved(instruction_set, blocks[:, panels], 1)
    return Packed(
        isa.tag(instruction_set),
        blocks.reshape(groups, count, segments * steps, isa.COLUMNS, per),
        np.zeros_like(folded, np.int32) if wide else folded.astype(np.int32),
        folded if wide else None,
        -zero_point,
        ones,
        flip,
        input_zero_point,
        panel,
        steps,
        length,
        max(np.iinfo(np.int32).max // max(greatest, 1), 1),
        bound,
    )
