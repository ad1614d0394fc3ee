"""SELECT and SELECT_V2: elements of one input where a condition holds, of another where not."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from intengine.model import TensorType
from intengine.ops._context import NodeContext
from intengine.ops._registry import Operator, register
from intengine.shapes import Shape, broadcast
from intengine.step import Call


def infer_select(ctx: NodeContext) -> Sequence[Shape]:
    """The condition has the shape of the values, or their first size alone, or none."""
    condition, x, y = ctx.input(0), ctx.input(1), ctx.input(2)
    ctx.require(x.shape == y.shape, "needs values of one shape", (x.shape, y.shape))
    fits = condition.shape in ((), x.shape, x.shape[:1])
    ctx.require(fits, "needs a condition of the values' shape or of their first size", (condition.shape, x.shape))
    return [x.shape]


def infer_select_v2(ctx: NodeContext) -> Sequence[Shape]:
    condition, x, y = ctx.input(0), ctx.input(1), ctx.input(2)
    return [broadcast(condition.shape, broadcast(x.shape, y.shape))]


def _select(condition: NDArray[np.bool_], x: NDArray[Any], y: NDArray[Any], out: NDArray[Any]) -> None:
    np.copyto(out, y)
    np.copyto(out, x, where=condition)


def prepare(ctx: NodeContext) -> Sequence[Call]:
    """Stored numbers are copied, whatever their scales.

    Source: tflite/kernels/select.cc
    """
    condition, x, y, out = ctx.input(0), ctx.input(1), ctx.input(2), ctx.output()
    if condition.type is not TensorType.BOOL or not x.type is y.type is out.type or out.type.bits == 0:
        ctx.unsupported()
    shape = condition.shape
    if ctx.node.op == "SELECT" and condition.rank == 1:
        shape = (*shape, *[1] * (out.rank - 1))
    return [Call(_select, (condition.ref(shape), x.ref(), y.ref(), out.ref()))]


_SIGNATURES = ("bool x any x any -> any",)
register(Operator("SELECT", infer_select, prepare, inputs=(3, 3), signatures=_SIGNATURES))
register(Operator("SELECT_V2", infer_select_v2, prepare, inputs=(3, 3), signatures=_SIGNATURES))
