"""SLICE and STRIDED_SLICE: a block of the input, with steps for the latter."""

from collections.abc import Sequence
from dataclasses import dataclass

from intengine.ops._context import NodeContext
from intengine.ops._copy import copy
from intengine.ops._registry import Operator, register
from intengine.shapes import Shape, contiguous_strides
from intengine.step import Call


@dataclass(frozen=True)
class _Block:
    """Where a slice starts, how it steps, its shape with all axes, and the axes that the output drops or adds."""

    start: Shape
    step: Shape
    sizes: Shape
    out: Shape


def _slice(ctx: NodeContext) -> _Block:
    """Source: tflite/kernels/slice.cc"""
    source, begin, size = ctx.input(0), ctx.input(1).ints(), ctx.input(2).ints()
    ctx.require(len(begin) == len(size) == source.rank, f"needs {source.rank} begins and sizes", (begin, size))
    sizes = tuple(n - b if s == -1 else s for n, b, s in zip(source.shape, begin, size, strict=True))
    inside = all(0 <= b <= n and s >= 0 and b + s <= n for n, b, s in zip(source.shape, begin, sizes, strict=True))
    ctx.require(inside, f"needs a block inside {list(source.shape)}", (begin, size))
    return _Block(begin, (1,) * source.rank, sizes, sizes)


def _strided(ctx: NodeContext) -> _Block:
    """Masks are bit sets over the given axes: ellipsis stands for the axes left over, new axes come first of all.

    An ellipsis takes one axis even where none is left over, and what is given last is dropped. Ends that are offsets
    count from where the axis begins, whatever their mask; LiteRT reads outside its input where they go too far.

    Source: tflite/kernels/strided_slice.cc
    """
    source, options = ctx.input(0), ctx.options
    begin, end, strides = (ctx.input(i).ints() for i in (1, 2, 3))
    given = len(begin)
    ctx.require(len(end) == given and len(strides) == given, "needs as many begins as ends and strides", given)
    ctx.require(all(strides), "needs strides other than 0", list(strides))
    ellipsis = [i for i in range(given) if options["ellipsis_mask"] >> i & 1]
    ctx.require(len(ellipsis) <= 1, "takes one ellipsis", len(ellipsis))
    new = [i for i in range(given) if options["new_axis_mask"] >> i & 1 and i not in ellipsis]
    left = source.rank - (given - len(new) - len(ellipsis))
    ctx.require(left >= 0, f"takes at most {source.rank} axes", given)
    start: list[int] = []
    step: list[int] = []
    sizes: list[int] = []
    out: list[int] = []

    def whole(count: int) -> None:
        for _ in range(count):
            size = source.shape[len(sizes)]
            start.append(0)
            step.append(1)
            sizes.append(size)
            out.append(size)

    for i in range(given):
        if len(sizes) + sum(j < i for j in new) == source.rank + len(new):
            break
        if i in ellipsis:
            whole(max(left, 1))
            continue
        if i in new:
            out.append(1)
            continue
        ctx.require(len(sizes) < source.rank, "needs an axis for its ellipsis", list(source.shape))
        n, s = source.shape[len(sizes)], strides[i]
        first = _bound(begin[i], n, s, masked=bool(options["begin_mask"] >> i & 1), first=True)
        if options["shrink_axis_mask"] >> i & 1:
            at = max(begin[i] + n, 0) if begin[i] < 0 else begin[i]
            ctx.require(0 <= at < n, f"needs an index inside axis of size {n}", begin[i])
            start.append(at)
            step.append(1)
            sizes.append(1)
            continue
        last = _bound(end[i], n, s, masked=bool(options["end_mask"] >> i & 1), first=False)
        if options["offset"]:
            last = min(max(first + end[i], 0 if s > 0 else -1), n if s > 0 else n - 1)
        start.append(first)
        step.append(s)
        sizes.append(max(-(-(last - first) // s), 0))
        out.append(sizes[-1])
    if not ellipsis:
        whole(left)
    return _Block(tuple(start), tuple(step), tuple(sizes), tuple(out))


def _bound(value: int, size: int, stride: int, *, masked: bool, first: bool) -> int:
    """A begin or end as an index, clamped to what its direction can reach."""
    lowest, highest = (0, size) if stride > 0 else (-1, size - 1)
    if masked:
        return lowest if (stride > 0) == first else highest
    return min(max(value + size if value < 0 else value, lowest), highest)


def _block(ctx: NodeContext) -> _Block:
    return _slice(ctx) if ctx.node.op == "SLICE" else _strided(ctx)


def infer(ctx: NodeContext) -> Sequence[Shape]:
    return [_block(ctx).out]


def prepare(ctx: NodeContext) -> Sequence[Call]:
    source, out, block = ctx.input(0), ctx.output(), _block(ctx)
    ctx.require(out.type is source.type, "keeps the type", ctx.signature)
    if out.size == 0:
        return []
    strides = contiguous_strides(source.shape)
    offset = sum(first * stride for first, stride in zip(block.start, strides, strict=True))
    steps = tuple(step * stride for step, stride in zip(block.step, strides, strict=True))
    return [copy(out, out.ref(block.sizes), source, source.strided(block.sizes, steps, offset))]


register(Operator("SLICE", infer, prepare, inputs=(3, 3), signatures=("any x int32|int64 x int32|int64 -> any",)))
register(Operator("STRIDED_SLICE", infer, prepare, inputs=(4, 4), signatures=("any x int32 x int32 x int32 -> any",)))
