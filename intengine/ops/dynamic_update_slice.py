"""DYNAMIC_UPDATE_SLICE, STABLEHLO_DYNAMIC_UPDATE_SLICE and STABLEHLO_DYNAMIC_SLICE: parts at computed places."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from intengine.model import TensorType
from intengine.ops._context import NodeContext
from intengine.ops._registry import Operator, register
from intengine.ops._table import same_shape
from intengine.shapes import Shape
from intengine.step import Call

_INDICES = (TensorType.INT32, TensorType.INT64)


def _within(starts: Sequence[int], whole: Shape, part: Shape) -> tuple[slice, ...]:
    """The part's place, moved into the whole where it stands out."""
    begins = [min(max(at, 0), size - n) for at, size, n in zip(starts, whole, part, strict=True)]
    return tuple(slice(at, at + n) for at, n in zip(begins, part, strict=True))


def _update(x: NDArray[Any], update: NDArray[Any], starts: tuple[NDArray[Any], ...], out: NDArray[Any]) -> None:
    np.copyto(out, x)
    if update.size:
        out[_within([int(at) for start in starts for at in start.reshape(-1)], x.shape, update.shape)] = update


def prepare_update(ctx: NodeContext) -> Sequence[Call]:
    """The input with `update` at the given place.

    Source: tflite/kernels/dynamic_update_slice.cc
    """
    source, update, out = ctx.input(0), ctx.input(1), ctx.output()
    starts = tuple(ctx.input(i) for i in range(2, len(ctx.inputs)))
    if not source.type is update.type is out.type or any(start.type not in _INDICES for start in starts):
        ctx.unsupported()
    ctx.require(sum(start.size for start in starts) == source.rank, f"needs {source.rank} starts", len(starts))
    fits = update.rank == source.rank and all(n <= size for n, size in zip(update.shape, source.shape, strict=True))
    ctx.require(fits, "needs an update within the input's sizes", (source.shape, update.shape))
    return [Call(_update, (source.ref(), update.ref(), tuple(start.ref() for start in starts), out.ref()))]


def infer_slice(ctx: NodeContext) -> Sequence[Shape]:
    source, sizes = ctx.input(0), tuple(int(size) for size in ctx.options["slice_sizes"])
    fits = len(sizes) == source.rank and all(0 <= n <= size for n, size in zip(sizes, source.shape, strict=True))
    ctx.require(fits, "needs slice_sizes within the input's sizes", (source.shape, sizes))
    return [sizes]


def _slice(x: NDArray[Any], starts: tuple[NDArray[Any], ...], out: NDArray[Any]) -> None:
    np.copyto(out, x[_within([int(start.reshape(-1)[0]) for start in starts], x.shape, out.shape)])


def prepare_slice(ctx: NodeContext) -> Sequence[Call]:
    """Source: the StableHLO specification, dynamic_slice"""
    source, out = ctx.input(0), ctx.output()
    starts = [ctx.input(i) for i in range(1, len(ctx.inputs))]
    if out.type is not source.type or any(start.type not in _INDICES for start in starts):
        ctx.unsupported()
    alone = len(starts) == source.rank and all(start.size == 1 for start in starts)
    ctx.require(alone, f"needs {source.rank} starts", len(starts))
    return [Call(_slice, (source.ref(), tuple(start.ref() for start in starts), out.ref()))]


register(Operator("DYNAMIC_UPDATE_SLICE", same_shape, prepare_update, (3, 3), ("any x any x int32|int64 -> any",)))
_ANY = "int32|int64 ... -> any"
register(Operator("STABLEHLO_DYNAMIC_UPDATE_SLICE", same_shape, prepare_update, (2, 64), (f"any x any x {_ANY}",)))
register(Operator("STABLEHLO_DYNAMIC_SLICE", infer_slice, prepare_slice, (1, 64), (f"any x {_ANY}",)))
