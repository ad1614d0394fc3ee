"""ARG_MAX and ARG_MIN along one axis."""

import math
from collections.abc import Sequence

from intengine_kernels.arg_extremum import arg_extremum

from intengine.model import TensorType
from intengine.ops._context import NodeContext
from intengine.ops._registry import Operator, register
from intengine.shapes import Shape, normalize_axis
from intengine.step import Call

_TYPES = (TensorType.FLOAT32, TensorType.INT8, TensorType.UINT8, TensorType.INT32, TensorType.BOOL)


def _axis(ctx: NodeContext) -> int:
    axes = ctx.input(1).ints()
    ctx.require(len(axes) == 1, "needs one axis", list(axes))
    return normalize_axis(axes[0], ctx.input(0).rank)


def infer(ctx: NodeContext) -> Sequence[Shape]:
    source, axis = ctx.input(0), _axis(ctx)
    return [(*source.shape[:axis], *source.shape[axis + 1 :])]


def prepare(ctx: NodeContext) -> Sequence[Call]:
    """Source: tflite/kernels/arg_min_max.cc"""
    source, out, axis = ctx.input(0), ctx.output(), _axis(ctx)
    if source.type not in _TYPES or out.type not in (TensorType.INT32, TensorType.INT64):
        ctx.unsupported()
    ctx.require(source.shape[axis] > 0, "needs at least one element along the axis", list(source.shape))
    outer, inner = math.prod(source.shape[:axis]), math.prod(source.shape[axis + 1 :])
    x = source.ref((outer, source.shape[axis], inner))
    return [Call(arg_extremum, (int(ctx.node.op == "ARG_MIN"), x, out.ref((outer, inner))))]


for _name in ("ARG_MAX", "ARG_MIN"):
    register(
        Operator(
            _name,
            infer,
            prepare,
            inputs=(2, 2),
            signatures=tuple(f"{t.name.lower()} x int32|int64 -> int32|int64" for t in _TYPES),
        )
    )
