"""What CONV_2D, DEPTHWISE_CONV_2D, TRANSPOSE_CONV and FULLY_CONNECTED share: bias, packing, accumulator width."""

import numpy as np
from numpy.typing import NDArray

from intengine.model import TensorType
from intengine.numerics import ConvScales
from intengine.ops._context import NodeContext
from intengine.ops._operand import Operand

ACTIVATION_TYPES = (TensorType.INT8, TensorType.UINT8, TensorType.INT16)


def is_wide(ctx: NodeContext, activation: Operand, bias: Operand | None) -> bool:
    """Whether the accumulator is int64: int16 activations, unless the bias is int32 or the options say so.

    LiteRT goes by the options alone, and reads an int32 bias that they do not declare as int64, beyond its end.
    Source: tflite/kernels/conv.cc
    """
    if activation.type is not TensorType.INT16:
        return False
    declared = ctx.options.get("quantized_bias_type", TensorType.FLOAT32) == TensorType.INT32
    return not declared and (bias is None or bias.type is not TensorType.INT32)


def check_activation_zero_points(ctx: NodeContext, *operands: Operand) -> None:
    """int16 activations are symmetric."""
    for operand in operands:
        if operand.type is TensorType.INT16 and operand.zero_point != 0:
            operand.refuse("is int16 and needs zero point 0", str(operand.zero_point))


def filter_zero_point(ctx: NodeContext, source: Operand, weights: Operand) -> int:
    """The one zero point of a filter: any for uint8, 0 for int8 (per-channel ones must all be 0)."""
    zero_points = weights.quantization.zero_point
    if source.type is TensorType.UINT8:
        return weights.zero_point
    if zero_points.size and zero_points.any():
        weights.refuse("is a signed filter and needs zero point 0", str(int(zero_points[zero_points != 0][0])))
    return 0


def bias_values(ctx: NodeContext, bias: Operand | None, channels: int, *, wide: bool) -> NDArray[np.int64]:
    """int64[channels] bias, zeros if absent.

    Raises:
        InvalidModelError: for another size, or a type that is not the accumulator's.
    """
    if bias is None:
        return np.zeros(channels, np.int64)
    expected = TensorType.INT64 if wide else TensorType.INT32
    ctx.require(bias.type is expected, f"needs an {expected.name.lower()} bias", bias.type.name.lower())
    ctx.require(bias.size == channels, f"needs {channels} bias values", bias.size)
    return bias.known().reshape(-1).astype(np.int64)


def conv_scales(
    source: Operand, weights: Operand, out: Operand, channels: int, axis: int, *, wide: bool, groups: int = 1
) -> ConvScales:
    """The scales that the profile's requantizer is made from."""
    filter_scales = weights.channel_scales(channels, axis)
    return ConvScales(source.scale, filter_scales, out.scale, source.type, wide, channels, groups)
