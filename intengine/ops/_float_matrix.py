"""float32 convolutions and products: sequential sums in the order of the filter, then the bias, then the clamp.

Source: tflite/kernels/internal/reference/conv.h, depthwiseconv_float.h, fully_connected.h
"""

from collections.abc import Callable, Sequence

import numpy as np
from intengine_kernels.float_matrix import conv_float, depthwise_conv_float, gemm_float
from intengine_kernels.fused_matrix import conv_fused, depthwise_conv_fused, gemm_fused
from intengine_kernels.ordered import ROWS
from numpy.typing import NDArray

from intengine.model import TensorType
from intengine.numerics import DepthwiseFloat
from intengine.ops._context import NodeContext, Operand
from intengine.ops._window import Window
from intengine.quantization import real_bounds
from intengine.shapes import Shape
from intengine.step import Call, Scratch

#: Channels come in multiples of this, so that kernels have no scalar rest.
_VECTOR = 16
_MAX = float(np.finfo(np.float32).max)


def float_range(activation: int) -> tuple[float, float]:
    """(lo, hi) that a fused activation clamps float32 to; at most the greatest finite numbers, as LiteRT has it."""
    lo, hi = real_bounds(activation)
    return max(lo, -_MAX), min(hi, _MAX)


def float_bias(ctx: NodeContext, bias: Operand | None, channels: int) -> NDArray[np.float32]:
    """float32[channels] bias, zeros if absent.

    Raises:
        InvalidModelError: for another size or type.
    """
    if bias is None:
        return np.zeros(channels, np.float32)
    ctx.require(bias.type is TensorType.FLOAT32, "needs a float32 bias", bias.type.name)
    ctx.require(bias.size == channels, f"needs {channels} bias values", bias.size)
    return np.array(bias.known().reshape(-1))


def _columns(rows: NDArray[np.float32]) -> NDArray[np.float32]:
    """[..., N, K] -> [..., K, N], zeros up to whole vectors, what kernels of ordered sums take."""
    columns = np.moveaxis(rows, -2, -1)
    return _padded(columns)


def _padded(values: NDArray[np.float32]) -> NDArray[np.float32]:
    """Zeros after the last axis up to whole vectors."""
    pad = [(0, 0)] * (values.ndim - 1) + [(0, -values.shape[-1] % _VECTOR)]
    return np.ascontiguousarray(np.pad(values, pad))


def conv(ctx: NodeContext, window: Window) -> Sequence[Call]:
    source, weights, out = ctx.input(0), ctx.input(1), ctx.output()
    channels, kh, kw, depth = weights.shape
    values = weights.known()
    if window.overhangs(source.shape) and not np.isfinite(values).all():
        ctx.unsupported("filters with infinities or NaN where the window reaches over the edge")
    groups = source.shape[3] // depth
    packed = _columns(values.reshape(groups, channels // groups, -1))
    lo, hi = float_range(ctx.options["fused_activation_function"])
    bias = float_bias(ctx, ctx.optional(2), channels)
    pixels = out.shape[0] * out.shape[1] * out.shape[2]
    _, terms, columns = packed.shape
    acc = Scratch(np.dtype(np.float32), (ROWS, columns))
    if window.is_pointwise and groups == 1:
        return [_gemm(ctx, source, (pixels, depth), packed[0], bias, lo, hi, acc, out)]
    kernel = conv_float
    if ctx.numerics.float_is_fused:
        kernel, bias = conv_fused, _padded(bias.reshape(groups, -1))
    return [
        Call(
            kernel,
            (
                source.ref(), packed, bias, kh, kw, *window.geometry, lo, hi, 0, pixels,
                Scratch(np.dtype(np.float32), (ROWS, terms)), acc, out.ref(),
            ),
        )
    ]  # fmt: skip


def depthwise_conv(ctx: NodeContext, window: Window) -> Sequence[Call]:
    source, weights, out = ctx.input(0), ctx.input(1), ctx.output()
    channels = weights.shape[3]
    lo, hi = float_range(ctx.options["fused_activation_function"])
    bias = float_bias(ctx, ctx.optional(2), channels)
    kernel: Callable[..., None] = depthwise_conv_float
    before: tuple[NDArray[np.float32], ...] = (np.zeros(channels, np.float32), bias)
    if ctx.numerics.float_is_fused and channels > source.shape[3]:
        # XNNPACK makes a convolution with groups of it, whose taps come by row, column.
        return [_fused_groups(ctx, window, bias, lo, hi)]
    if ctx.numerics.float_is_fused:
        kernel, before = depthwise_conv_fused, (bias,)
    elif ctx.numerics.depthwise_float is DepthwiseFloat.BIAS_FIRST:
        # Adding -0.0 changes nothing, not even a zero of either sign.
        before = (bias, np.full(channels, -0.0, np.float32))
    after = (*window.geometry, lo, hi, 0, out.shape[0] * out.shape[1])
    acc = Scratch(np.dtype(np.float32), (channels,))
    return [Call(kernel, (source.ref(), np.array(weights.known()[0]), *before, *after, acc, out.ref()))]


def _fused_groups(ctx: NodeContext, window: Window, bias: NDArray[np.float32], lo: float, hi: float) -> Call:
    source, weights, out = ctx.input(0), ctx.input(1), ctx.output()
    _, kh, kw, channels = weights.shape
    groups = source.shape[3]
    packed = _columns(weights.known()[0].transpose(2, 0, 1).reshape(groups, channels // groups, kh * kw))
    acc = Scratch(np.dtype(np.float32), (ROWS, packed.shape[-1]))
    patches = Scratch(np.dtype(np.float32), (ROWS, kh * kw))
    pixels = out.shape[0] * out.shape[1] * out.shape[2]
    before = (source.ref(), packed, _padded(bias.reshape(groups, -1)), kh, kw, *window.geometry, lo, hi, 0, pixels)
    return Call(conv_fused, (*before, patches, acc, out.ref()))


def fully_connected(ctx: NodeContext) -> Sequence[Call]:
    source, weights, out = ctx.input(0), ctx.input(1), ctx.output()
    channels, depth = weights.shape
    packed = _columns(weights.known())
    lo, hi = float_range(ctx.options["fused_activation_function"])
    bias = float_bias(ctx, ctx.optional(2), channels)
    acc = Scratch(np.dtype(np.float32), (ROWS, packed.shape[1]))
    return [_gemm(ctx, source, (source.size // depth, depth), packed, bias, lo, hi, acc, out)]


def _gemm(
    ctx: NodeContext, source: Operand, shape: Shape, packed: NDArray[np.float32], bias: NDArray[np.float32],
    lo: float, hi: float, acc: Scratch, out: Operand,
) -> Call:  # fmt: skip
    rows = shape[0]
    target = out.ref((rows, bias.size))
    if ctx.numerics.float_is_fused:
        return Call(gemm_fused, (source.ref(shape), packed, _padded(bias), lo, hi, 0, rows, acc, target))
    return Call(gemm_float, (source.ref(shape), packed, bias, lo, hi, 0, rows, acc, target))
