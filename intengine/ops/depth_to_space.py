"""DEPTH_TO_SPACE and SPACE_TO_DEPTH: blocks of pixels as channels."""

from collections.abc import Sequence

from intengine.ops._context import NodeContext
from intengine.ops._copy import copy
from intengine.ops._registry import Operator, register
from intengine.shapes import Shape, contiguous_strides
from intengine.step import Call


def _block(ctx: NodeContext) -> int:
    ctx.require(ctx.input(0).rank == 4, "needs a 4-D input", list(ctx.input(0).shape))
    ctx.require(ctx.options["block_size"] > 0, "needs a positive block size", ctx.options["block_size"])
    return int(ctx.options["block_size"])


def infer_depth_to_space(ctx: NodeContext) -> Sequence[Shape]:
    (b, h, w, c), size = ctx.input(0).shape, _block(ctx)
    ctx.require(c % (size * size) == 0, f"needs channels divisible by {size * size}", c)
    return [(b, h * size, w * size, c // (size * size))]


def infer_space_to_depth(ctx: NodeContext) -> Sequence[Shape]:
    (b, h, w, c), size = ctx.input(0).shape, _block(ctx)
    ctx.require(h % size == 0 and w % size == 0, f"needs a height and width divisible by {size}", (h, w))
    return [(b, h // size, w // size, c * size * size)]


def prepare(ctx: NodeContext) -> Sequence[Call]:
    """Both walk [B, H, size, W, size, C] of the image against [B, H, W, size, size, C] of the channels."""
    source, out, size = ctx.input(0), ctx.output(), _block(ctx)
    ctx.require(out.type is source.type, "keeps the type", ctx.signature)
    image = out if ctx.node.op == "DEPTH_TO_SPACE" else source
    b, h, w, c = image.shape
    split = (b, h // size, size, w // size, size, c)
    strides = contiguous_strides(split)
    order = (0, 1, 3, 2, 4, 5)
    shape = tuple(split[axis] for axis in order)
    view = image.strided(shape, tuple(strides[axis] for axis in order))
    if image is out:
        return [copy(out, view, source, source.ref(shape))]
    return [copy(out, out.ref(shape), source, view)]


register(Operator("DEPTH_TO_SPACE", infer_depth_to_space, prepare, inputs=(1, 1), signatures=("any -> any",)))
register(Operator("SPACE_TO_DEPTH", infer_space_to_depth, prepare, inputs=(1, 1), signatures=("any -> any",)))
