"""TANH."""

from collections.abc import Sequence
from functools import partial

import numpy as np
from intengine_kernels.elementwise import tanh_float
from intengine_kernels.libm.hyperbolic import tanhf

from intengine.fixedpoint import Ints, saturate
from intengine.model import TensorType
from intengine.numerics import Sigmoid8, Sigmoid16
from intengine.ops._context import NodeContext
from intengine.ops._elementwise import HALVES, float_calls
from intengine.ops._gemmlowp16 import tanh_table
from intengine.ops._gemmlowp32 import tanh8
from intengine.ops._registry import Operator, register
from intengine.ops._sigmoid16 import exact_power, rescaled, tanh16
from intengine.ops._table import EIGHT_BIT, float_table, same_shape, table_calls
from intengine.step import FUNCTION_WORK, Call, flat_call


def prepare(ctx: NodeContext) -> Sequence[Call]:
    """8-bit: a table of float32 values, or int8 in fixed point.

    int16: an interpolated table of the sigmoid at twice the input, or fixed point.

    Source: tflite/kernels/activations.cc
    """
    source, out = ctx.input(0), ctx.output()
    if source.type is TensorType.FLOAT32 and out.type is TensorType.FLOAT32:
        args = (source.ref((source.size,)), out.ref((out.size,)))
        return [flat_call(tanh_float, args, FUNCTION_WORK)]
    if source.type in HALVES and out.type is source.type:
        return float_calls(ctx, tanh_float)
    if source.type in EIGHT_BIT and out.type is source.type:
        if ctx.numerics.sigmoid8 is Sigmoid8.FIXED_POINT and source.type is TensorType.INT8:
            return table_calls(ctx, partial(tanh8, float(source.scale), source.zero_point))
        return table_calls(ctx, float_table(ctx, tanhf))
    if source.type is TensorType.INT16 and out.type is TensorType.INT16:
        ctx.require(out.scale == np.float32(1 / 32768), "needs an output scale of 1/32768", float(out.scale))
        ctx.require(source.zero_point == 0 and out.zero_point == 0, "needs zero points 0 for int16", "others")

        def formula(values: Ints) -> Ints:
            power = exact_power(source)
            if ctx.numerics.sigmoid16 is Sigmoid16.FIXED_POINT and power in (0, 1):
                return tanh_table(3)[saturate(values << power, 16) & 0xFFFF].astype(np.int64)
            return tanh16(rescaled(ctx, source, values, (0, 1)))

        return table_calls(ctx, formula)
    ctx.unsupported()


register(
    Operator(
        "TANH",
        same_shape,
        prepare,
        inputs=(1, 1),
        signatures=(
            "int8 -> int8",
            "uint8 -> uint8",
            "int16 -> int16",
            "float32 -> float32",
            "float16 -> float16",
            "bfloat16 -> bfloat16",
        ),
    )
)
