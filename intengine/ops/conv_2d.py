"""CONV_2D: input [B, H, W, C], filter [N, kh, kw, C / groups], bias [N] -> [B, OH, OW, N]."""

from collections.abc import Sequence

import numpy as np
from intengine_kernels.conv import conv_requantize

from intengine.model import TensorType
from intengine.ops import _float_matrix, _hybrid_conv
from intengine.ops._context import NodeContext
from intengine.ops._depthwise import depthwise_call
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
from intengine.ops._window import Window
from intengine.ops._winograd import pays, winograd
from intengine.shapes import Shape
from intengine.step import Call

#: Of the first or second level cache, for a strip of the padded image.
_STRIP_BYTES = 2**16


def _window(ctx: NodeContext) -> Window:
    source, weights = ctx.input(0), ctx.input(1)
    ctx.require(source.rank == 4, "needs a 4-D input", list(source.shape))
    ctx.require(weights.rank == 4, "needs a 4-D filter", list(weights.shape))
    depth = weights.shape[3]
    ctx.require(
        depth > 0 and source.shape[3] % depth == 0,
        "needs input channels divisible by the filter's",
        f"{source.shape[3]} and {depth}",
    )
    ctx.require(
        weights.shape[0] % max(source.shape[3] // depth, 1) == 0,
        "needs output channels divisible by its groups",
        f"{weights.shape[0]} and {source.shape[3] // depth}",
    )
    return Window.of(ctx, source.shape, weights.shape[1], weights.shape[2], dilated=True)


def infer(ctx: NodeContext) -> Sequence[Shape]:
    window = _window(ctx)
    return [(ctx.input(0).shape[0], window.out_h, window.out_w, ctx.input(1).shape[0])]


def prepare(ctx: NodeContext) -> Sequence[Call]:
    source, weights, out = ctx.input(0), ctx.input(1), ctx.output()
    if source.type is TensorType.FLOAT32 and out.type is TensorType.FLOAT32:
        if weights.type is TensorType.FLOAT32:
            return _float_matrix.conv(ctx, _window(ctx))
        return _hybrid_conv.conv(ctx, _window(ctx))
    if source.type not in ACTIVATION_TYPES or out.type is not source.type:
        ctx.unsupported()
    expected = (TensorType.UINT8,) if source.type is TensorType.UINT8 else (TensorType.INT8, TensorType.INT4)
    if weights.type not in expected:
        ctx.unsupported()
    return _quantized(ctx, _window(ctx))


def _quantized(ctx: NodeContext, window: Window) -> Sequence[Call]:
    source, weights, out = ctx.input(0), ctx.input(1), ctx.output()
    check_activation_zero_points(ctx, source, out)
    wide = is_wide(ctx, source, ctx.optional(2))
    channels, kh, kw, depth = weights.shape
    batch, _, _, columns = source.shape
    groups = columns // depth
    bias = bias_values(ctx, ctx.optional(2), channels, wide=wide)
    zero_point = filter_zero_point(ctx, source, weights)
    rows = weights.known().reshape(groups, channels // groups, kh * kw * depth)
    requantizer = ctx.numerics.conv(conv_scales(source, weights, out, channels, 0, wide=wide, groups=groups))
    if groups > 1 and depth == 1:
        taps = weights.known().reshape(channels, kh, kw).transpose(1, 2, 0).astype(np.int16) - np.int16(zero_point)
        return [depthwise_call(ctx, window, taps, bias, requantizer, wide=wide)]
    lo, hi = ctx.activation_range(out)
    is_bytes = source.dtype.itemsize == 1 and not wide
    if groups == 1 and is_bytes and pays(window, batch, depth, channels):
        taps = weights.known().astype(np.int16) - np.int16(zero_point)
        call = winograd(source, out, window, taps, bias, requantizer, lo, hi)
        if call is not None:
            return [call]
    pixels = batch * window.out_h * window.out_w
    if window.is_pointwise and groups == 1:
        packed = pack(source, rows, zero_point, bias, wide=wide)
        x, y = source.ref((pixels, depth)), out.ref((pixels, channels))
        return [packed.product(x, packed.rule(requantizer, out.dtype, out.zero_point, lo, hi), y)]
    # Neighbouring taps lie next to each other unless the filter is dilated or grouped: one segment for each row.
    together = groups == 1 and (window.dilation_w == 1 or kw == 1)
    packed = pack(source, rows, zero_point, bias, wide=wide, segments=kh if together else kh * kw)
    width = (window.out_w - 1) * window.stride_w + (kw - 1) * window.dilation_w + 1
    offsets = [
        (ky * window.dilation_h * width + kx * window.dilation_w) * columns + g * depth
        for g in range(groups)
        for ky in range(kh)
        for kx in range(1 if together else kw)
    ]
    span = (kh - 1) * window.dilation_h + 1
    height = _strip_height(window, span, width * columns * packed.panel.itemsize)
    rule = packed.rule(requantizer, out.dtype, out.zero_point, lo, hi)
    strip = packed.strip(((height - 1) * window.stride_h + span) * width * columns)
    args = (
        packed.isa, source.ref(), packed.flip, packed.filter(offsets), rule, span,
        width, window.stride_h, window.stride_w, window.pad_h, window.pad_w, packed.fill, height, 0,
        batch * window.out_h, strip, packed.work, out.ref(),
    )  # fmt: skip
    return [
        Call(
            conv_requantize,
            args,
            work=pixels * packed.lanes * kh * kw * depth,
            pads=True,
            reach=window.reach(source.shape, out.shape[3]),
        )
    ]


def _strip_height(window: Window, span: int, row_bytes: int) -> int:
    """Output rows of one strip: as many as a part of the cache holds, and enough that little is copied twice."""
    fitting = max((_STRIP_BYTES // max(row_bytes, 1) - span) // window.stride_h + 1, 1)
    return min(max(fitting, span // window.stride_h), max(window.out_h, 1))


register(
    Operator(
        "CONV_2D",
        infer,
        prepare,
        inputs=(2, 3),
        signatures=(
            "int8 x int8|int4 x int32 -> int8",
            "uint8 x uint8 x int32 -> uint8",
            "int16 x int8|int4 x int32|int64 -> int16",
            "float32 x float32 x float32 -> float32",
            "float32 x int8|uint8|int4 x float32 -> float32",
        ),
    )
)
