"""RESIZE_BILINEAR and RESIZE_NEAREST_NEIGHBOR: input [B, H, W, C], size [2] -> [B, OH, OW, C]."""

from collections.abc import Sequence

import numpy as np
from intengine_kernels.resize import (
    resize_bilinear_float,
    resize_bilinear_q10,
    resize_bilinear_weights_first,
    resize_nearest,
)
from numpy.typing import NDArray

from intengine.fixedpoint import round_half_away
from intengine.model import TensorType
from intengine.numerics import Resizing
from intengine.ops._context import NodeContext
from intengine.ops._registry import Operator, register
from intengine.ops._resize import between_clamped, enlarged, row_scratch
from intengine.ops._table import QUANTIZED
from intengine.shapes import Shape
from intengine.step import PLAIN_WORK, Call

Indices = NDArray[np.int64]

#: What RESIZE_NEAREST_NEIGHBOR copies.
_NEAREST = (
    TensorType.INT8, TensorType.UINT8, TensorType.INT16, TensorType.UINT16, TensorType.INT32, TensorType.UINT32,
    TensorType.FLOAT32, TensorType.FLOAT16, TensorType.BFLOAT16, TensorType.BOOL,
)  # fmt: skip


def infer(ctx: NodeContext) -> Sequence[Shape]:
    source, wanted = ctx.input(0), ctx.input(1)
    ctx.require(source.rank == 4, "needs a 4-D input", list(source.shape))
    ctx.require(wanted.type is TensorType.INT32, "needs an int32 size", wanted.type.name.lower())
    ctx.require(wanted.shape == (2,), "needs a size of two numbers", list(wanted.shape))
    size = wanted.ints()
    ctx.require(min(size) > 0, "needs a size of two positive numbers", list(size))
    # Positions are float32, which has every integer up to here.
    ctx.require(max(size) <= 2**24, "needs a size of at most 2**24", list(size))
    ctx.require(min(source.shape[1:3]) > 0, "needs an image", list(source.shape))
    both = bool(ctx.options["align_corners"]) and bool(ctx.options["half_pixel_centers"])
    refused = both and ctx.node.op == "RESIZE_BILINEAR"
    ctx.require(not refused, "takes align_corners or half_pixel_centers, not both", "both")
    return [(source.shape[0], *size, source.shape[3])]


def _q10(ctx: NodeContext, size: int, out: int) -> tuple[Indices, Indices, Indices]:
    """(low, high, part) of each output position, in 1/1024 of an input step; divisions truncate.

    Source: tflite/kernels/internal/reference/resize_bilinear.h
    """
    scale = (1024 * size + out // 2) // out
    if ctx.options["align_corners"] and out > 1:
        scale = (1024 * (size - 1) + (out - 1) // 2) // (out - 1)
    at = np.arange(out, dtype=np.int64) * scale
    if ctx.options["half_pixel_centers"]:
        at += scale // 2 - 512
    low = np.maximum(np.trunc(at / 1024).astype(np.int64), 0)
    high = np.minimum(np.trunc((at + 1023) / 1024).astype(np.int64), size - 1)
    return low, high, at - 1024 * low


def _ratio(ctx: NodeContext, size: int, out: int) -> np.float32:
    if ctx.options["align_corners"] and out > 1:
        return np.float32(size - 1) / np.float32(out - 1)
    return np.float32(size) / np.float32(out)


def _float(ctx: NodeContext, size: int, out: int) -> tuple[Indices, Indices, NDArray[np.float32]]:
    """(low, high, part) of each output position in float32.

    Source: tflite/kernels/internal/reference/resize_bilinear.h
    """
    ratio = _ratio(ctx, size, out)
    at = np.arange(out).astype(np.float32)
    half = bool(ctx.options["half_pixel_centers"])
    at = (at + np.float32(0.5)) * ratio - np.float32(0.5) if half else at * ratio
    low = np.maximum(np.floor(at).astype(np.int64), 0)
    high = np.minimum(np.ceil(at).astype(np.int64), size - 1)
    return low, high, at - low.astype(np.float32)


def _nearest(ctx: NodeContext, size: int, out: int) -> Indices:
    """The input position that each output position reads.

    Source: tflite/kernels/internal/reference/resize_nearest_neighbor.h
    """
    at = np.arange(out).astype(np.float32)
    if ctx.options["half_pixel_centers"]:
        at = at + np.float32(0.5)
    at = at * _ratio(ctx, size, out)
    chosen = round_half_away(at) if ctx.options["align_corners"] else np.floor(at)
    return np.clip(chosen.astype(np.int64), 0, size - 1)


def prepare(ctx: NodeContext) -> Sequence[Call]:
    source, out = ctx.input(0), ctx.output()
    if out.type is not source.type:
        ctx.unsupported()
    (_, height, width, _), (batch, out_h, out_w, _) = source.shape, out.shape
    rows = (0, batch * out_h)
    work = PLAIN_WORK * out.size
    if ctx.node.op == "RESIZE_NEAREST_NEIGHBOR":
        if source.type not in _NEAREST:
            ctx.unsupported()
        view = np.dtype(f"u{source.dtype.itemsize}")
        y_from, x_from = _nearest(ctx, height, out_h), _nearest(ctx, width, out_w)
        return [Call(resize_nearest, (source.ref(dtype=view), y_from, x_from, *rows, out.ref(dtype=view)), work)]
    if source.type not in (*QUANTIZED, TensorType.FLOAT32):
        ctx.unsupported()
    sizes = (height, out_h), (width, out_w)
    slot = ctx.numerics.resizing
    if slot is Resizing.WEIGHTS_11_BITS:
        return [between_clamped(ctx, sizes, rows)]
    if source.type in (TensorType.INT8, TensorType.INT16):
        wide = np.int32 if source.type is TensorType.INT8 else np.int64
        (y_low, y_high, y_part), (x_low, x_high, x_part) = (_q10(ctx, *size) for size in sizes)
        positions = (y_low, y_high, y_part.astype(wide), x_low, x_high, x_part.astype(wide))
        return [
            Call(resize_bilinear_q10, (source.ref(), *positions, *rows, row_scratch(source, wide), out.ref()), work)
        ]
    if slot is Resizing.WEIGHTS_FIRST and (special := enlarged(ctx, sizes, rows)):
        return [special]
    add = 0.5 if source.type is TensorType.UINT8 else 0.0
    float_positions = (*_float(ctx, height, out_h), *_float(ctx, width, out_w))
    kernel = resize_bilinear_weights_first if slot is Resizing.WEIGHTS_FIRST else resize_bilinear_float
    scratch = row_scratch(source, np.float32)
    return [Call(kernel, (source.ref(), *float_positions, add, *rows, scratch, out.ref()), work)]


register(
    Operator(
        "RESIZE_BILINEAR",
        infer,
        prepare,
        inputs=(2, 2),
        signatures=tuple(f"{t} x int32 -> {t}" for t in ("int8", "uint8", "int16", "float32")),
    )
)
register(
    Operator(
        "RESIZE_NEAREST_NEIGHBOR",
        infer,
        prepare,
        inputs=(2, 2),
        signatures=tuple(f"{t} x int32 -> {t}" for t in (kind.name.lower() for kind in _NEAREST)),
    )
)
