"""3x3 convolutions by Winograd's F(4x4, 3x3) in integers: 36 products for each 16 outputs in place of 144.

A tile of 4 x 4 outputs is made of a patch d of 6 x 6 taps and a filter g, for each channel:

    576 * outputs = A ((T d T') * (S g S')) A',    * element by element,

where T, S and A are those of the minimal algorithm for the points 0, 1, -1, 2, -2 and infinity, without denominators:
S is 24 times that of the filter, but 8 times in its last row, for which A has 3 times its last column. T d T' of bytes
and S g S' of most filters are within int16; the products are summed over channels, for each of the 36 places by a
matrix product, before A. All sums are modulo 2**32, and so is 576 * acc. The inverse of 9 and a shift by 6 make acc of
it if |acc| < 2**25: exactly what adding up one tap after the other gives.

Source: A. Lavin, S. Gray: Fast Algorithms for Convolutional Neural Networks, arXiv:1509.09308.
"""

from typing import Any, NamedTuple

from intengine_kernels.gemm import multiply_rows
from intengine_kernels.isa import COLUMNS
from intengine_kernels.isa.winograd import OUTPUTS, PITCH, PRODUCTS, TILES, transform_sums, transform_taps
from intengine_kernels.jit import inline, kernel
from intengine_kernels.requantize import requantize_block
from intengine_kernels.strip import fill_strip


class Transformed(NamedTuple):
    """A transformed filter of N channels.

    Attributes:
        weights: int16, flat: [36, panels, steps, COLUMNS, 2], each panel packed for its columns.
        size: elements of a panel. panels, steps: ints.
        bias: int32[panels * COLUMNS].
        zeros: int32[max(COLUMNS, TILES)].
    """

    weights: Any
    size: int
    panels: int
    steps: int
    bias: Any
    zeros: Any


class Block(NamedTuple):
    """Scratch of TILES tiles, where rows of 36 start far enough from multiples of the cache's size.

    Attributes:
        taps: int16[36 * taps_pitch]; a tile has `taps_step` elements. sums: int32[36 * PITCH].
        acc: int32[16 * TILES * COLUMNS].
    """

    taps: Any
    taps_step: int
    taps_pitch: int
    sums: Any
    acc: Any


@inline
def run_of(tile, last, across):
    """(line, place in it, tiles) of those from `tile` on that are next to each other."""
    line, place = tile // across, tile % across
    return line, place, min(last - tile, across - place)


@inline
def take_taps(isa, strip, at, columns, channels, first, last, block):
    """What the products of tiles first..last take.

    Args:
        strip: int8 or uint8, flat; tiles are counted line by line, each line of rows of `columns` pixels, from `at` on.
    """
    tile = first
    while tile < last:
        line, place, run = run_of(tile, last, columns // OUTPUTS)
        transform_taps(
            isa, strip, at + (line * columns + place) * OUTPUTS * channels, columns * channels, channels, run,
            block.taps, (tile - first) * block.taps_step, block.taps_step, block.taps_pitch,
        )  # fmt: skip
        tile += run


@inline
def multiply_taps(isa, filter, panel, count, tiles, block):
    """The 36 sums of products of each tile, of `count` channels of a panel."""
    for k in range(PRODUCTS):
        multiply_rows(
            isa, count, block.taps, k * block.taps_pitch, block.taps_step, tiles, filter.weights,
            (k * filter.panels + panel) * filter.size, filter.steps, 2, filter.zeros, 0, filter.zeros,
            block.sums[k * PITCH :],
        )  # fmt: skip


@kernel
def conv_winograd(
    isa, x, filter, rule, columns, pad_h, pad_w, fill, height, row_begin, row_end, strip, block, out
):  # fmt: skip
    """Quantized 3x3 convolution of stride 1 of output rows row_begin..row_end, counted over batch * out_height.

    Args:
        isa: what `isa.tag` gives, not None.
        x: int8 or uint8 [B, H, W, C].
        filter: Transformed. rule: Rule.
        columns: of a strip: 4 * tiles + 2. fill: the strip's value of a tap outside the image.
        height: rows of tiles that are made from one strip.
        strip: scratch [>= (4 * height + 2) * columns * C], like x, and a register behind. block: Block.
        out: int8 or uint8 [B, OH, OW, N], written.
    """
    _, in_h, in_w, channels = x.shape
    _, out_h, out_w, out_c = out.shape
    flat_x, flat_out = x.reshape(-1), out.reshape(-1)
    fill, flip = strip.dtype.type(fill), strip.dtype.type(0)
    across = columns // OUTPUTS
    row = row_begin
    while row < row_end:
        b, y = row // out_h, row % out_h
        rows = min(height * OUTPUTS, out_h - y, row_end - row)
        lines = (rows + OUTPUTS - 1) // OUTPUTS
        fill_strip(
            flat_x, b * in_h * in_w * channels, in_h, in_w, channels, y - pad_h, -pad_w, lines * OUTPUTS + 2, columns,
            flip, fill, strip,
        )  # fmt: skip
        for first in range(0, lines * across, TILES):
            last = min(first + TILES, lines * across)
            take_taps(isa, strip, 0, columns, channels, first, last, block)
            for p in range(filter.panels):
                channel = p * COLUMNS
                count = min(COLUMNS, out_c - channel)
                multiply_taps(isa, filter, p, count, last - first, block)
                tile = first
                while tile < last:
                    line, place, run = run_of(tile, last, across)
                    pitch = run * OUTPUTS * COLUMNS
                    transform_sums(
                        isa, block.sums, (tile - first) * COLUMNS, count, run, filter.bias, channel, block.acc, pitch
                    )
                    to = ((row + line * OUTPUTS) * out_w + place * OUTPUTS) * out_c + channel
                    for i in range(min(OUTPUTS, rows - line * OUTPUTS)):
                        requantize_block(
                            isa, block.acc[i * pitch :], COLUMNS, min(run * OUTPUTS, out_w - place * OUTPUTS), rule,
                            channel, flat_out, to + i * out_w * out_c, out_c, count,
                        )  # fmt: skip
                    tile += run
        row += rows
