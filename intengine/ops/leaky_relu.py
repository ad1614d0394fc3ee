"""LEAKY_RELU: x where x >= 0, alpha * x below."""

from collections.abc import Sequence

import numpy as np
from intengine_kernels.elementwise import leaky_relu_float

from intengine.fixedpoint import Ints
from intengine.model import TensorType
from intengine.ops._context import NodeContext
from intengine.ops._registry import Operator, register
from intengine.ops._table import QUANTIZED, product_ratio, ratio, rescale, same_shape, table_calls
from intengine.step import Call


def prepare(ctx: NodeContext) -> Sequence[Call]:
    """Two multipliers, one for each side of the zero point.

    Source: tflite/kernels/activations.cc
    """
    source, out = ctx.input(0), ctx.output()
    alpha = np.float32(ctx.options["alpha"])
    if source.type is TensorType.FLOAT32 and out.type is TensorType.FLOAT32:
        return [Call(leaky_relu_float, (source.ref((source.size,)), float(alpha), out.ref((out.size,))))]
    if source.type not in QUANTIZED or out.type is not source.type:
        ctx.unsupported()
    identity = ratio(ctx, source.scale, out.scale)
    below = product_ratio(ctx, source.scale, alpha, out.scale)

    def formula(values: Ints) -> Ints:
        # A negative slope is rounded as its magnitude and negated after.
        sign = -1 if below < 0 else 1
        less = out.zero_point + sign * (rescale(source, out, abs(below), values) - out.zero_point)
        return np.where(values >= source.zero_point, rescale(source, out, identity, values), less)

    return table_calls(ctx, formula)


register(
    Operator(
        "LEAKY_RELU",
        same_shape,
        prepare,
        inputs=(1, 1),
        signatures=("int8 -> int8", "uint8 -> uint8", "int16 -> int16", "float32 -> float32"),
    )
)
