"""RFFT2D: the Fourier transform of real planes, half of which suffices."""

import math
from collections.abc import Sequence

import numpy as np
from intengine_kernels.isa.doubles import LANES
from intengine_kernels.rfft2d import rfft_planes, rfft_rows

from intengine.model import TensorType
from intengine.ops._context import NodeContext
from intengine.ops._fft import MOST, plan, side_by_side, work
from intengine.ops._registry import Operator, register
from intengine.shapes import Shape
from intengine.step import Call, Scratch


def _lengths(ctx: NodeContext) -> tuple[int, int]:
    """(height, width) of the transform, each a power of two."""
    ctx.require(ctx.input(0).rank >= 2, "needs an input of rank 2 or more", ctx.input(0).rank)
    lengths = ctx.input(1).ints()
    is_power = all(n > 0 and n & (n - 1) == 0 for n in lengths)
    ctx.require(len(lengths) == 2 and is_power, "needs two lengths that are powers of two", list(lengths))
    ctx.require(lengths[0] * lengths[1] <= MOST, f"needs planes of at most {MOST} points", list(lengths))
    return lengths[0], lengths[1]


def infer(ctx: NodeContext) -> Sequence[Shape]:
    height, width = _lengths(ctx)
    return [(*ctx.input(0).shape[:-2], height, width // 2 + 1)]


def prepare(ctx: NodeContext) -> Sequence[Call]:
    """Computed in float64 and rounded once. LiteRT mixes up columns of width 1; here they are transformed.

    Source: tflite/kernels/rfft2d.cc
    """
    source, lengths, out = ctx.input(0), ctx.input(1), ctx.output()
    types = (source.type, lengths.type, out.type)
    if types != (TensorType.FLOAT32, TensorType.INT32, TensorType.COMPLEX64):
        ctx.unsupported()
    planes = math.prod(source.shape[:-2])
    if planes == 0:
        return []
    height, width = _lengths(ctx)
    rows, cells = source.shape[-2:]
    points = max(width // 2, 1)
    part = np.dtype(np.float32)
    if rows == height == 1 < width:
        x, y = source.ref((planes, cells)), out.ref((planes, points + 1, 2), part)
        return [Call(rfft_rows, (x, plan(points), side_by_side(points), y), planes * work(points), LANES)]
    x, y = source.ref((planes, rows, cells)), out.ref((planes, *out.shape[-2:], 2), part)
    columns = Scratch(np.dtype(np.float64), (-(-points // LANES), 2 * height, LANES))
    args = (x, plan(points), plan(height), side_by_side(points), columns, y)
    return [Call(rfft_planes, args, planes * (height * work(points) + points * work(height)))]


register(Operator("RFFT2D", infer, prepare, inputs=(2, 2), signatures=("float32 x int32 -> complex64",)))
