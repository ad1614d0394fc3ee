"""FULLY_CONNECTED: input [..., K], filter [N, K], bias [N] -> [batch, N], or [..., N] with keep_num_dims."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from intengine.model import BlockwiseQuantization, TensorType
from intengine.ops import _float_matrix, _hybrid, _packed_int4
from intengine.ops._context import NodeContext
from intengine.ops._fully_connected import SHUFFLED, fixed_multipliers, int16_call, int16_weights, shuffled
from intengine.ops._matrix import (
    ACTIVATION_TYPES,
    bias_values,
    check_activation_zero_points,
    conv_scales,
    filter_zero_point,
    is_wide,
)
from intengine.ops._packing import pack
from intengine.ops._registry import Operator, register
from intengine.ops._weight_blocks import blockwise, is_wrapping, wrapping_call
from intengine.quantization import NONE, RELU, RELU6, RELU_N1_TO_1
from intengine.shapes import Shape
from intengine.step import Call


def infer(ctx: NodeContext) -> Sequence[Shape]:
    source, weights = ctx.input(0), ctx.input(1)
    ctx.require(weights.rank == 2, "needs a 2-D filter", list(weights.shape))
    channels, depth = weights.shape
    if depth == 0:
        kept = source.shape[:-1] if ctx.options["keep_num_dims"] else (math.prod(source.shape[:-1]),)
        return [(*kept, channels)]
    ctx.require(
        source.size % depth == 0,
        f"needs an input size divisible by {depth}",
        list(source.shape),
    )
    if ctx.options["keep_num_dims"]:
        ctx.require(
            source.rank > 0 and source.shape[-1] == depth,
            f"needs a last input axis of {depth} to keep dimensions",
            list(source.shape),
        )
        shape: Shape = (*source.shape[:-1], channels)
    else:
        shape = (source.size // depth, channels)
    return [shape, ctx.output(1).shape] if ctx.options["weights_format"] == SHUFFLED else [shape]


def prepare(ctx: NodeContext) -> Sequence[Call]:
    source, weights, out = ctx.input(0), ctx.input(1), ctx.output()
    activation = ctx.options["fused_activation_function"]
    if activation not in (NONE, RELU, RELU_N1_TO_1, RELU6):
        ctx.unsupported(f"fused activation {activation}")
    if weights.shape[1] == 0:
        return [Call(_zero, (out.ref(),))]
    if ctx.options["weights_format"] == SHUFFLED:
        return shuffled(ctx)
    ctx.require(ctx.options["weights_format"] == 0, "knows two weights formats", ctx.options["weights_format"])
    details = weights.quantization.details
    if source.type is TensorType.FLOAT32 and out.type is TensorType.FLOAT32:
        if weights.type is TensorType.FLOAT32:
            return _float_matrix.fully_connected(ctx)
        if isinstance(details, BlockwiseQuantization):
            return blockwise(ctx, details)
        if _packed_int4.is_packed(ctx, weights):
            return [_packed_int4.fully_connected(ctx)]
        return _hybrid.fully_connected(ctx)
    if weights.type is TensorType.INT16:
        return int16_weights(ctx)
    widens = source.type is TensorType.UINT8 and out.type is TensorType.INT16
    if source.type not in ACTIVATION_TYPES or (out.type is not source.type and not widens):
        ctx.unsupported()
    signed = (TensorType.INT8, TensorType.INT4, TensorType.INT2)
    if weights.type not in ((TensorType.UINT8,) if source.type is TensorType.UINT8 else signed):
        ctx.unsupported()
    return _quantized(ctx)


def _zero(out: NDArray[Any]) -> None:
    """What LiteRT makes of an inner size of 0, whatever the bias and zero points."""
    out[...] = 0


def _quantized(ctx: NodeContext) -> Sequence[Call]:
    source, weights, out = ctx.input(0), ctx.input(1), ctx.output()
    if source.type is TensorType.INT16:
        check_activation_zero_points(ctx, source, out)
    channels, depth = weights.shape
    # Per-tensor int8 filters may have a zero point here, unlike in convolutions.
    per_tensor_int8 = weights.type is TensorType.INT8 and not weights.quantization.per_channel
    zero_point = weights.zero_point if per_tensor_int8 else filter_zero_point(ctx, source, weights)
    declared_wide = ctx.options["quantized_bias_type"] == TensorType.INT64
    narrow = ctx.optional(2) is None and not declared_wide and not zero_point
    narrow &= ctx.numerics.fully_connected_int16_narrow
    wide = is_wide(ctx, source, ctx.optional(2)) and not narrow
    bias = bias_values(ctx, ctx.optional(2), channels, wide=wide)
    scales = conv_scales(source, weights, out, channels, 0, wide=wide)
    sparse = weights.spec.sparsity is not None and source.type is TensorType.INT8
    requantizer = fixed_multipliers(ctx, scales) if sparse else ctx.numerics.fully_connected(scales)
    if source.type is TensorType.INT16 and zero_point != 0:
        return [int16_call(ctx, bias, requantizer, wraps=not wide)]
    if sparse and is_wrapping(ctx):
        return [wrapping_call(ctx, bias, requantizer)]
    packed = pack(source, weights.known()[np.newaxis], zero_point, bias, wide=wide)
    lo, hi = ctx.activation_range(out)
    rows = math.prod(source.shape) // depth
    rule = packed.rule(requantizer, out.dtype, out.zero_point, lo, hi)
    return [packed.product(source.ref((rows, depth)), rule, out.ref((rows, channels)))]


register(
    Operator(
        "FULLY_CONNECTED",
        infer,
        prepare,
        inputs=(2, 3),
        signatures=(
            "int8 x int8|int4|int2 x int32 -> int8",
            "uint8 x uint8 x int32 -> uint8|int16",
            "uint8 x uint8 x int32 -> int16, uint8",
            "int16 x int8|int4|int2|int16 x int32|int64 -> int16",
            "float32 x float32 x float32 -> float32",
            "float32 x int8|uint8|int4|int2 x float32 -> float32",
        ),
    )
)
