"""DENSIFY: a sparse constant -> the same tensor, dense. Constants are dense in here already, so it is a copy."""

from collections.abc import Sequence

import numpy as np

from intengine.ops._context import NodeContext
from intengine.ops._registry import Operator, register
from intengine.shapes import Shape
from intengine.step import Call


def infer(ctx: NodeContext) -> Sequence[Shape]:
    return [ctx.input(0).shape]


def prepare(ctx: NodeContext) -> Sequence[Call]:
    """LiteRT takes float32, float16 and int8, and only constants; here any type with elements will do.

    Source: tflite/kernels/densify.cc
    """
    source, out = ctx.input(0), ctx.output()
    if out.type is not source.type:
        ctx.unsupported()
    return [Call(np.copyto, (out.ref(), source.ref()))]


register(Operator("DENSIFY", infer, prepare, inputs=(1, 1), signatures=("any -> any",)))
