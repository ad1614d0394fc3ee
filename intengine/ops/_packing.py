"""How filters of quantized convolutions and products are packed for `intengine_kernels.gemm`."""

from typing import Any

import numpy as np
from intengine_kernels import isa
from intengine_kernels.isa.tile import interleaved
from numpy.typing import NDArray

from intengine.ops._operand import Operand
from intengine.ops._packed import Packed
from intengine.ops._rule import greatest_sums, pad_last

#: Segments of a row that are added up faster by themselves than by a panel of ones, from this length on.
_LONG = 96
#: Weights that a panel's type cannot hold take steps of their own, if that is one more in so many; else their zero
#: point is left to the sums of rows.
_FEW = 4


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
    kind = np.iinfo(f"i{panel.itemsize}")
    flip = isa.flip(panel, dtype)
    values = rows.astype(np.int16) - np.int16(zero_point)
    magnitude = np.abs(values).sum(axis=-1, dtype=np.int64).reshape(-1)
    bound = greatest_sums(magnitude, dtype, input_zero_point, bias)
    input_zero_point = isa.flipped_zero_point(input_zero_point, panel, dtype)
    wide = wide and bool((bound > np.iinfo(np.int32).max).any())
    constant = bias.reshape(groups, channels) - input_zero_point * values.sum(axis=-1, dtype=np.int64)

    length, per = depth // segments, 4 // panel.itemsize
    blocks = blocked(values, segments, per)
    cut = np.clip(blocks, kind.min, kind.max)
    rest = blocks - cut
    needed = np.any(rest, axis=(-1, -2))
    row_term = 0
    if needed.sum() * _FEW > needed.size or np.abs(rest).max(initial=0) > kind.max:
        row_term = (128 if rows.dtype == np.uint8 else 0) - zero_point
        cut, needed = blocked(values - np.int16(row_term), segments, per), np.zeros_like(needed)
    panels, steps = cut.shape[1], cut.shape[3]
    extra = [[np.flatnonzero(one).tolist() for one in group.reshape(panels, -1)] for group in needed]
    ones = row_term != 0 and length < _LONG
    if ones:
        cut = np.concatenate([cut, blocked(np.ones((groups, 1, depth), np.int16), segments, per)], axis=1)
    folded = pad_last(constant, panels * isa.COLUMNS).reshape(-1)
    greatest = int(np.abs(cut.astype(np.int64)).sum(axis=-1).max(initial=1)) * -np.iinfo(dtype).min if wide else 1
    last = isa.COLUMNS if wide else channels - (panels - 1) * isa.COLUMNS
    counts = [*[isa.COLUMNS] * (panels - 1), last, *[1] * ones]
    return Packed(
        isa.tag(instruction_set),
        _as_tiles_read(instruction_set, cut, rest, extra, counts).astype(kind.dtype),
        extra,
        np.zeros_like(folded, np.int32) if wide else folded.astype(np.int32),
        folded if wide else None,
        row_term,
        ones,
        flip,
        input_zero_point,
        panel,
        steps,
        length,
        max(np.iinfo(np.int32).max // max(greatest, 1), 1),
        bound,
    )


def blocked(values: NDArray[np.int16], segments: int, per: int) -> NDArray[np.int16]:
    """[G, N, K] as panels [G, P, segments, steps, COLUMNS, per], zeros behind the last channel and each segment."""
    groups, channels, depth = values.shape
    length = depth // segments
    panels, steps = -(-channels // isa.COLUMNS), -(-length // per)
    padded = np.zeros((groups, panels * isa.COLUMNS, segments, steps * per), np.int16)
    padded[:, :channels, :, :length] = values.reshape(groups, channels, segments, length)
    blocks = padded.reshape(groups, panels, isa.COLUMNS, segments, steps, per)
    return np.ascontiguousarray(blocks.transpose(0, 1, 3, 4, 2, 5))


def _as_tiles_read(
    instruction_set: int, blocks: NDArray[np.int16], rest: NDArray[np.int16], extra: list[list[list[int]]],
    counts: list[int],
) -> NDArray[np.int16]:  # fmt: skip
    """[G, P, segments * steps + extra, COLUMNS, per]: panels for tiles of `counts` columns, with the rest of weights.

    Args:
        blocks, rest: as `blocked` gives them. extra: for each group and panel, steps of the rest.
    """
    groups, panels, segments, steps, *group_shape = blocks.shape
    most = max((len(some) for group in extra for some in group), default=0)
    found = np.zeros((groups, panels, segments * steps + most, *group_shape), np.int16)
    for p, count in enumerate(counts):
        taps = interleaved(instruction_set, blocks[:, p], count)
        found[:, p, : segments * steps] = taps.reshape(groups, segments * steps, *group_shape)
    for g, group in enumerate(extra):
        for p, some in enumerate(group):
            # Each is a run of its own.
            taps = rest[g, p].reshape(1, segments * steps, 1, *group_shape)[:, some]
            found[g, p, segments * steps :][: len(some)] = interleaved(instruction_set, taps, counts[p])[0, :, 0]
    return found
