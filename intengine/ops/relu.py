"""RELU, RELU6, RELU_N1_TO_1 and RELU_0_TO_1."""

import math
from collections.abc import Sequence

import numpy as np
from intengine_kernels.elementwise import clamp_float
from intengine_kernels.xnnpack_float import CLAMP

from intengine.fixedpoint import Ints
from intengine.model import TensorType
from intengine.numerics import Relu6
from intengine.ops._context import NodeContext
from intengine.ops._elementwise import flushed_calls, is_flushed
from intengine.ops._registry import Operator, register
from intengine.ops._table import QUANTIZED, ratio, rescale, same_shape, table_calls
from intengine.quantization import quantize_real
from intengine.step import Call

_BOUNDS = {
    "RELU": (0.0, math.inf),
    "RELU6": (0.0, 6.0),
    "RELU_N1_TO_1": (-1.0, 1.0),
    "RELU_0_TO_1": (0.0, 1.0),
}


def prepare(ctx: NodeContext) -> Sequence[Call]:
    """Rescale to the output's scale, then clamp; or clamp what is stored.

    Source: tflite/kernels/activations.cc
    """
    source, out = ctx.input(0), ctx.output()
    real_lo, real_hi = _BOUNDS[ctx.node.op]
    if source.type is TensorType.FLOAT32 and out.type is TensorType.FLOAT32:
        if is_flushed(ctx):
            return flushed_calls(ctx, CLAMP, real_lo, real_hi)
        return [Call(clamp_float, (source.ref((source.size,)), real_lo, real_hi, out.ref((out.size,))))]
    if source.type not in QUANTIZED or out.type is not source.type:
        ctx.unsupported()
    lo, hi = out.range
    if ctx.node.op == "RELU6" and ctx.numerics.relu6 is Relu6.AS_STORED:
        six = min(quantize_real(6.0, source.scale, source.zero_point), hi)
        return table_calls(ctx, lambda values: np.clip(values, source.zero_point, six))
    lo = max(lo, quantize_real(real_lo, out.scale, out.zero_point))
    if real_hi < math.inf:
        hi = min(hi, quantize_real(real_hi, out.scale, out.zero_point))

    real = ratio(ctx, source.scale, out.scale)

    def formula(values: Ints) -> Ints:
        return np.minimum(np.maximum(rescale(ctx, real, values), lo), hi)

    return table_calls(ctx, formula)


for _name in _BOUNDS:
    register(
        Operator(
            _name,
            same_shape,
            prepare,
            inputs=(1, 1),
            signatures=("int8 -> int8", "uint8 -> uint8", "int16 -> int16", "float32 -> float32"),
        )
    )
