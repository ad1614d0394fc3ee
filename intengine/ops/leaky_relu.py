"""LEAKY_RELU: x where x >= 0, alpha * x below."""

from collections.abc import Sequence

import numpy as np
from intengine_kernels.elementwise import leaky_relu_float
from intengine_kernels.xnnpack_float import LEAKY

from intengine.fixedpoint import Ints
from intengine.model import TensorType
from intengine.numerics import LeakyRelu
from intengine.ops._context import NodeContext
from intengine.ops._elementwise import flushed_calls, is_flushed
from intengine.ops._registry import Operator, register
from intengine.ops._table import QUANTIZED, product_ratio, ratio, rescale, same_shape, table_calls
from intengine.step import Call


def prepare(ctx: NodeContext) -> Sequence[Call]:
    """Two multipliers, one for each side of the zero point.

    Source: tflite/kernels/activations.cc, XNNPACK src/qs8-vlrelu
    """
    source, out = ctx.input(0), ctx.output()
    alpha = np.float32(ctx.options["alpha"])
    if source.type is TensorType.FLOAT32 and out.type is TensorType.FLOAT32:
        if is_flushed(ctx):
            return flushed_calls(ctx, LEAKY, float(alpha))
        return [Call(leaky_relu_float, (source.ref((source.size,)), float(alpha), out.ref((out.size,))))]
    if source.type not in QUANTIZED or out.type is not source.type:
        ctx.unsupported()
    identity = ratio(ctx, source.scale, out.scale)
    below = product_ratio(ctx, source.scale, alpha, out.scale)

    as_it_is = source.type is TensorType.INT16 and ctx.numerics.leaky_relu is LeakyRelu.NEGATIVE_MULTIPLIER

    def formula(values: Ints) -> Ints:
        # A negative slope is rounded as its magnitude and negated after, or as it is.
        sign = -1 if below < 0 and not as_it_is else 1
        less = out.zero_point + sign * (rescale(ctx, sign * below, values) - out.zero_point)
        return np.where(values >= source.zero_point, rescale(ctx, identity, values), less)

    def eight_bits(values: Ints) -> Ints:
        ratio = source.scale / out.scale
        above, under = (int(np.rint(np.float32(256) * factor)) for factor in (ratio, np.float32(ratio * alpha)))
        distance = values - source.zero_point
        return out.zero_point + ((distance * np.where(distance >= 0, above, under) + 128) >> 8)

    eight = ctx.numerics.leaky_relu is LeakyRelu.MULTIPLIER_8
    return table_calls(ctx, eight_bits if eight else formula)


register(
    Operator(
        "LEAKY_RELU",
        same_shape,
        prepare,
        inputs=(1, 1),
        signatures=("int8 -> int8", "uint8 -> uint8", "int16 -> int16", "float32 -> float32"),
    )
)
