"""What CONV_2D, DEPTHWISE_CONV_2D, TRANSPOSE_CONV and FULLY_CONNECTED share: bias, packing, accumulator width."""

import numpy as np
from intengine_kernels.gemm import COLUMNS
from numpy.typing import NDArray

from intengine.model import TensorType
from intengine.numerics import ConvScales
from intengine.ops._context import NodeContext, Operand

ACTIVATION_TYPES = (TensorType.INT8, TensorType.UINT8, TensorType.INT16)
#: Products of int16 and int8 that fit an int32 sum: each is at most 2**22 in size.
INT16X8_CHUNK = 256


def is_wide(ctx: NodeContext, activation: Operand) -> bool:
    """Whether the accumulator is int64: int16 activations, unless the options declare an int32 bias.

    Source: tflite/kernels/conv.cc
    """
    return (
        activation.type is TensorType.INT16
        and ctx.options.get("quantized_bias_type", TensorType.FLOAT32) != TensorType.INT32
    )


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
        InvalidModelError: for another size or a type that is not an integer bias.
    """
    if bias is None:
        return np.zeros(channels, np.int64)
    ctx.require(
        bias.type in (TensorType.INT32, TensorType.INT64), "needs an int32 or int64 bias", bias.type.name
    )
    ctx.require(bias.size == channels, f"needs {channels} bias values", bias.size)
    return bias.known().reshape(-1).astype(np.int64)


def fold_zero_point(
    bias: NDArray[np.integer], weights: NDArray[np.integer], input_zero_point: int, *, wide: bool
) -> NDArray[np.integer]:
    """bias - z * sum(w) over the last axis, as the accumulator's type (int32 wraps, as the accumulation does)."""
    folded = bias.astype(np.int64) - input_zero_point * weights.astype(np.int64).sum(axis=-1)
    return folded if wide else folded.astype(np.int32)


def pack_rows(weights: NDArray[np.integer], zero_point: int) -> NDArray[np.integer]:
    """[..., N, K] filter rows, zero point taken off, N padded to a multiple of COLUMNS; int8 if that fits, else int16."""
    values = weights.astype(np.int16) - np.int16(zero_point)
    pad = [(0, 0)] * (values.ndim - 2) + [(0, -values.shape[-2] % COLUMNS), (0, 0)]
    packed = np.pad(values, pad)
    return np.ascontiguousarray(packed.astype(np.int8) if weights.dtype == np.int8 and zero_point == 0 else packed)


def pad_columns(bias: NDArray[np.integer]) -> NDArray[np.integer]:
    """[..., N] -> [..., N4], zeros after."""
    return np.pad(bias, [(0, 0)] * (bias.ndim - 1) + [(0, -bias.shape[-1] % COLUMNS)])


def conv_scales(
    source: Operand, weights: Operand, out: Operand, channels: int, axis: int, *, wide: bool
) -> ConvScales:
    """The scales that the profile's requantizer is made from."""
    return ConvScales(
        source.scale, weights.channel_scales(channels, axis), out.scale, source.type, wide, channels
    )
