"""STABLEHLO_GATHER: slices at listed places, read."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from intengine.ops._context import NodeContext
from intengine.ops._places import INDICES, Places, listed_shape, places_of
from intengine.ops._registry import Operator, register
from intengine.shapes import Shape
from intengine.step import Call


def _gather_places(ctx: NodeContext) -> Places:
    source = ctx.input(0)
    window = tuple(int(n) for n in ctx.options["slice_sizes"])
    ctx.require(len(window) == source.rank, f"needs {source.rank} slice_sizes", window)
    rank = len(listed_shape(ctx)) + len(ctx.options["offset_dims"])
    return places_of(ctx, window, "collapsed_slice_dims", "offset_dims", "start_index_map", rank)


def infer(ctx: NodeContext) -> Sequence[Shape]:
    places = _gather_places(ctx)
    listed = iter(listed_shape(ctx))
    slices = iter(n for axis, n in enumerate(places.window) if axis not in places.dropped)
    rank = len(listed_shape(ctx)) + len(places.shown)
    return [tuple(next(slices) if axis in places.shown else next(listed) for axis in range(rank))]


def _gather(x: NDArray[Any], indices: NDArray[Any], places: Places, out: NDArray[Any]) -> None:
    starts = np.clip(places.starts(indices), 0, np.array(x.shape, np.int64) - np.array(places.window, np.int64))
    target = out.transpose(places.order(out.ndim))
    target[...] = x[places.grid(starts)].reshape(target.shape)


def prepare(ctx: NodeContext) -> Sequence[Call]:
    """Slices that would stand out of the operand are moved inside.

    Source: tflite/kernels/stablehlo_gather.cc
    """
    source, indices, out = ctx.input(0), ctx.input(1), ctx.output()
    if indices.type not in INDICES or out.type is not source.type or source.type.bits == 0:
        ctx.unsupported()
    return [Call(_gather, (source.ref(), indices.ref(), _gather_places(ctx), out.ref()))]


register(Operator("STABLEHLO_GATHER", infer, prepare, (2, 2), ("any x int32|int64 -> any",)))
