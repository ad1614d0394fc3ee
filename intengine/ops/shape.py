"""SHAPE and RANK: known before running, from the input's shape alone. FILL: one value everywhere."""

from collections.abc import Sequence

import numpy as np

from intengine.model import TensorType
from intengine.ops._context import NodeContext
from intengine.ops._registry import Operator, register
from intengine.shapes import Shape
from intengine.step import Call


def infer_shape(ctx: NodeContext) -> Sequence[Shape]:
    return [(ctx.input(0).rank,)]


def prepare_shape(ctx: NodeContext) -> Sequence[Call]:
    out = ctx.output()
    if out.type not in (TensorType.INT32, TensorType.INT64):
        ctx.unsupported()
    return [Call(np.copyto, (out.ref(), np.array(ctx.input(0).shape, out.dtype)))]


def infer_rank(ctx: NodeContext) -> Sequence[Shape]:
    return [()]


def prepare_rank(ctx: NodeContext) -> Sequence[Call]:
    return [Call(np.copyto, (ctx.output().ref(), np.array(ctx.input(0).rank, ctx.output().dtype)))]


def infer_fill(ctx: NodeContext) -> Sequence[Shape]:
    sizes = ctx.input(0).ints()
    ctx.require(min(sizes, default=0) >= 0, "needs sizes of 0 or more", list(sizes))
    return [sizes]


def prepare_fill(ctx: NodeContext) -> Sequence[Call]:
    value, out = ctx.input(1), ctx.output()
    ctx.require(value.size == 1 and value.type is out.type, "needs one value of the output's type", ctx.signature)
    return [Call(np.copyto, (out.ref(), value.ref((1,) * out.rank)))]


register(
    Operator("SHAPE", infer_shape, prepare_shape, inputs=(1, 1), signatures=("any -> int32|int64",), needs_values=False)
)
register(Operator("RANK", infer_rank, prepare_rank, inputs=(1, 1), signatures=("any -> int32",), needs_values=False))
register(Operator("FILL", infer_fill, prepare_fill, inputs=(2, 2), signatures=("int32|int64 x any -> any",)))
