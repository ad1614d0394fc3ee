"""RESHAPE, SQUEEZE and EXPAND_DIMS: the same elements in the same order under another shape."""

import math
from collections.abc import Sequence

import numpy as np

from intengine.ops._context import NodeContext
from intengine.ops._registry import Operator, register
from intengine.shapes import Shape, normalize_axis
from intengine.step import Call


def _copy(ctx: NodeContext) -> Sequence[Call]:
    source, out = ctx.input(0), ctx.output()
    ctx.require(out.type is source.type, "keeps the type", ctx.signature)
    return [Call(np.copyto, (out.ref((out.size,)), source.ref((source.size,))))]


def infer_reshape(ctx: NodeContext) -> Sequence[Shape]:
    source, new_shape = ctx.input(0), ctx.optional(1)
    # A scalar shape tensor of size 0 or 1 element [0] is how old converters wrote a scalar.
    wanted = new_shape.ints() if new_shape is not None else tuple(ctx.options["new_shape"] or ())
    if new_shape is None and wanted == (0,):
        wanted = ()
    if wanted.count(-1) == 1:
        rest = math.prod(size for size in wanted if size != -1)
        ctx.require(rest > 0 and source.size % rest == 0, f"needs a size divisible by {rest}", source.size)
        wanted = tuple(source.size // rest if size == -1 else size for size in wanted)
    ctx.require(
        math.prod(wanted) == source.size and all(size >= 0 for size in wanted),
        f"keeps the number of elements {source.size}",
        list(wanted),
    )
    return [wanted]


def infer_squeeze(ctx: NodeContext) -> Sequence[Shape]:
    source = ctx.input(0)
    named = {normalize_axis(int(axis), source.rank) for axis in ctx.options["squeeze_dims"] or ()}
    ctx.require(all(source.shape[axis] == 1 for axis in named), "drops axes of size 1 only", list(source.shape))
    return [tuple(size for axis, size in enumerate(source.shape) if not (axis in named if named else size == 1))]


def infer_expand_dims(ctx: NodeContext) -> Sequence[Shape]:
    source = ctx.input(0)
    axes = ctx.input(1).ints()
    ctx.require(len(axes) == 1, "needs one axis", list(axes))
    axis = normalize_axis(axes[0], source.rank + 1)
    return [(*source.shape[:axis], 1, *source.shape[axis:])]


register(Operator("RESHAPE", infer_reshape, _copy, inputs=(1, 2), signatures=("any -> any",)))
register(Operator("SQUEEZE", infer_squeeze, _copy, inputs=(1, 1), signatures=("any -> any",)))
register(Operator("EXPAND_DIMS", infer_expand_dims, _copy, inputs=(2, 2), signatures=("any -> any",)))
