"""STABLEHLO_SCATTER: slices at listed places, updated."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from intengine.ops._body import Function, recognize
from intengine.ops._context import NodeContext
from intengine.ops._places import INDICES, Places, listed_shape, places_of
from intengine.ops._registry import Operator, register
from intengine.ops._table import same_shape
from intengine.shapes import Shape
from intengine.step import Call


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


def prepare(ctx: NodeContext) -> Sequence[Call]:
    """Updates that meet at one place are taken in order.

    Source: tflite/kernels/stablehlo_scatter.cc
    """
    source, indices, updates, out = ctx.input(0), ctx.input(1), ctx.input(2), ctx.output()
    if indices.type not in INDICES or not source.type is updates.type is out.type or source.type.bits == 0:
        ctx.unsupported()
    gone = {int(axis) for axis in ctx.options["inserted_window_dims"]}
    seen = [int(axis) for axis in ctx.options["update_window_dims"]]
    ctx.require(all(0 <= axis < updates.rank for axis in seen), "needs update_window_dims of its updates", seen)
    sizes = iter(updates.shape[axis] for axis in seen)
    window = tuple(1 if axis in gone else next(sizes, 1) for axis in range(source.rank))
    names = ("inserted_window_dims", "update_window_dims", "scatter_dims_to_operand_dims")
    places = places_of(ctx, window, *names, updates.rank)
    listed = tuple(updates.shape[axis] for axis in range(updates.rank) if axis not in places.shown)
    ctx.require(listed == listed_shape(ctx), "needs an update for each place", (listed, listed_shape(ctx)))
    function = recognize(ctx, ctx.options["update_computation_subgraph_index"])
    return [Call(_scatter, (source.ref(), indices.ref(), updates.ref(), places, function, out.ref()))]


register(Operator("STABLEHLO_SCATTER", same_shape, prepare, (3, 3), ("any x int32|int64 x any -> any",)))
