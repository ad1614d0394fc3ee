"""QUANTIZE: float32 to integers, per tensor or per channel, and from one integer scale to another."""

import math
from collections.abc import Sequence

import numpy as np
from intengine_kernels.quantize import quantize_float, requantize_double_rounding
from numpy.typing import NDArray

from intengine.fixedpoint import Ints
from intengine.model import TensorType
from intengine.ops._context import NodeContext, Operand
from intengine.ops._registry import Operator, register
from intengine.ops._table import QUANTIZED, rescale, same_shape, table_calls
from intengine.quantization import quantize_multiplier
from intengine.step import Call

_FROM_FLOAT = (*QUANTIZED, TensorType.INT4, TensorType.UINT4, TensorType.INT32)
_FROM_INTEGERS = {
    TensorType.INT8: QUANTIZED,
    TensorType.UINT8: QUANTIZED,
    TensorType.INT16: (TensorType.INT8, TensorType.INT16, TensorType.INT32),
    TensorType.INT32: (TensorType.INT8, TensorType.INT16),
}


def channel_parameters(operand: Operand) -> tuple[NDArray[np.float32], NDArray[np.int32], int]:
    """(scale float32[n], zero_point int32[n], inner) for kernels that walk elements in order."""
    quantization = operand.quantization
    if not quantization.per_channel:
        return np.array([operand.scale]), np.array([operand.zero_point], np.int32), max(operand.size, 1)
    axis = quantization.axis
    if not 0 <= axis < operand.rank:
        operand.refuse(f"needs a quantized dimension in 0..{operand.rank - 1}", str(axis))
    scale = operand.channel_scales(operand.shape[axis], axis)
    zero_point = np.broadcast_to(quantization.zero_point if quantization.zero_point.size else 0, scale.size)
    return scale.copy(), zero_point.astype(np.int32), max(math.prod(operand.shape[axis + 1 :]), 1)


def prepare(ctx: NodeContext) -> Sequence[Call]:
    """Source: tflite/kernels/quantize.cc"""
    source, out = ctx.input(0), ctx.output()
    flat_in, flat_out = source.ref((source.size,)), out.ref((out.size,))
    if source.type is TensorType.FLOAT32 and out.type in _FROM_FLOAT:
        return [Call(quantize_float, (flat_in, *channel_parameters(out), *out.range, flat_out))]
    if out.type not in _FROM_INTEGERS.get(source.type, ()):
        ctx.unsupported()
    real = float(source.scale) / float(out.scale)
    if source.type is TensorType.INT32:
        multiplier, shift = quantize_multiplier(real)
        parameters = (source.zero_point, multiplier, shift, out.zero_point, *out.range)
        return [Call(requantize_double_rounding, (flat_in, *parameters, flat_out))]

    def formula(values: Ints) -> Ints:
        return rescale(source, out, real, values)

    return table_calls(ctx, formula)


register(
    Operator(
        "QUANTIZE",
        same_shape,
        prepare,
        inputs=(1, 1),
        signatures=(
            "float32 -> int8|uint8|int16|int32|int4|uint4",
            "int8|uint8 -> int8|uint8|int16",
            "int16 -> int8|int16|int32",
            "int32 -> int8|int16",
        ),
    )
)
