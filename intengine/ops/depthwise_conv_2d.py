"""DEPTHWISE_CONV_2D: input [B, H, W, C], filter [1, kh, kw, C * D], bias [C * D] -> [B, OH, OW, C * D]."""

from collections.abc import Sequence

import numpy as np

from intengine.model import TensorType
from intengine.ops import _float_depthwise, _hybrid_conv
from intengine.ops._context import NodeContext
from intengine.ops._depthwise import depthwise_call
from intengine.ops._matrix import (
    ACTIVATION_TYPES,
    bias_values,
    check_activation_zero_points,
    conv_scales,
    filter_zero_point,
)
from intengine.ops._registry import Operator, register
from intengine.ops._window import Window
from intengine.shapes import Shape
from intengine.step import Call

_FILTER_TYPES = {
    TensorType.INT8: (TensorType.INT8, TensorType.INT4),
    TensorType.UINT8: (TensorType.UINT8,),
    TensorType.INT16: (TensorType.INT8,),
}


def _window(ctx: NodeContext) -> Window:
    source, weights = ctx.input(0), ctx.input(1)
    ctx.require(source.rank == 4, "needs a 4-D input", list(source.shape))
    ctx.require(
        weights.rank == 4 and weights.shape[0] == 1,
        "needs a filter of shape [1, h, w, n]",
        list(weights.shape),
    )
    ctx.require(
        source.shape[3] > 0 and weights.shape[3] % source.shape[3] == 0,
        "needs output channels divisible by the input's",
        f"{weights.shape[3]} and {source.shape[3]}",
    )
    return Window.of(ctx, source.shape, weights.shape[1], weights.shape[2], dilated=True)


def infer(ctx: NodeContext) -> Sequence[Shape]:
    window = _window(ctx)
    return [(ctx.input(0).shape[0], window.out_h, window.out_w, ctx.input(1).shape[3])]


def prepare(ctx: NodeContext) -> Sequence[Call]:
    source, weights, out = ctx.input(0), ctx.input(1), ctx.output()
    if source.type is TensorType.FLOAT32 and out.type is TensorType.FLOAT32:
        if weights.type is TensorType.FLOAT32:
            return _float_depthwise.depthwise_conv(ctx, _window(ctx))
        return _hybrid_conv.depthwise_conv(ctx, _window(ctx))
    if source.type not in ACTIVATION_TYPES or out.type is not source.type:
        ctx.unsupported()
    if weights.type not in _FILTER_TYPES[source.type]:
        ctx.unsupported()
    check_activation_zero_points(ctx, source, out)
    channels = weights.shape[3]
    wide = source.type is TensorType.INT16
    rows = weights.known()[0].astype(np.int16) - np.int16(filter_zero_point(ctx, source, weights))
    bias = bias_values(ctx, ctx.optional(2), channels, wide=wide)
    requantizer = ctx.numerics.depthwise_conv(conv_scales(source, weights, out, channels, 3, wide=wide))
    return [depthwise_call(ctx, _window(ctx), rows, bias, requantizer, wide=wide)]


register(
    Operator(
        "DEPTHWISE_CONV_2D",
        infer,
        prepare,
        inputs=(2, 3),
        signatures=(
            "int8 x int8|int4 x int32 -> int8",
            "uint8 x uint8 x int32 -> uint8",
            "int16 x int8 x int64 -> int16",
            "float32 x float32 x float32 -> float32",
            "float32 x int8 x float32 -> float32",
        ),
    )
)
