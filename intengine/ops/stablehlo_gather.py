"""STABLEHLO_GATHER and STABLEHLO_SCATTER: slices at listed places, read or updated."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from intengine.model import TensorType
from intengine.ops._body import Function, recognize
from intengine.ops._context import NodeContext
from intengine.ops._registry import Operator, register
from intengine.ops._table import same_shape
from intengine.shapes import Shape
from intengine.step import Call

_INDICES = (TensorType.INT32, TensorType.INT64)


@dataclass(frozen=True)
class Places:
    """How indices say where slices begin.

    Attributes:
        vector: axis of the indices that holds one place. to_operand: for each of its elements the operand's axis.
        window: sizes of a slice, of rank of the operand. dropped: axes of size 1 that a slice does not show.
        shown: axes of the result (or of the updates) that belong to a slice; the others list places.
    """

    vector: int
    to_operand: Shape
    window: Shape
    dropped: Shape
    shown: Shape

    def starts(self, indices: NDArray[Any]) -> NDArray[np.int64]:
        """int64[*places, rank of the operand]: where slices begin."""
        listed = indices if self.vector < indices.ndim else indices[..., np.newaxis]
        vectors = np.moveaxis(listed, self.vector, -1).astype(np.int64)
        out = np.zeros((*vectors.shape[:-1], len(self.window)), np.int64)
        out[..., list(self.to_operand)] = vectors
        return out

    def grid(self, starts: NDArray[np.int64]) -> tuple[NDArray[np.int64], ...]:
        """Index arrays [*places, *window] into the operand."""
        places, rank = starts.ndim - 1, len(self.window)
        found = []
        for axis, size in enumerate(self.window):
            steps = np.arange(size).reshape([-1 if a == axis else 1 for a in range(rank)])
            found.append(starts[..., axis].reshape(*starts.shape[:places], *[1] * rank) + steps)
        return tuple(found)

    def order(self, rank: int) -> list[int]:
        """Axes of the result in the order (places, slice)."""
        return [*(axis for axis in range(rank) if axis not in self.shown), *self.shown]


def _axes(ctx: NodeContext, name: str, rank: int) -> Shape:
    axes = tuple(int(axis) for axis in ctx.options[name])
    fits = len(set(axes)) == len(axes) and all(0 <= axis < rank for axis in axes)
    ctx.require(fits, f"needs {name} in 0..{rank - 1}, each once", axes)
    return axes


def _places(ctx: NodeContext, window: Shape, dropped: str, shown: str, to_operand: str, result_rank: int) -> Places:
    source, indices = ctx.input(0), ctx.input(1)
    vector = ctx.options["index_vector_dim"]
    ctx.require(0 <= vector <= indices.rank, f"needs index_vector_dim in 0..{indices.rank}", vector)
    axes = _axes(ctx, to_operand, source.rank)
    length = indices.shape[vector] if vector < indices.rank else 1
    ctx.require(len(axes) == length, f"needs {length} axes in {to_operand}", axes)
    gone, seen = _axes(ctx, dropped, source.rank), _axes(ctx, shown, result_rank)
    fits = all(0 <= n <= size for n, size in zip(window, source.shape, strict=True))
    ctx.require(fits and all(window[axis] == 1 for axis in gone), "needs slices within the operand", window)
    ctx.require(len(seen) + len(gone) == source.rank, "needs each axis of a slice shown or dropped", (seen, gone))
    return Places(vector, axes, window, gone, seen)


def _listed(ctx: NodeContext) -> Shape:
    """Sizes of the indices without the axis of one place."""
    vector = ctx.options["index_vector_dim"]
    shape = ctx.input(1).shape
    return (*shape[:vector], *shape[vector + 1 :])


def _gather_places(ctx: NodeContext) -> Places:
    source = ctx.input(0)
    window = tuple(int(n) for n in ctx.options["slice_sizes"])
    ctx.require(len(window) == source.rank, f"needs {source.rank} slice_sizes", window)
    rank = len(_listed(ctx)) + len(ctx.options["offset_dims"])
    return _places(ctx, window, "collapsed_slice_dims", "offset_dims", "start_index_map", rank)


def infer_gather(ctx: NodeContext) -> Sequence[Shape]:
    places = _gather_places(ctx)
    listed = iter(_listed(ctx))
    slices = iter(n for axis, n in enumerate(places.window) if axis not in places.dropped)
    rank = len(_listed(ctx)) + len(places.shown)
    return [tuple(next(slices) if axis in places.shown else next(listed) for axis in range(rank))]


def _gather(x: NDArray[Any], indices: NDArray[Any], places: Places, out: NDArray[Any]) -> None:
    starts = np.clip(places.starts(indices), 0, np.array(x.shape, np.int64) - np.array(places.window, np.int64))
    target = out.transpose(places.order(out.ndim))
    target[...] = x[places.grid(starts)].reshape(target.shape)


def prepare_gather(ctx: NodeContext) -> Sequence[Call]:
    """Slices that would stand out of the operand are moved inside.

    Source: tflite/kernels/stablehlo_gather.cc
    """
    source, indices, out = ctx.input(0), ctx.input(1), ctx.output()
    if indices.type not in _INDICES or out.type is not source.type or source.type.bits == 0:
        ctx.unsupported()
    return [Call(_gather, (source.ref(), indices.ref(), _gather_places(ctx), out.ref()))]


def _scatter(
    x: NDArray[Any], indices: NDArray[Any], updates: NDArray[Any], places: Places,
    function: Function | None, out: NDArray[Any],
) -> None:  # fmt: skip
    """Element after element of the updates, in their order; what stands out of the operand is left out."""
    np.copyto(out, x)
    grid = places.grid(places.starts(indices))
    shown = updates.transpose(places.order(updates.ndim))
    # The operand's axes of each element, in the layout of the updates.
    back = np.argsort(places.order(updates.ndim))
    columns = [np.broadcast_to(column, _shape(grid)).reshape(shown.shape).transpose(back) for column in grid]
    inside = np.ones(updates.shape, bool)
    for column, size in zip(columns, x.shape, strict=True):
        inside &= (column >= 0) & (column < size)
    target = tuple(column[inside] for column in columns)
    with np.errstate(all="ignore"):
        if function is None:
            out[target] = updates[inside]
        elif function in (np.maximum, np.minimum) and out.dtype.kind not in "iub":
            _extremum(function is np.maximum, out, target, updates[inside])
        else:
            function.at(out, target, updates[inside])


def _extremum(greatest: bool, out: NDArray[Any], target: tuple[NDArray[np.int64], ...], values: NDArray[Any]) -> None:
    """A value replaces what is there only if it lies beyond, so that the first of two zeros and a NaN stay."""
    if not target:
        target = (np.zeros(values.size, np.int64),)
        out = out.reshape(1)
    places = np.ravel_multi_index(target, out.shape)
    order = np.argsort(places, kind="stable")
    index = np.arange(order.size)
    first = np.diff(places[order], prepend=-1) != 0
    # The how-manieth value of its place each one is; one of each place at a time.
    turn = index - np.maximum.accumulate(np.where(first, index, 0))
    for now in np.split(order[np.argsort(turn, kind="stable")], np.cumsum(np.bincount(turn))[:-1]):
        at = tuple(column[now] for column in target)
        there, value = out[at], values[now]
        out[at] = np.where(there < value if greatest else value < there, value, there)


def _shape(grid: tuple[NDArray[np.int64], ...]) -> Shape:
    return np.broadcast_shapes(*(column.shape for column in grid))


def prepare_scatter(ctx: NodeContext) -> Sequence[Call]:
    """Updates that meet at one place are taken in order.

    Source: tflite/kernels/stablehlo_scatter.cc
    """
    source, indices, updates, out = ctx.input(0), ctx.input(1), ctx.input(2), ctx.output()
    if indices.type not in _INDICES or not source.type is updates.type is out.type or source.type.bits == 0:
        ctx.unsupported()
    gone = {int(axis) for axis in ctx.options["inserted_window_dims"]}
    seen = [int(axis) for axis in ctx.options["update_window_dims"]]
    ctx.require(all(0 <= axis < updates.rank for axis in seen), "needs update_window_dims of its updates", seen)
    sizes = iter(updates.shape[axis] for axis in seen)
    window = tuple(1 if axis in gone else next(sizes, 1) for axis in range(source.rank))
    names = ("inserted_window_dims", "update_window_dims", "scatter_dims_to_operand_dims")
    places = _places(ctx, window, *names, updates.rank)
    listed = tuple(updates.shape[axis] for axis in range(updates.rank) if axis not in places.shown)
    ctx.require(listed == _listed(ctx), "needs an update for each place", (listed, _listed(ctx)))
    function = recognize(ctx, ctx.options["update_computation_subgraph_index"])
    return [Call(_scatter, (source.ref(), indices.ref(), updates.ref(), places, function, out.ref()))]


_SIGNATURE = "any x int32|int64"
register(Operator("STABLEHLO_GATHER", infer_gather, prepare_gather, (2, 2), (f"{_SIGNATURE} -> any",)))
register(Operator("STABLEHLO_SCATTER", same_shape, prepare_scatter, (3, 3), (f"{_SIGNATURE} x any -> any",)))
