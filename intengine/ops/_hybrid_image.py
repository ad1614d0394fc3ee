"""Images of float32 that hybrid convolutions quantize, each by itself: see `intengine_kernels.hybrid_image`."""

from collections.abc import Sequence

import numpy as np
from intengine_kernels.hybrid_image import find_range, quantize_image
from intengine_kernels.hybrid_quantize import LANES

from intengine.ops._operand import Operand
from intengine.step import ELEMENT_WORK, PLAIN_WORK, Call, Reach, Scratch

#: Elements of a part of an image whose range is found, at least, and parts of which none is a row, at most.
_LEAST_PART, _MOST_PARTS = 256, 16


def quantized(
    source: Operand, image: int, kind: int, area: tuple[int, int, int, int], flip: int, bounds: Scratch, strip: Scratch
) -> Sequence[Call]:
    """One image of the input, quantized into a strip.

    Args:
        kind: a constant of `hybrid_quantize`.
        area: (top, left, lines, columns) of the strip, in pixels of the image; outside it is the zero point.
        bounds: written whole.
    """
    batch, height, width, channels = source.shape
    row, parts = width * channels, bounds.shape[0]
    x = source.ref((batch, height * row))
    top, left, lines, columns = area
    args = (
        kind, x, image, height, width, channels, top, left, columns, flip, bounds, 0, lines,
        Scratch(np.dtype(np.int8), (row,)), strip,
    )  # fmt: skip
    return (
        Call(
            find_range,
            (x, image, 0, parts, Scratch(np.dtype(np.float32), (2, LANES)), bounds),
            work=PLAIN_WORK * height * row,
            along="part",
            reach=alone(source, Reach.rows(parts, -(-height * row // parts), 2)),
        ),
        Call(
            quantize_image,
            args,
            work=ELEMENT_WORK * lines * columns * channels,
            reach=alone(source, Reach(height, row, lines, columns * channels, before=-top)),
        ),
    )


def bounds_of(source: Operand) -> Scratch:
    """Of the parts of an image: its rows, if they are long enough, so that whoever makes a row can find its range."""
    _, height, width, channels = source.shape
    parts = min(max(height * width * channels // _LEAST_PART, 1), _MOST_PARTS)
    return Scratch(np.dtype(np.float32), (max(height, 1) if width * channels >= _LEAST_PART else parts, 2))


def alone(source: Operand, reach: Reach) -> Reach | None:
    """Calls for one image of several do not count their rows over all of them."""
    return reach if source.shape[0] == 1 else None
