"""SQRT."""

from collections.abc import Sequence

from intengine_kernels.elementwise import sqrt_float

from intengine.model import TensorType
from intengine.ops._context import NodeContext
from intengine.ops._registry import Operator, register
from intengine.ops._table import same_shape
from intengine.step import Call


def prepare(ctx: NodeContext) -> Sequence[Call]:
    """Source: tflite/kernels/elementwise.cc"""
    source, out = ctx.input(0), ctx.output()
    if source.type is not TensorType.FLOAT32 or out.type is not TensorType.FLOAT32:
        ctx.unsupported()
    return [Call(sqrt_float, (source.ref((source.size,)), out.ref((out.size,))))]


register(Operator("SQRT", same_shape, prepare, inputs=(1, 1), signatures=("float32 -> float32",)))
