"""SPLIT, SPLIT_V and UNPACK: one input cut along an axis. PACK: several inputs stacked along a new one."""

from collections.abc import Sequence

from intengine.ops._context import NodeContext
from intengine.ops._copy import copy
from intengine.ops._registry import Operator, register
from intengine.shapes import Shape, contiguous_strides, normalize_axis
from intengine.step import Call


def _axis(ctx: NodeContext) -> int:
    at = 0 if ctx.node.op == "SPLIT" else 2
    axes = ctx.input(at).ints()
    ctx.require(len(axes) == 1, "needs one axis", list(axes))
    return normalize_axis(axes[0], ctx.input(1 if ctx.node.op == "SPLIT" else 0).rank)


def infer_split(ctx: NodeContext) -> Sequence[Shape]:
    source, axis = ctx.input(1), _axis(ctx)
    parts = ctx.options["num_splits"]
    ctx.require(parts > 0 and source.shape[axis] % parts == 0, f"needs a size divisible by {parts}", source.shape[axis])
    size = source.shape[axis] // parts
    return [(*source.shape[:axis], size, *source.shape[axis + 1 :])] * parts


def infer_split_v(ctx: NodeContext) -> Sequence[Shape]:
    source, axis = ctx.input(0), _axis(ctx)
    sizes = list(ctx.input(1).ints())
    if sizes.count(-1) == 1:
        sizes[sizes.index(-1)] = source.shape[axis] - sum(size for size in sizes if size != -1)
    ctx.require(
        min(sizes, default=-1) >= 0 and sum(sizes) == source.shape[axis], f"needs sizes of {source.shape[axis]}", sizes
    )
    return [(*source.shape[:axis], size, *source.shape[axis + 1 :]) for size in sizes]


def prepare_split(ctx: NodeContext) -> Sequence[Call]:
    source, axis = ctx.input(1 if ctx.node.op == "SPLIT" else 0), _axis(ctx)
    strides = contiguous_strides(source.shape)
    calls, at = [], 0
    for out in ctx.outputs:
        ctx.require(out.type is source.type, "keeps the type", ctx.signature)
        if out.size:
            calls.append(copy(out, out.ref(), source, source.strided(out.shape, strides, at * strides[axis])))
        at += out.shape[axis]
    return calls


def infer_unpack(ctx: NodeContext) -> Sequence[Shape]:
    source = ctx.input(0)
    axis = normalize_axis(ctx.options["axis"], source.rank)
    ctx.require(source.shape[axis] == ctx.options["num"], f"needs an axis of {ctx.options['num']}", source.shape[axis])
    return [(*source.shape[:axis], *source.shape[axis + 1 :])] * source.shape[axis]


def prepare_unpack(ctx: NodeContext) -> Sequence[Call]:
    source = ctx.input(0)
    axis = normalize_axis(ctx.options["axis"], source.rank)
    strides = contiguous_strides(source.shape)
    rest = (*strides[:axis], *strides[axis + 1 :])
    calls = []
    for at, out in enumerate(ctx.outputs):
        ctx.require(out.type is source.type, "keeps the type", ctx.signature)
        if out.size:
            calls.append(copy(out, out.ref(), source, source.strided(out.shape, rest, at * strides[axis])))
    return calls


def infer_pack(ctx: NodeContext) -> Sequence[Shape]:
    count = len(ctx.inputs)
    first = ctx.input(0).shape
    alike = all(ctx.input(i).shape == first for i in range(count))
    ctx.require(alike and ctx.options["values_count"] == count, "needs inputs of one shape", count)
    axis = normalize_axis(ctx.options["axis"], len(first) + 1)
    return [(*first[:axis], count, *first[axis:])]


def prepare_pack(ctx: NodeContext) -> Sequence[Call]:
    out = ctx.output()
    axis = normalize_axis(ctx.options["axis"], out.rank)
    strides = contiguous_strides(out.shape)
    rest = (*strides[:axis], *strides[axis + 1 :])
    calls = []
    for i in range(len(ctx.inputs)):
        source = ctx.input(i)
        ctx.require(source.type is out.type, "keeps the type", ctx.signature)
        if source.size:
            calls.append(copy(out, out.strided(source.shape, rest, i * strides[axis]), source, source.ref()))
    return calls


register(Operator("SPLIT", infer_split, prepare_split, inputs=(2, 2), signatures=("int32 x any -> any ...",)))
register(
    Operator(
        "SPLIT_V", infer_split_v, prepare_split, inputs=(3, 3), signatures=("any x int32|int64 x int32 -> any ...",)
    )
)
register(Operator("UNPACK", infer_unpack, prepare_unpack, inputs=(1, 1), signatures=("any -> any ...",)))
register(Operator("PACK", infer_pack, prepare_pack, inputs=(1, 2**31), signatures=("any ... -> any",)))
