"""BITCAST: the same bits as elements of another type."""

from collections.abc import Sequence

import numpy as np

from intengine.ops._context import NodeContext
from intengine.ops._registry import Operator, register
from intengine.shapes import Shape
from intengine.step import Call, Ref


def infer(ctx: NodeContext) -> Sequence[Shape]:
    """A last axis appears where elements get smaller, and goes where they get larger."""
    source, out = ctx.input(0), ctx.output()
    before, after = source.type.bits, out.type.bits
    if min(before, after) < 8:
        ctx.unsupported()
    if before == after:
        return [source.shape]
    if before > after:
        return [(*source.shape, before // after)]
    fits = source.rank >= 1 and source.shape[-1] == after // before
    ctx.require(fits, f"needs a last axis of {after // before}", source.shape)
    return [source.shape[:-1]]


def prepare(ctx: NodeContext) -> Sequence[Call]:
    """Source: tflite/kernels/bitcast.cc"""
    byte = np.dtype(np.uint8)
    x, y = (Ref(o.index, byte, (o.size * o.type.bits // 8,), (1,)) for o in (ctx.input(0), ctx.output()))
    return [Call(np.copyto, (y, x))]


register(Operator("BITCAST", infer, prepare, (1, 1), ("any -> any",)))
