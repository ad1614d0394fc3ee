"""What the operators that reduce axes share: input, axes [n] -> the input without them, or with them as 1."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from intengine.model import TensorType
from intengine.ops._context import NodeContext
from intengine.shapes import Shape, collapse, contiguous_strides, normalize_axis
from intengine.step import Call


def reduced_axes(ctx: NodeContext) -> frozenset[int]:
    """The axes of input 1, normalized; repeated ones count once. A scalar has none, whatever is named."""
    source, axes = ctx.input(0), ctx.input(1)
    ctx.require(axes.type is TensorType.INT32, "needs int32 axes", axes.type.name.lower())
    if source.rank == 0:
        return frozenset()
    return frozenset(normalize_axis(axis, source.rank) for axis in axes.ints())


def infer(ctx: NodeContext) -> Sequence[Shape]:
    """Reduced axes become 1 with keep_dims, else disappear."""
    source, axes = ctx.input(0), reduced_axes(ctx)
    if ctx.options["keep_dims"]:
        return [tuple(1 if axis in axes else size for axis, size in enumerate(source.shape))]
    return [tuple(size for axis, size in enumerate(source.shape) if axis not in axes)]


@dataclass(frozen=True, eq=False)
class Walk:
    """How a kernel walks the input.

    Attributes:
        shape, strides: int64[n], the input's axes (neighbours merged) and their steps in the output, 0 if reduced.
        count: number of elements that make one of the output.
    """

    shape: NDArray[np.int64]
    strides: NDArray[np.int64]
    count: int

    @classmethod
    def of(cls, ctx: NodeContext) -> "Walk":
        shape, axes = ctx.input(0).shape, reduced_axes(ctx)
        steps = contiguous_strides([1 if axis in axes else size for axis, size in enumerate(shape)])
        to = tuple(0 if axis in axes else step for axis, step in enumerate(steps))
        merged, (_, strides) = collapse(shape, contiguous_strides(shape), to)
        count = math.prod(shape[axis] for axis in axes)
        return cls(np.array(merged, np.int64), np.array(strides, np.int64), count)

    @classmethod
    def units(cls, ctx: NodeContext) -> "Walk":
        """With reduced and kept axes in turn: only neighbours of one kind are merged, and axes of one element stay."""
        shape, axes = ctx.input(0).shape, reduced_axes(ctx)
        merged: list[int] = []
        kinds: list[bool] = []
        for axis, size in enumerate(shape):
            reduced = axis in axes
            if kinds and kinds[-1] == reduced:
                merged[-1] *= size
            else:
                merged.append(size)
                kinds.append(reduced)
        steps = contiguous_strides([1 if reduced else size for size, reduced in zip(merged, kinds, strict=True)])
        to = [0 if reduced else step for step, reduced in zip(steps, kinds, strict=True)]
        return cls(np.array(merged, np.int64), np.array(to, np.int64), math.prod(shape[axis] for axis in axes))


def fill(ctx: NodeContext, value: Any) -> Sequence[Call]:
    """The output of a reduction over no elements at all."""
    return [Call(np.copyto, (ctx.output().ref(), np.array(value, ctx.output().dtype)))]
