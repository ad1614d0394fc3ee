"""DEQUANTIZE: integers and float16 to float32."""

from collections.abc import Sequence

import numpy as np
from intengine_kernels.quantize import dequantize, dequantize_shifted

from intengine.model import TensorType
from intengine.numerics import Dequantizing
from intengine.ops._blocks import blocks_and_rest
from intengine.ops._context import NodeContext
from intengine.ops._registry import Operator, register
from intengine.ops._table import QUANTIZED, same_shape
from intengine.ops.quantize import channel_parameters, in_order
from intengine.step import Call, flat_call

_INTEGERS = (*QUANTIZED, TensorType.INT4, TensorType.UINT4, TensorType.INT2)
_SHIFTED = (*QUANTIZED, TensorType.INT4, TensorType.UINT4)


def prepare(ctx: NodeContext) -> Sequence[Call]:
    """Source: tflite/kernels/internal/reference/dequantize.h"""
    source, out = ctx.input(0), ctx.output()
    if out.type is not TensorType.FLOAT32:
        ctx.unsupported()
    if source.type is TensorType.FLOAT16:
        return [Call(np.copyto, (out.ref(), source.ref()))]
    if source.type not in _INTEGERS:
        ctx.unsupported()
    shifted = ctx.numerics.dequantizing is Dequantizing.SHIFTED_BLOCKS and source.type in _SHIFTED
    if shifted and not source.quantization.per_channel:
        return _in_blocks(ctx)
    return [in_order(dequantize, source.ref((source.size,)), *channel_parameters(source), out.ref((out.size,)))]


def _in_blocks(ctx: NodeContext) -> Sequence[Call]:
    """Source: tflite/kernels/internal/optimized/optimized_ops.h"""
    source, out = ctx.input(0), ctx.output()
    scale, zero_point, _ = channel_parameters(source)
    (x, y), (last_x, last_y) = blocks_and_rest(source.size, 8, source, out)
    return [
        flat_call(dequantize_shifted, (x, source.scale, source.zero_point, y)),
        Call(dequantize, (last_x, scale, zero_point, max(last_x.shape[0], 1), last_y)),
    ]


register(
    Operator(
        "DEQUANTIZE",
        same_shape,
        prepare,
        inputs=(1, 1),
        signatures=("int8|uint8|int16|int4|uint4|int2 -> float32", "float16 -> float32"),
    )
)
