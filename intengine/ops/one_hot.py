"""ONE_HOT: one value where an index points, another elsewhere."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from intengine.model import TensorType
from intengine.ops._context import NodeContext
from intengine.ops._registry import Operator, register
from intengine.shapes import Shape, normalize_axis
from intengine.step import Call


def infer(ctx: NodeContext) -> Sequence[Shape]:
    indices, depth = ctx.input(0), ctx.input(1)
    ctx.require(depth.size == 1, "needs one depth", depth.shape)
    (size,) = depth.ints()
    ctx.require(size >= 0, "needs a depth of 0 or more", size)
    axis = normalize_axis(ctx.options["axis"], indices.rank + 1)
    return [(*indices.shape[:axis], size, *indices.shape[axis:])]


def _one_hot(
    indices: NDArray[Any], places: NDArray[np.int32], on: NDArray[Any], off: NDArray[Any], out: NDArray[Any]
) -> None:
    out[...] = np.where(indices.astype(np.int32) == places, on, off)


def prepare(ctx: NodeContext) -> Sequence[Call]:
    """An index outside of 0..depth - 1 points nowhere; of int64 indices the lower half counts.

    Source: tflite/kernels/one_hot.cc
    """
    indices, on, off, out = ctx.input(0), ctx.input(2), ctx.input(3), ctx.output()
    if indices.type not in (TensorType.INT32, TensorType.INT64) or not on.type is off.type is out.type:
        ctx.unsupported()
    ctx.require(on.size == off.size == 1 and out.type.bits > 0, "needs one value for on and one for off", ctx.signature)
    axis = normalize_axis(ctx.options["axis"], indices.rank + 1)
    places = np.arange(out.shape[axis], dtype=np.int32).reshape(-1, *[1] * (out.rank - axis - 1))
    shape = (*indices.shape[:axis], 1, *indices.shape[axis:])
    return [Call(_one_hot, (indices.ref(shape), places, on.ref((1,)), off.ref((1,)), out.ref()))]


register(Operator("ONE_HOT", infer, prepare, (4, 4), ("int32|int64 x int32 x any x any -> any",)))
