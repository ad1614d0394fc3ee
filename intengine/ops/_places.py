"""Where STABLEHLO_GATHER and STABLEHLO_SCATTER find slices: places that indices list."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from intengine.model import TensorType
from intengine.ops._context import NodeContext
from intengine.shapes import Shape

INDICES = (TensorType.INT32, TensorType.INT64)


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


def places_of(ctx: NodeContext, window: Shape, dropped: str, shown: str, to_operand: str, result_rank: int) -> Places:
    """Places as options of these names give them, for slices of size `window`; checked."""
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


def listed_shape(ctx: NodeContext) -> Shape:
    """Sizes of the indices without the axis of one place."""
    vector = ctx.options["index_vector_dim"]
    shape = ctx.input(1).shape
    return (*shape[:vector], *shape[vector + 1 :])
