"""TRANSPOSE_CONV: output shape [4], filter [N, kh, kw, C], input [B, H, W, C], bias [N] -> [B, OH, OW, N]."""

from collections.abc import Sequence

import numpy as np
from intengine_kernels.transpose_conv import transpose_conv_requantize

from intengine.model import TensorType
from intengine.ops._context import NodeContext
from intengine.ops._matrix import (
    ACTIVATION_TYPES,
    bias_values,
    check_activation_zero_points,
    conv_scales,
    filter_zero_point,
    is_wide,
)
from intengine.ops._registry import Operator, register
from intengine.ops._transpose_conv import geometry_of, real_calls, sums_of, taps
from intengine.shapes import Shape
from intengine.step import Call, Scratch


def infer(ctx: NodeContext) -> Sequence[Shape]:
    wanted, weights, source = ctx.input(0), ctx.input(1), ctx.input(2)
    ctx.require(source.rank == 4, "needs a 4-D input", list(source.shape))
    ctx.require(weights.rank == 4, "needs a 4-D filter", list(weights.shape))
    ctx.require(wanted.type is TensorType.INT32, "needs an int32 output shape", wanted.type.name.lower())
    ctx.require(wanted.shape == (4,), "needs an output shape of 4 sizes", list(wanted.shape))
    shape = wanted.ints()
    ctx.require(
        weights.shape[3] == source.shape[3], "needs the filter's input channels to be the input's",
        f"{weights.shape[3]} and {source.shape[3]}",
    )  # fmt: skip
    expected = (source.shape[0], weights.shape[0])
    ctx.require(
        (shape[0], shape[3]) == expected, f"needs an output shape [{expected[0]}, h, w, {expected[1]}]", list(shape)
    )
    return [shape]


def prepare(ctx: NodeContext) -> Sequence[Call]:
    weights, source, out = ctx.input(1), ctx.input(2), ctx.output()
    if source.type is TensorType.FLOAT32 and out.type is TensorType.FLOAT32:
        return real_calls(ctx)
    if source.type not in ACTIVATION_TYPES or out.type is not source.type:
        ctx.unsupported()
    if weights.type is not (TensorType.UINT8 if source.type is TensorType.UINT8 else TensorType.INT8):
        ctx.unsupported()
    check_activation_zero_points(ctx, source, out)
    geometry = geometry_of(ctx)
    wide = is_wide(ctx, source, ctx.optional(3))
    dtype = np.dtype(np.int64 if wide else np.int32)
    zero_point = filter_zero_point(ctx, source, weights)
    packed = taps(weights.known())
    if zero_point or weights.type is TensorType.UINT8:
        packed = packed.astype(np.int16) - np.int16(zero_point)
    channels = weights.shape[0]
    bias = bias_values(ctx, ctx.optional(3), channels, wide=wide).astype(dtype)
    requantizer = ctx.numerics.transpose_conv(conv_scales(source, weights, out, channels, 0, wide=wide))
    lo, hi = ctx.activation_range(out)
    return [
        Call(
            transpose_conv_requantize,
            (
                source.ref(), packed, bias, source.zero_point, *geometry, *requantizer.args, out.zero_point, lo, hi,
                out.size // requantizer.block * requantizer.block, 0, out.shape[0] * out.shape[1],
                Scratch(np.dtype(np.int16), source.shape[2:]), sums_of(weights, source, out, geometry, dtype),
                Scratch(dtype, (channels,)), out.ref(),
            ),
        )
    ]  # fmt: skip


register(
    Operator(
        "TRANSPOSE_CONV",
        infer,
        prepare,
        inputs=(3, 4),
        signatures=(
            "int32 x int8 x int8 x int32 -> int8",
            "int32 x uint8 x uint8 x int32 -> uint8",
            "int32 x int8 x int16 x int32|int64 -> int16",
            "int32 x float32 x float32 x float32 -> float32",
            "int32 x int8 x float32 x float32 -> float32",
        ),
    )
)
