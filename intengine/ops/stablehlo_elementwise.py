"""StableHLO's operators that choose, compare or convert elements and that LiteRT has in its schema but does not run.

As their specification says: STABLEHLO_SELECT, CLAMP, COMPARE and CONVERT.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from intengine.model import TensorType
from intengine.ops._context import NodeContext
from intengine.ops._registry import Operator, register
from intengine.ops._table import same_shape
from intengine.ops.stablehlo_movement import same_type
from intengine.shapes import Shape
from intengine.step import Call

#: EQ, NE, GE, GT, LE, LT.
_COMPARISONS = (np.equal, np.not_equal, np.greater_equal, np.greater, np.less_equal, np.less)


def infer_second(ctx: NodeContext) -> Sequence[Shape]:
    return [ctx.input(1).shape]


def _select(condition: NDArray[np.bool_], x: NDArray[Any], y: NDArray[Any], out: NDArray[Any]) -> None:
    out[...] = np.where(condition, x, y)


def prepare_select(ctx: NodeContext) -> Sequence[Call]:
    same_type(ctx, 1)
    condition, x, y = ctx.input(0), ctx.input(1), ctx.input(2)
    fits = x.shape == y.shape and condition.shape in ((), x.shape) and condition.type is TensorType.BOOL
    ctx.require(fits, "needs a condition and values of one shape", (condition.shape, x.shape, y.shape))
    return [Call(_select, (condition.ref(), x.ref(), y.ref(), ctx.output().ref()))]


def _clamp(low: NDArray[Any], x: NDArray[Any], high: NDArray[Any], out: NDArray[Any]) -> None:
    out[...] = np.minimum(np.maximum(x, low), high)


def prepare_clamp(ctx: NodeContext) -> Sequence[Call]:
    same_type(ctx)
    low, x, high = ctx.input(0), ctx.input(1), ctx.input(2)
    fits = all(bound.shape in ((), x.shape) for bound in (low, high))
    ctx.require(fits, "needs bounds of the operand's shape or scalars", (low.shape, high.shape))
    return [Call(_clamp, (low.ref(), x.ref(), high.ref(), ctx.output().ref()))]


def prepare_compare(ctx: NodeContext) -> Sequence[Call]:
    a, b, out = ctx.input(0), ctx.input(1), ctx.output()
    direction = ctx.options["comparison_direction"]
    if a.type is not b.type or out.type is not TensorType.BOOL or a.type.bits == 0:
        ctx.unsupported()
    ctx.require(a.shape == b.shape, "needs operands of one shape", (a.shape, b.shape))
    ctx.require(0 <= direction < len(_COMPARISONS), "needs a direction in 0..5", direction)
    if ctx.options["compare_type"] == 3:
        ctx.unsupported("a total order of floats")
    return [Call(_COMPARISONS[direction], (a.ref(), b.ref(), out.ref()))]


def _convert(x: NDArray[Any], out: NDArray[Any]) -> None:
    with np.errstate(all="ignore"):
        out[...] = x != 0 if out.dtype == np.bool_ else x.astype(out.dtype)


def prepare_convert(ctx: NodeContext) -> Sequence[Call]:
    """Between numbers; fractions are cut off. What the new type cannot hold is undefined, and wraps here."""
    source, out = ctx.input(0), ctx.output()
    if min(source.type.bits, out.type.bits) < 8 or source.quantization or out.quantization:
        ctx.unsupported()
    if source.dtype.kind == "c" and out.dtype.kind != "c":
        ctx.unsupported()
    return [Call(_convert, (source.ref(), out.ref()))]


register(Operator("STABLEHLO_SELECT", infer_second, prepare_select, (3, 3), ("bool x any x any -> any",)))
register(Operator("STABLEHLO_CLAMP", infer_second, prepare_clamp, (3, 3), ("any x any x any -> any",)))
register(Operator("STABLEHLO_COMPARE", same_shape, prepare_compare, (2, 2), ("any x any -> bool",)))
register(Operator("STABLEHLO_CONVERT", same_shape, prepare_convert, (1, 1), ("any -> any",)))
