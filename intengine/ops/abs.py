"""ABS."""

from collections.abc import Sequence

import numpy as np

from intengine.fixedpoint import Ints, mbqm
from intengine.model import TensorType
from intengine.ops._context import NodeContext
from intengine.ops._registry import Operator, register
from intengine.ops._table import ratio, same_shape, table_calls
from intengine.step import Call


def prepare(ctx: NodeContext) -> Sequence[Call]:
    """Quantized: distance from the zero point, rescaled only where the scales differ.

    Source: tflite/kernels/elementwise.cc
    """
    source, out = ctx.input(0), ctx.output()
    if out.type is not source.type:
        ctx.unsupported()
    if source.type in (TensorType.FLOAT32, TensorType.INT32):
        return [Call(np.absolute, (source.ref(), out.ref()))]
    if source.type not in (TensorType.INT8, TensorType.INT16):
        ctx.unsupported()
    multiplier, shift = ctx.multiplier(ratio(ctx, source.scale, out.scale))

    def formula(values: Ints) -> Ints:
        distance = np.abs(values - source.zero_point)
        return out.zero_point + (distance if source.scale == out.scale else mbqm(distance, multiplier, shift))

    return table_calls(ctx, formula)


register(
    Operator(
        "ABS",
        same_shape,
        prepare,
        inputs=(1, 1),
        signatures=("int8 -> int8", "int16 -> int16", "int32 -> int32", "float32 -> float32"),
    )
)
