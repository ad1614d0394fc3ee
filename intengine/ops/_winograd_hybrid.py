"""3x3 convolutions of images that are quantized on the fly, by `intengine_kernels.winograd_hybrid`."""

from collections.abc import Sequence

import numpy as np
from intengine_kernels import isa
from intengine_kernels.isa.winograd import OUTPUTS, TAPS, TILES
from intengine_kernels.winograd_hybrid import conv_hybrid_winograd
from numpy.typing import NDArray

from intengine.ops._context import NodeContext
from intengine.ops._hybrid_image import alone, bounds_of, quantized
from intengine.ops._hybrid_weights import row_sums
from intengine.ops._rule import pad_last
from intengine.ops._window import Window
from intengine.ops._winograd import block, columns_of, strip, transformed, work
from intengine.step import Call, Reach, Scratch


def winograd_hybrid(
    ctx: NodeContext, window: Window, values: NDArray[np.int8], scales: NDArray[np.float32], bias: NDArray[np.float32],
    kind: int, order: int, lo: float, hi: float,
) -> Sequence[Call] | None:  # fmt: skip
    """The convolution, which pays, or None if it is beyond what integers hold.

    Args:
        values: int8[N, 3, 3, C]. scales, bias: float32[N]. kind: a constant of `hybrid_quantize`.
        order: how sums are scaled, see `isa.hybrid_lanes`. lo, hi: of the result.
    """
    source, out = ctx.input(0), ctx.output()
    batch, _, _, depth = source.shape
    channels = values.shape[0]
    magnitude = np.abs(values.astype(np.int64)).sum(axis=(1, 2, 3))
    filter = transformed(values.astype(np.int16), magnitude, np.zeros(channels, np.int64), values.dtype)
    if filter is None:
        return None
    width = filter.bias.size
    constants = [pad_last(one, width) for one in (row_sums(values), scales, bias)]
    columns, lines = columns_of(window), window.out_h + window.kh - 1
    # A tile takes its taps several times, and none of them may change in between.
    reach = Reach(lines, columns * depth, window.out_h, window.out_w * channels, span=TAPS, of="strip")
    calls: list[Call] = []
    for image in range(batch):
        # Of each call alone, so that every thread has its own.
        area, bounds = (-window.pad_h, -window.pad_w, lines, columns), bounds_of(source)
        # Tiles may begin at any row.
        rows = strip(np.dtype(np.int8), window.out_h + OUTPUTS, columns, depth)
        some = OUTPUTS * TILES
        args = (
            isa.tag(isa.best()), image, depth, filter, *constants, order, columns, lo, hi, 0, window.out_h,
            kind, bounds, Scratch(np.dtype(np.float32), (some,)), Scratch(np.dtype(np.int32), (some,)), rows,
            block(depth), out.ref(),
        )  # fmt: skip
        calls += (
            *quantized(source, image, kind, area, 0, bounds, rows),
            Call(conv_hybrid_winograd, args, work(window, depth, channels), unit=OUTPUTS, reach=alone(source, reach)),
        )
    return calls
