"""TILE, BROADCAST_TO and BROADCAST_ARGS: repeated elements."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from intengine.errors import InputError
from intengine.model import TensorType
from intengine.ops._context import NodeContext
from intengine.ops._registry import Operator, register
from intengine.shapes import Shape, broadcast, broadcast_strides, contiguous_strides
from intengine.step import Call

#: NumPy's limit of axes, of which a tiled one takes two.
_MOST_AXES = 32


def infer_tile(ctx: NodeContext) -> Sequence[Shape]:
    source, counts = ctx.input(0), ctx.input(1).ints()
    fits = len(counts) == source.rank and min(counts, default=0) >= 0
    ctx.require(fits and source.rank <= _MOST_AXES, f"needs {source.rank} counts of 0 or more", list(counts))
    return [tuple(size * count for size, count in zip(source.shape, counts, strict=True))]


def prepare_tile(ctx: NodeContext) -> Sequence[Call]:
    """Source: tflite/kernels/tile.cc"""
    source, out = ctx.input(0), ctx.output()
    ctx.require(out.type is source.type, "keeps the type", ctx.signature)
    pairs = list(zip(ctx.input(1).ints(), source.shape, contiguous_strides(source.shape), strict=True))
    shape = [size for count, size, _ in pairs for size in (count, size)]
    strides = [step for _, _, stride in pairs for step in (0, stride)]
    return [Call(np.copyto, (out.ref(shape), source.strided(shape, strides)))]


def infer_broadcast_to(ctx: NodeContext) -> Sequence[Shape]:
    source, shape = ctx.input(0), ctx.input(1).ints()
    ctx.require(min(shape, default=0) >= 0, "needs sizes of 0 or more", list(shape))
    ctx.require(broadcast(source.shape, shape) == shape, "needs a shape that its input fits", (source.shape, shape))
    return [shape]


def prepare_broadcast_to(ctx: NodeContext) -> Sequence[Call]:
    """Source: tflite/kernels/broadcast_to.cc"""
    source, out = ctx.input(0), ctx.output()
    ctx.require(out.type is source.type, "keeps the type", ctx.signature)
    view = source.strided(out.shape, broadcast_strides(source.shape, out.shape))
    return [Call(np.copyto, (out.ref(), view))]


def infer_broadcast_args(ctx: NodeContext) -> Sequence[Shape]:
    a, b = ctx.input(0), ctx.input(1)
    ctx.require(a.rank == b.rank == 1, "needs two lists of sizes", (a.shape, b.shape))
    return [(max(a.size, b.size),)]


def _broadcast_args(a: NDArray[Any], b: NDArray[Any], out: NDArray[Any]) -> None:
    x, y = (np.concatenate([np.ones(out.size - s.size, s.dtype), s]) for s in (a, b))
    if ((x != y) & (x != 1) & (y != 1)).any():
        raise InputError(f"BROADCAST_ARGS needs shapes that broadcast; got {a.tolist()} and {b.tolist()}.")
    out[...] = np.where(x == 1, y, x)


def prepare_broadcast_args(ctx: NodeContext) -> Sequence[Call]:
    """Source: tflite/kernels/broadcast_args.cc"""
    a, b, out = ctx.input(0), ctx.input(1), ctx.output()
    if not a.type is b.type is out.type or out.type not in (TensorType.INT32, TensorType.INT64):
        ctx.unsupported()
    return [Call(_broadcast_args, (a.ref(), b.ref(), out.ref()))]


_SIZES = ("int32 x int32 -> int32", "int64 x int64 -> int64")
register(Operator("TILE", infer_tile, prepare_tile, (2, 2), ("any|string x int32|int64 -> any|string",)))
register(Operator("BROADCAST_TO", infer_broadcast_to, prepare_broadcast_to, (2, 2), ("any x int32|int64 -> any",)))
register(Operator("BROADCAST_ARGS", infer_broadcast_args, prepare_broadcast_args, (2, 2), _SIZES))
