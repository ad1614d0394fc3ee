"""ARG_MAX and ARG_MIN along one axis."""

import math
from collections.abc import Sequence

import numpy as np
from intengine_kernels import isa
from intengine_kernels.arg_extremum import (
    arg_extremum,
    arg_extremum_bytes,
    arg_extremum_float_rows,
    arg_extremum_in_order,
    arg_extremum_rows,
)
from intengine_kernels.isa.rows import LONGEST, STEP

from intengine.model import TensorType
from intengine.ops._context import NodeContext
from intengine.ops._registry import Operator, register
from intengine.shapes import Shape, normalize_axis
from intengine.step import CACHE_LINE, PLAIN_WORK, Call

_TYPES = (TensorType.FLOAT32, TensorType.INT8, TensorType.UINT8, TensorType.INT32, TensorType.BOOL)

_INDICES = (TensorType.INT32, TensorType.INT64)


def _axis(ctx: NodeContext) -> int:
    ctx.require(ctx.input(1).type in _INDICES, "needs an int32 or int64 axis", ctx.input(1).type.name.lower())
    axes = ctx.input(1).ints()
    ctx.require(len(axes) == 1, "needs one axis", list(axes))
    return normalize_axis(axes[0], ctx.input(0).rank)


def infer(ctx: NodeContext) -> Sequence[Shape]:
    source, axis = ctx.input(0), _axis(ctx)
    return [(*source.shape[:axis], *source.shape[axis + 1 :])]


def prepare(ctx: NodeContext) -> Sequence[Call]:
    """Source: tflite/kernels/arg_min_max.cc"""
    source, out, axis = ctx.input(0), ctx.output(), _axis(ctx)
    if source.type not in _TYPES or out.type not in _INDICES:
        ctx.unsupported()
    ctx.require(source.shape[axis] > 0, "needs at least one element along the axis", list(source.shape))
    size, least = source.shape[axis], int(ctx.node.op == "ARG_MIN")
    outer, inner = math.prod(source.shape[:axis]), math.prod(source.shape[axis + 1 :])
    dtype = np.dtype(np.uint8) if source.type is TensorType.BOOL else source.dtype
    shaped = (least, source.ref((outer, size, inner), dtype), out.ref((outer, inner)))
    if source.type is TensorType.FLOAT32 and not ctx.numerics.arg_max_passes_nan:
        return [Call(arg_extremum_in_order, shaped)]
    if inner == 1:
        kernel = arg_extremum_float_rows if source.type is TensorType.FLOAT32 else arg_extremum_rows
        if dtype.itemsize == 1 and STEP <= size <= LONGEST and isa.best() != isa.GENERIC:
            kernel = arg_extremum_bytes
        args = (least, source.ref((outer, size), dtype), out.ref((outer,)))
        return [Call(kernel, args, PLAIN_WORK * source.size, CACHE_LINE)]
    return [Call(arg_extremum, shaped)]


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
