"""StableHLO's operators that move or make elements and that LiteRT has in its schema but does not run.

As their specification says: STABLEHLO_RESHAPE, TRANSPOSE, SLICE, CONCATENATE, BROADCAST_IN_DIM and IOTA.
"""

from collections.abc import Sequence

import numpy as np

from intengine.model import TensorType
from intengine.ops._context import NodeContext
from intengine.ops._registry import Operator, register
from intengine.shapes import Shape, contiguous_strides, elements, normalize_axis
from intengine.step import Call


def same_type(ctx: NodeContext, first: int = 0) -> None:
    """Refuse a node unless its inputs from `first` on and its output are all of one type of fixed width."""
    kinds = {ctx.input(i).type for i in range(first, len(ctx.inputs))} | {ctx.output().type}
    if len(kinds) != 1 or ctx.output().type.bits == 0:
        ctx.unsupported()


def _list(ctx: NodeContext, name: str, length: int) -> Shape:
    values = tuple(int(value) for value in ctx.options[name])
    ctx.require(len(values) == length, f"needs {length} numbers in {name}", values)
    return values


def infer_reshape(ctx: NodeContext) -> Sequence[Shape]:
    shape = ctx.output().shape
    ctx.require(elements(shape) == ctx.input(0).size, "keeps the number of elements", (ctx.input(0).shape, shape))
    return [shape]


def prepare_reshape(ctx: NodeContext) -> Sequence[Call]:
    same_type(ctx)
    return [Call(np.copyto, (ctx.output().ref(), ctx.input(0).ref(ctx.output().shape)))]


def _permutation(ctx: NodeContext) -> Shape:
    order = _list(ctx, "permutation", ctx.input(0).rank)
    ctx.require(sorted(order) == list(range(len(order))), "needs a permutation of its axes", order)
    return order


def infer_transpose(ctx: NodeContext) -> Sequence[Shape]:
    return [tuple(ctx.input(0).shape[axis] for axis in _permutation(ctx))]


def prepare_transpose(ctx: NodeContext) -> Sequence[Call]:
    same_type(ctx)
    strides = contiguous_strides(ctx.input(0).shape)
    view = ctx.input(0).strided(ctx.output().shape, [strides[axis] for axis in _permutation(ctx)])
    return [Call(np.copyto, (ctx.output().ref(), view))]


def _bounds(ctx: NodeContext) -> tuple[Shape, Shape, Shape]:
    rank = ctx.input(0).rank
    first, last, step = (_list(ctx, name, rank) for name in ("start_indices", "limit_indices", "strides"))
    rows = zip(ctx.input(0).shape, first, last, step, strict=True)
    fits = all(0 <= a <= b <= size and by >= 1 for size, a, b, by in rows)
    ctx.require(fits, "needs starts and limits within the input", (first, last, step))
    return first, last, step


def infer_slice(ctx: NodeContext) -> Sequence[Shape]:
    return [tuple(-(-(b - a) // by) for a, b, by in zip(*_bounds(ctx), strict=True))]


def prepare_slice(ctx: NodeContext) -> Sequence[Call]:
    same_type(ctx)
    source, out = ctx.input(0), ctx.output()
    first, _, step = _bounds(ctx)
    strides = contiguous_strides(source.shape)
    walk = [by * stride for by, stride in zip(step, strides, strict=True)]
    offset = sum(a * stride for a, stride in zip(first, strides, strict=True)) if out.size else 0
    return [Call(np.copyto, (out.ref(), source.strided(out.shape, walk, offset)))]


def infer_concatenate(ctx: NodeContext) -> Sequence[Shape]:
    shapes = [operand.shape for operand in (ctx.input(i) for i in range(len(ctx.inputs)))]
    axis = normalize_axis(ctx.options["dimension"], len(shapes[0]))
    alike = {(*shape[:axis], *shape[axis + 1 :]) for shape in shapes if len(shape) == len(shapes[0])}
    same = len(alike) == 1 and all(len(shape) == len(shapes[0]) for shape in shapes)
    ctx.require(same, "needs inputs that differ along its axis alone", shapes)
    return [(*shapes[0][:axis], sum(shape[axis] for shape in shapes), *shapes[0][axis + 1 :])]


def prepare_concatenate(ctx: NodeContext) -> Sequence[Call]:
    same_type(ctx)
    out, axis = ctx.output(), ctx.options["dimension"]
    strides, at, calls = contiguous_strides(out.shape), 0, []
    for operand in (ctx.input(i) for i in range(len(ctx.inputs))):
        if operand.size:
            calls.append(Call(np.copyto, (out.strided(operand.shape, strides, at * strides[axis]), operand.ref())))
        at += operand.shape[axis]
    return calls


def infer_broadcast(ctx: NodeContext) -> Sequence[Shape]:
    source, out = ctx.input(0), ctx.output()
    axes = _list(ctx, "broadcast_dimensions", source.rank)
    fits = len(set(axes)) == len(axes) and all(
        0 <= axis < out.rank and size in (1, out.shape[axis]) for axis, size in zip(axes, source.shape, strict=True)
    )
    ctx.require(fits, "needs an axis of the output for each of the input", (source.shape, axes, out.shape))
    return [out.shape]


def prepare_broadcast(ctx: NodeContext) -> Sequence[Call]:
    same_type(ctx)
    source, out = ctx.input(0), ctx.output()
    walk = [0] * out.rank
    rows = zip(
        _list(ctx, "broadcast_dimensions", source.rank), source.shape, contiguous_strides(source.shape), strict=True
    )
    for axis, size, stride in rows:
        walk[axis] = stride if size > 1 else 0
    return [Call(np.copyto, (out.ref(), source.strided(out.shape, walk)))]


def infer_iota(ctx: NodeContext) -> Sequence[Shape]:
    return [ctx.output().shape]


def prepare_iota(ctx: NodeContext) -> Sequence[Call]:
    out = ctx.output()
    if out.type.bits < 8 or out.type is TensorType.BOOL:
        ctx.unsupported()
    axis = normalize_axis(ctx.options["iota_dimension"], out.rank)
    count = np.arange(out.shape[axis]).astype(out.dtype).reshape(-1, *[1] * (out.rank - axis - 1))
    return [Call(np.copyto, (out.ref(), count))]


_ANY = ("any -> any",)
register(Operator("STABLEHLO_RESHAPE", infer_reshape, prepare_reshape, (1, 1), _ANY))
register(Operator("STABLEHLO_TRANSPOSE", infer_transpose, prepare_transpose, (1, 1), _ANY))
register(Operator("STABLEHLO_SLICE", infer_slice, prepare_slice, (1, 1), _ANY))
register(Operator("STABLEHLO_CONCATENATE", infer_concatenate, prepare_concatenate, (1, 2**31), ("any ... -> any",)))
register(Operator("STABLEHLO_BROADCAST_IN_DIM", infer_broadcast, prepare_broadcast, (1, 1), _ANY))
register(Operator("STABLEHLO_IOTA", infer_iota, prepare_iota, (0, 0), ("-> any",)))
