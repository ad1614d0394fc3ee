"""FULLY_CONNECTED: input [..., K], filter [N, K], bias [N] -> [batch, N], or [..., N] with keep_num_dims."""

import math
from collections.abc import Sequence

import numpy as np
from intengine_kernels.gemm import gemm_requantize

from intengine.model import TensorType
from intengine.ops import _float_matrix, _hybrid
from intengine.ops._context import NodeContext
from intengine.ops._fully_connected_int16 import fully_connected_int16
from intengine.ops._matrix import (
    ACTIVATION_TYPES,
    bias_values,
    check_activation_zero_points,
    conv_scales,
    filter_zero_point,
    is_wide,
    pack,
)
from intengine.ops._registry import Operator, register
from intengine.quantization import NONE, RELU, RELU6, RELU_N1_TO_1, activation_range
from intengine.shapes import Shape
from intengine.step import Call


def infer(ctx: NodeContext) -> Sequence[Shape]:
    source, weights = ctx.input(0), ctx.input(1)
    ctx.require(weights.rank == 2, "needs a 2-D filter", list(weights.shape))
    channels, depth = weights.shape
    ctx.require(
        depth > 0 and source.size % depth == 0,
        f"needs an input size divisible by {depth}",
        list(source.shape),
    )
    if ctx.options["keep_num_dims"]:
        ctx.require(
            source.rank > 0 and source.shape[-1] == depth,
            f"needs a last input axis of {depth} to keep dimensions",
            list(source.shape),
        )
        return [(*source.shape[:-1], channels)]
    return [(source.size // depth, channels)]


def prepare(ctx: NodeContext) -> Sequence[Call]:
    source, weights, out = ctx.input(0), ctx.input(1), ctx.output()
    ctx.require(ctx.options["weights_format"] == 0, "needs the default weights format", ctx.options["weights_format"])
    activation = ctx.options["fused_activation_function"]
    if activation not in (NONE, RELU, RELU_N1_TO_1, RELU6):
        ctx.unsupported(f"fused activation {activation}")
    if source.type is TensorType.FLOAT32 and out.type is TensorType.FLOAT32:
        if weights.type is TensorType.FLOAT32:
            return _float_matrix.fully_connected(ctx)
        return _hybrid.fully_connected(ctx)
    widened = source.type is TensorType.UINT8 and out.type is TensorType.INT16
    if source.type not in ACTIVATION_TYPES or not (out.type is source.type or widened):
        ctx.unsupported()
    if source.type is weights.type is TensorType.INT16:
        return fully_connected_int16(ctx)
    signed = (TensorType.INT8, TensorType.INT4, TensorType.INT2)
    if weights.type not in ((TensorType.UINT8,) if source.type is TensorType.UINT8 else signed):
        ctx.unsupported()
    return _quantized(ctx)


def _quantized(ctx: NodeContext) -> Sequence[Call]:
    source, weights, out = ctx.input(0), ctx.input(1), ctx.output()
    check_activation_zero_points(ctx, source, out)
    wide = is_wide(ctx, source)
    channels, depth = weights.shape
    # Per-tensor int8 filters may have a zero point here, unlike in convolutions.
    per_tensor_int8 = source.type is TensorType.INT8 and not weights.quantization.per_channel
    zero_point = weights.zero_point if per_tensor_int8 else filter_zero_point(ctx, source, weights)
    bias = bias_values(ctx, ctx.optional(2), channels, wide=wide)
    packed = pack(source, weights.known()[np.newaxis], zero_point, bias, wide=wide)
    requantizer = ctx.numerics.fully_connected(conv_scales(source, weights, out, channels, 0, wide=wide))
    lo, hi = activation_range(ctx.options["fused_activation_function"], out.type, out.scale, out.zero_point)
    rows = math.prod(source.shape) // depth
    w, *rest = packed.filter_args
    return [
        Call(
            gemm_requantize,
            (
                packed.isa, source.ref((rows, depth)), packed.flip, w[0], *rest, *packed.pad(requantizer),
                out.zero_point, lo, hi, 0, rows, *packed.scratch, out.ref((rows, channels)),
            ),
        )
    ]  # fmt: skip


register(
    Operator(
        "FULLY_CONNECTED",
        infer,
        prepare,
        inputs=(2, 3),
        signatures=(
            "int8 x int8|int4|int2 x int32 -> int8",
            "uint8 x uint8 x int32 -> uint8|int16",
            "int16 x int8|int4|int16 x int32|int64 -> int16",
            "float32 x float32 x float32 -> float32",
            "float32 x int8|uint8|int4|int2 x float32 -> float32",
        ),
    )
)
