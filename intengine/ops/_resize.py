"""RESIZE_BILINEAR where runtimes other than LiteRT's reference kernels have arithmetic of their own."""

import numpy as np
from intengine_kernels.resize import PADDING, resize_bilinear_double, resize_bilinear_fixed, resize_bilinear_steps
from numpy.typing import DTypeLike, NDArray

from intengine.model import TensorType
from intengine.ops._context import NodeContext
from intengine.ops._operand import Operand
from intengine.step import PLAIN_WORK, Call, Scratch

Indices = NDArray[np.int64]
Sizes = tuple[tuple[int, int], tuple[int, int]]
Rows = tuple[int, int]


def row_scratch(source: Operand, dtype: DTypeLike) -> Scratch:
    """Room for two rows of the input, in the type that they are added in."""
    return Scratch(np.dtype(dtype), (2, source.shape[2] * source.shape[3] + PADDING))


def enlarged(ctx: NodeContext, sizes: Sizes, rows: Rows) -> Call | None:
    """LiteRT's kernels for 8 times the size of uint8 and 2 times that of float32; None for all else.

    Source: tflite/kernels/internal/optimized/resize_bilinear.h
    """
    source, out = ctx.input(0), ctx.output()
    centers, corners = bool(ctx.options["half_pixel_centers"]), bool(ctx.options["align_corners"])
    factors = {out / size for size, out in sizes}
    if source.type is TensorType.FLOAT32 and factors == {2.0} and not corners and not centers:
        return Call(resize_bilinear_double, (source.ref(), *rows, out.ref()), PLAIN_WORK * out.size)
    if source.type is TensorType.UINT8 and factors == {8.0} and centers and source.shape[3] % 8 == 0:
        positions = [part for size, out in sizes for part in _sixteenths(size, out)]
        scratch = row_scratch(source, np.int32)
        return Call(
            resize_bilinear_fixed, (source.ref(), *positions, 4, *rows, scratch, out.ref()), PLAIN_WORK * out.size
        )
    return None


def _sixteenths(size: int, out: int) -> tuple[Indices, Indices, NDArray[np.int32]]:
    """(low, high, part) of each output position, in 1/16 of an input step, for 8 times the size."""
    at = np.clip(2 * np.arange(out, dtype=np.int64) + 1 - 8, 0, 16 * (size - 1))
    low = at // 16
    return low, np.minimum(low + 1, size - 1), (at % 16).astype(np.int32)


def between_clamped(ctx: NodeContext, sizes: Sizes, rows: Rows) -> Call:
    """XNNPACK's: positions clamped to the image; 8-bit weights of 11 bits, float32 steps.

    Source: XNNPACK src/indirection.c
    """
    source, out = ctx.input(0), ctx.output()
    positions = [_clamped(ctx, size, out) for size, out in sizes]
    if source.type is TensorType.FLOAT32:
        flat = (part for three in positions for part in three)
        args = (source.ref(), *flat, *rows, row_scratch(source, np.float32), out.ref())
        return Call(resize_bilinear_steps, args, PLAIN_WORK * out.size)
    (y_low, y_high, y_part), (x_low, x_high, x_part) = positions
    y_bits, x_bits = (np.rint(part * np.float32(2048)).astype(np.int32) for part in (y_part, x_part))
    where = (y_low, y_high, y_bits, x_low, x_high, x_bits, 11)
    args = (source.ref(), *where, *rows, row_scratch(source, np.int32), out.ref())
    return Call(resize_bilinear_fixed, args, PLAIN_WORK * out.size)


def _clamped(ctx: NodeContext, size: int, out: int) -> tuple[Indices, Indices, NDArray[np.float32]]:
    f32 = np.float32
    corners = 1 if ctx.options["align_corners"] and out > 1 else 0
    scale = f32(f32(size - corners) / f32(out - corners))
    at = np.arange(out).astype(f32) * scale
    if ctx.options["half_pixel_centers"] and not corners:
        at = np.maximum(at + f32(f32(f32(0.5) * scale) - f32(0.5)), f32(0))
    at = np.minimum(at, f32(size - 1))
    low = at.astype(np.int64)
    return low, np.minimum(low + 1, size - 1), at - low.astype(f32)
