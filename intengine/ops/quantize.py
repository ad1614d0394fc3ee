"""QUANTIZE: float32 to integers, per tensor or per channel, and from one integer scale to another."""

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from intengine_kernels.lookup import lookup
from intengine_kernels.quantize import (
    quantize_float,
    quantize_float64,
    quantize_reciprocal,
    requantize_double_rounding,
)
from numpy.typing import NDArray

from intengine.fixedpoint import Ints, mbqm_upward
from intengine.model import TensorType
from intengine.numerics import Quantizing, Requantizing
from intengine.ops._blocks import blocks_and_rest
from intengine.ops._context import NodeContext
from intengine.ops._operand import Operand
from intengine.ops._registry import Operator, register
from intengine.ops._table import EIGHT_BIT, QUANTIZED, rescale, same_shape, table, table_calls
from intengine.quantization import quantize_multiplier
from intengine.step import ELEMENT_WORK, Call, Ref, flat_call

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


def in_order(kernel: Callable[..., Any], x: Ref, scale: NDArray[np.float32], *args: Any) -> Call:
    """A kernel that walks elements in order; threads share it if there is one scale for all."""
    return flat_call(kernel, (x, scale, *args)) if scale.size == 1 else Call(kernel, (x, scale, *args))


def prepare(ctx: NodeContext) -> Sequence[Call]:
    """Source: tflite/kernels/quantize.cc"""
    source, out = ctx.input(0), ctx.output()
    flat_in, flat_out = source.ref((source.size,)), out.ref((out.size,))
    if source.type is TensorType.FLOAT32 and out.type in _FROM_FLOAT:
        if out.type in QUANTIZED and not out.quantization.per_channel:
            return _of_float(ctx)
        return [in_order(quantize_float, flat_in, *channel_parameters(out), *out.range, flat_out)]
    if out.type not in _FROM_INTEGERS.get(source.type, ()):
        ctx.unsupported()
    real = float(source.scale) / float(out.scale)
    if source.type is TensorType.INT32:
        multiplier, shift = ctx.multiplier(real)
        parameters = (source.zero_point, multiplier, shift, out.zero_point, *out.range)
        return [flat_call(requantize_double_rounding, (flat_in, *parameters, flat_out), ELEMENT_WORK)]
    return _requantize(ctx, real)


def _of_float(ctx: NodeContext) -> Sequence[Call]:
    """Source: tflite/kernels/internal/optimized/optimized_ops.h, XNNPACK src/f32-qs8-vcvt"""
    source, out = ctx.input(0), ctx.output()
    inverse = np.float32(1) / out.scale
    if ctx.numerics.quantizing is Quantizing.RECIPROCAL:
        x, y = source.ref((source.size,)), out.ref((out.size,))
        return [flat_call(quantize_reciprocal, (x, inverse, out.zero_point, True, *out.range, y))]
    if ctx.numerics.quantizing is Quantizing.RECIPROCAL_BLOCKS:
        (x, y), (last_x, last_y) = blocks_and_rest(source.size, 8, source, out)
        return [
            flat_call(quantize_reciprocal, (x, inverse, out.zero_point, False, *out.range, y)),
            Call(quantize_float64, (last_x, out.scale, out.zero_point, *out.range, last_y)),
        ]
    x, y = source.ref((source.size,)), out.ref((out.size,))
    return [in_order(quantize_float, x, *channel_parameters(out), *out.range, y)]


def _requantize(ctx: NodeContext, real: float) -> Sequence[Call]:
    """Source: tflite/kernels/internal/optimized/optimized_ops.h, XNNPACK src/qs8-vcvt"""
    source, out = ctx.input(0), ctx.output()
    multiplier, shift = quantize_multiplier(real)

    def double_rounding(values: Ints) -> Ints:
        return rescale(ctx, real, values)

    def upward(values: Ints) -> Ints:
        return out.zero_point + mbqm_upward(values - source.zero_point, multiplier, shift)

    def eight_bits(values: Ints) -> Ints:
        factor = int(np.rint(np.float32(256) * (source.scale / out.scale)))
        return out.zero_point + (((values - source.zero_point) * factor + 128) >> 8)

    if ctx.numerics.requantizing is Requantizing.MULTIPLIER_8:
        return table_calls(ctx, eight_bits)
    if ctx.numerics.requantizing is Requantizing.UPWARD_BLOCKS and {source.type, out.type} <= set(EIGHT_BIT):
        (x, y), (last_x, last_y) = blocks_and_rest(source.size, 16, source, out)
        bits = np.dtype(np.uint8)
        return [
            flat_call(lookup, (replace(x, dtype=bits), table(ctx, upward), y)),
            Call(lookup, (replace(last_x, dtype=bits), table(ctx, double_rounding), last_y)),
        ]
    return table_calls(ctx, double_rounding)


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
