"""LOG_SOFTMAX along the last axis."""

from collections.abc import Sequence

import numpy as np
from intengine_kernels.log_softmax import log_softmax_fixed, log_softmax_float, log_softmax_table

from intengine.fixedpoint import mbqm
from intengine.model import TensorType
from intengine.numerics import Exponentials
from intengine.ops._context import NodeContext
from intengine.ops._registry import Operator, register
from intengine.ops._table import EIGHT_BIT, same_shape
from intengine.ops.softmax import exponentials, float_exponentials
from intengine.quantization import quantize_multiplier
from intengine.step import Call


def prepare(ctx: NodeContext) -> Sequence[Call]:
    """The output's quantization is fixed: scale 1/16, zero point at the top of the range.

    Source: tflite/kernels/activations.cc, tflite/kernels/internal/reference/log_softmax.h
    """
    source, out = ctx.input(0), ctx.output()
    ctx.require(source.rank >= 1, "needs at least one axis", list(source.shape))
    if source.size == 0:
        return []
    depth = source.shape[-1]
    shape = (source.size // depth, depth)
    if source.type is out.type is TensorType.FLOAT32:
        return [Call(log_softmax_float, (source.ref(shape), out.ref(shape)))]
    if source.type not in EIGHT_BIT or out.type is not source.type:
        ctx.unsupported()
    ctx.require(out.scale == np.float32(16 / 256), "needs an output scale of 1/16", float(out.scale))
    ctx.require(out.zero_point == out.range[1], f"needs an output zero point of {out.range[1]}", out.zero_point)
    if ctx.numerics.exponentials is Exponentials.FLOAT_TABLE:
        floats = float_exponentials(source, np.float32(1))
        settings = (source.scale, out.scale, out.zero_point, *out.range)
        return [Call(log_softmax_table, (source.ref(shape), floats, *settings, out.ref(shape)))]
    table, multiplier, shift, least = exponentials(ctx, np.float32(1))
    inverse_multiplier, inverse_shift = quantize_multiplier(2.0 ** (31 - shift) / multiplier)
    scaled = mbqm(np.maximum(-np.arange(256, dtype=np.int64), least), multiplier, shift).astype(np.int32)
    parameters = (table, scaled, least, inverse_multiplier, inverse_shift, out.zero_point, *out.range)
    return [Call(log_softmax_fixed, (source.ref(shape), *parameters, out.ref(shape)))]


register(
    Operator(
        "LOG_SOFTMAX",
        same_shape,
        prepare,
        inputs=(1, 1),
        signatures=("int8 -> int8", "uint8 -> uint8", "float32 -> float32"),
    )
)
