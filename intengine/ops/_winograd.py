"""3x3 convolutions of stride 1 by `intengine_kernels.winograd`, where that is as exact and takes less."""

from typing import Any

import numpy as np
from intengine_kernels import isa
from intengine_kernels.isa.tile import interleaved
from intengine_kernels.isa.winograd import OUTPUTS, PITCH, PRODUCTS, SHIFT, TAPS, TILES
from intengine_kernels.winograd import Block, Transformed, conv_winograd
from numpy.typing import NDArray

from intengine.numerics import Requantizer
from intengine.ops._operand import Operand
from intengine.ops._packing import blocked
from intengine.ops._rule import greatest_sums, pad_last, padded_rule
from intengine.ops._window import Window
from intengine.step import Call, Scratch

#: 24 times the transform of a filter along an axis; of its last row, 8 times.
_FILTER = np.array([[6, 0, 0], [-4, -4, -4], [-4, 4, -4], [1, 2, 4], [1, -2, 4], [0, 0, 8]], np.int32)
#: What a product of int16 takes, in products of bytes, by instruction set.
_PRODUCT = {isa.AVX2: 1, isa.AVXVNNI: 2, isa.AVX512VNNI: 2}
#: What the transforms of a tile take, likewise, for each channel of the input and of the output. Measured.
_TAKEN, _MADE = 320, 960
#: Fewer tiles would wait for their weights, which are eight times as many bytes; and so would more than these.
_FEWEST, _MOST_BYTES = 4, 2**21
#: Bytes of a strip, in the second level of the cache.
_STRIP_BYTES = 2**16
#: int16 lanes of the widest registers, which are read and written whole.
_LANES = 32
#: Rows and columns that tiles reach beyond their outputs.
_MORE = TAPS - OUTPUTS
_I16, _I32 = np.dtype(np.int16), np.dtype(np.int32)


def winograd(
    source: Operand, out: Operand, window: Window, weights: NDArray[np.int16], bias: NDArray[np.int64],
    requantizer: Requantizer, lo: int, hi: int,
) -> Call | None:  # fmt: skip
    """The convolution, which pays, as one call, or None if it is beyond what integers hold.

    Args:
        source, out: int8 or uint8. weights: int16[N, 3, 3, C] without their zero point.
        bias: int64[N]. lo, hi: of the result.
    """
    batch, depth = source.shape[0], weights.shape[3]
    folded = bias - source.zero_point * weights.sum(axis=(1, 2, 3), dtype=np.int64)
    magnitude = np.abs(weights.astype(np.int64)).sum(axis=(1, 2, 3))
    filter = transformed(weights, magnitude, folded, source.dtype)
    if filter is None:
        return None
    bound = greatest_sums(magnitude, source.dtype, source.zero_point, bias)
    rule = padded_rule(requantizer, bound, 1, filter.bias.size, out.dtype, out.zero_point, lo, hi)
    columns, lines = columns_of(window), -(-window.out_h // OUTPUTS)
    height = min(max((_STRIP_BYTES // (columns * depth) - _MORE) // OUTPUTS, 1), lines)
    args = (
        isa.tag(isa.best()), source.ref(), filter, rule, columns, window.pad_h, window.pad_w, source.zero_point, height,
        0, batch * window.out_h, strip(source.dtype, height * OUTPUTS, columns, depth), block(depth), out.ref(),
    )  # fmt: skip
    return Call(
        conv_winograd,
        args,
        work=batch * work(window, depth, weights.shape[0]),
        unit=OUTPUTS,
        pads=True,
        reach=window.reach(source.shape, out.shape[3]),
    )


def columns_of(window: Window) -> int:
    """Of a strip: whole tiles."""
    return -(-window.out_w // OUTPUTS) * OUTPUTS + _MORE


def strip(dtype: np.dtype[Any], rows: int, columns: int, depth: int) -> Scratch:
    """Work space for the input of so many rows of outputs, and what a register reads behind it."""
    return Scratch(dtype, ((rows + _MORE) * columns * depth + _LANES,))


def block(depth: int) -> Block:
    """Work space of tiles with so many channels."""
    step = -(-depth // _LANES) * _LANES
    pitch = TILES * step + _LANES
    return Block(
        Scratch(_I16, (PRODUCTS * pitch,)), step, pitch, Scratch(_I32, (PRODUCTS * PITCH,)),
        Scratch(_I32, (OUTPUTS * OUTPUTS * TILES * isa.COLUMNS,)),
    )  # fmt: skip


def work(window: Window, depth: int, channels: int) -> int:
    """Of an image, in products of bytes."""
    return _tiles(window) * _work(depth, channels)


def transformed(
    weights: NDArray[np.int16], magnitude: NDArray[np.int64], bias: NDArray[np.int64], dtype: np.dtype[Any]
) -> Transformed | None:
    """The filter, or None if it is beyond what integers hold.

    Args:
        weights: int16[N, 3, 3, C] without their zero point. magnitude: int64[N], the sums of their magnitudes.
        bias: int64[N], with the part of the input's zero point. dtype: of the images.
    """
    channels, _, _, depth = weights.shape
    info = np.iinfo(dtype)
    moved = np.einsum("ia,jb,nabc->ijnc", _FILTER, _FILTER, weights.astype(np.int32), optimize=True)
    greatest = magnitude.max(initial=0) * max(info.max, -info.min)
    if np.abs(moved).max(initial=0) > np.iinfo(_I16).max or greatest >= 2 ** (31 - SHIFT):
        return None
    panels = blocked(moved.reshape(PRODUCTS, channels, depth).astype(_I16), 1, 2)
    count, steps = panels.shape[1], panels.shape[3]
    for p in range(count):
        panels[:, p] = interleaved(isa.best(), panels[:, p], min(channels - p * isa.COLUMNS, isa.COLUMNS))
    return Transformed(
        panels.reshape(-1), panels[0, 0].size, count, steps,
        pad_last(bias, count * isa.COLUMNS).astype(np.int32), np.zeros(max(TILES, isa.COLUMNS), np.int32),
    )  # fmt: skip


def _tiles(window: Window) -> int:
    return -(-window.out_h // OUTPUTS) * -(-window.out_w // OUTPUTS)


def _work(depth: int, channels: int) -> int:
    """Of a tile, in products of bytes."""
    return PRODUCTS * depth * channels * _PRODUCT[isa.best()] + _TAKEN * depth + _MADE * channels


def pays(window: Window, batch: int, depth: int, channels: int) -> bool:
    """Whether a convolution of one group on bytes is of this kind and takes less so than by products of all taps.

    batch: images that are made together.
    """
    geometry = (window.kh, window.kw, window.stride_h, window.stride_w, window.dilation_h, window.dilation_w)
    tiles = batch * _tiles(window)
    if geometry != (3, 3, 1, 1, 1, 1) or isa.best() not in _PRODUCT or tiles < _FEWEST:
        return False
    if PRODUCTS * depth * channels * _I16.itemsize > _MOST_BYTES:
        return False
    return tiles * _work(depth, channels) < batch * window.out_h * window.out_w * 9 * depth * channels
