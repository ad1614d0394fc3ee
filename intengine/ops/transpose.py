"""TRANSPOSE."""

from collections.abc import Sequence

from intengine.ops._context import NodeContext
from intengine.ops._copy import copy
from intengine.ops._registry import Operator, register
from intengine.shapes import Shape, contiguous_strides
from intengine.step import Call


def _order(ctx: NodeContext) -> tuple[int, ...]:
    source, given = ctx.input(0), ctx.input(1).ints()
    order = tuple(axis + source.rank if axis < 0 else axis for axis in given)
    ctx.require(sorted(order) == list(range(source.rank)), f"needs a permutation of {source.rank} axes", list(given))
    return order


def infer(ctx: NodeContext) -> Sequence[Shape]:
    return [tuple(ctx.input(0).shape[axis] for axis in _order(ctx))]


def prepare(ctx: NodeContext) -> Sequence[Call]:
    source, out = ctx.input(0), ctx.output()
    ctx.require(out.type is source.type, "keeps the type", ctx.signature)
    strides = contiguous_strides(source.shape)
    view = source.strided(out.shape, tuple(strides[axis] for axis in _order(ctx)))
    return [copy(out, out.ref(), source, view)]


register(Operator("TRANSPOSE", infer, prepare, inputs=(2, 2), signatures=("any x int32 -> any",)))
