"""3x3 convolutions of stride 1 by `intengine_kernels.winograd`, where that is as exact and takes less."""

import numpy as np
from intengine_kernels import isa
from intengine_kernels.isa.tile import interleaved
from intengine_kernels.isa.winograd import OUTPUTS, PITCH, PRODUCTS, SHIFT, TAPS, TILES
from intengine_kernels.winograd import Block, Transformed, conv_winograd
from numpy.typing import NDArray

from intengine.numerics import Requantizer
from intengine.ops._context import Operand
from intengine.ops._packed import pad_last, padded_rule
from intengine.ops._packing import blocked
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
_I16, _I32 = np.dtype(np.int16), np.dtype(np.int32)


def winograd(
    source: Operand, out: Operand, window: Window, weights: NDArray[np.int16], bias: NDArray[np.int64],
    requantizer: Requantizer, lo: int, hi: int,
) -> Call | None:  # fmt: skip
    """The convolution as one call, or None if it is not of this kind, or too small, or beyond what int16 holds.

    Args:
        source, out: int8 or uint8. weights: int16[N, kh, kw, C] without their zero point, of one group.
        bias: int64[N]. lo, hi: of the result.
    """
    batch, channels, depth = source.shape[0], weights.shape[0], weights.shape[3]
    lines, across = -(-window.out_h // OUTPUTS), -(-window.out_w // OUTPUTS)
    tiles = batch * lines * across
    if not _pays(window, batch * window.out_h * window.out_w, tiles, depth, channels):
        return None
    moved = np.einsum("ia,jb,nabc->ijnc", _FILTER, _FILTER, weights.astype(np.int32), optimize=True)
    info = np.iinfo(source.dtype)
    most = max(info.max, -info.min)
    magnitude = np.abs(weights.astype(np.int64)).sum(axis=(1, 2, 3))
    if np.abs(moved).max(initial=0) > np.iinfo(np.int16).max or magnitude.max(initial=0) * most >= 2 ** (31 - SHIFT):
        return None
    reach = max(info.max - source.zero_point, source.zero_point - info.min)
    bound = magnitude * reach + np.abs(np.clip(bias, -(2**62), 2**62))
    folded = bias - source.zero_point * weights.sum(axis=(1, 2, 3), dtype=np.int64)
    filter = _packed(moved.reshape(PRODUCTS, channels, depth).astype(np.int16), folded)
    rule = padded_rule(requantizer, bound, 1, filter.bias.size, out.dtype, out.zero_point, lo, hi)
    columns = across * OUTPUTS + TAPS - OUTPUTS
    height = min(max((_STRIP_BYTES // (columns * depth * _I16.itemsize) - 2) // OUTPUTS, 1), lines)
    # What registers read behind the last pixel.
    behind = isa.COLUMNS
    step = -(-depth // behind) * behind
    pitch = TILES * step + behind
    block = Block(
        Scratch(_I16, (PRODUCTS * pitch,)), step, pitch, Scratch(_I32, (PRODUCTS * PITCH,)),
        Scratch(_I32, (OUTPUTS * OUTPUTS * TILES * isa.COLUMNS,)),
    )  # fmt: skip
    strip = Scratch(_I16, ((height * OUTPUTS + TAPS - OUTPUTS) * columns * depth + behind,))
    args = (
        isa.tag(isa.best()), source.ref(), filter, rule, columns, window.pad_h, window.pad_w, source.zero_point, height,
        0, batch * window.out_h, strip, block, out.ref(),
    )  # fmt: skip
    work = tiles * _work(depth, channels)
    return Call(conv_winograd, args, work=work, unit=OUTPUTS, pads=True, reach=window.reach(source.shape, channels))


def _work(depth: int, channels: int) -> int:
    """Of a tile, in products of bytes."""
    return PRODUCTS * depth * channels * _PRODUCT[isa.best()] + _TAKEN * depth + _MADE * channels


def _pays(window: Window, pixels: int, tiles: int, depth: int, channels: int) -> bool:
    """Whether the convolution is one that this takes less for than products of all taps."""
    geometry = (window.kh, window.kw, window.stride_h, window.stride_w, window.dilation_h, window.dilation_w)
    if geometry != (3, 3, 1, 1, 1, 1) or isa.best() not in _PRODUCT or tiles < _FEWEST:
        return False
    if PRODUCTS * depth * channels * _I16.itemsize > _MOST_BYTES:
        return False
    return tiles * _work(depth, channels) < pixels * 9 * depth * channels


def _packed(moved: NDArray[np.int16], bias: NDArray[np.int64]) -> Transformed:
    """Transformed filters [36, N, C], for tiles."""
    channels = moved.shape[1]
    panels = blocked(moved, 1, 2)
    count, steps = panels.shape[1], panels.shape[3]
    for p in range(count):
        panels[:, p] = interleaved(isa.best(), panels[:, p], min(channels - p * isa.COLUMNS, isa.COLUMNS))
    return Transformed(
        panels.reshape(-1), panels[0, 0].size, count, steps,
        pad_last(bias, count * isa.COLUMNS).astype(np.int32), np.zeros(max(TILES, isa.COLUMNS), np.int32),
    )  # fmt: skip
