"""float32 convolutions and products: sequential sums in the order of the filter, then the bias, then the clamp.

Where float32 is fused, the bias comes first, and each tap is one fused multiply-add.

Source: tflite/kernels/internal/reference/conv.h, fully_connected.h
"""

from collections.abc import Sequence

import numpy as np
from intengine_kernels.float_matrix import conv_float, gemm_float
from intengine_kernels.isa.float_tile import ROWS
from intengine_kernels.isa.vectors import LANES
from numpy.typing import NDArray

from intengine.model import TensorType
from intengine.ops._context import NodeContext
from intengine.ops._operand import Operand
from intengine.ops._window import Window
from intengine.quantization import real_bounds
from intengine.shapes import Shape
from intengine.step import FLOAT_WORK, Call, Reach, Scratch

#: Output pixels that are made with the weights of some channels before the next channels' are read.
_BLOCK = 192
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


def pack_panels(rows: NDArray[np.float32]) -> NDArray[np.float32]:
    """[G, N, K] -> [G, P, K, LANES]: the terms of LANES columns side by side, zeros for columns that are not there."""
    groups, channels, depth = rows.shape
    panels = -(-channels // LANES)
    padded = np.zeros((groups, panels * LANES, depth), np.float32)
    padded[:, :channels] = rows
    return np.ascontiguousarray(padded.reshape(groups, panels, LANES, depth).swapaxes(2, 3))


def ends(ctx: NodeContext, bias: NDArray[np.float32], groups: int = 1) -> tuple[NDArray[np.float32], ...]:
    """(what sums begin with, what is added in the end), each group's channels filled up to whole vectors.

    Adding -0.0 changes nothing, not even a zero of either sign.
    """
    values = bias.reshape(groups, -1)
    padded = np.pad(values, [(0, 0), (0, -values.shape[1] % LANES)]).reshape(-1)
    if ctx.numerics.float_is_fused:
        return padded, np.full_like(padded, -0.0)
    return np.zeros_like(padded), padded


def conv(ctx: NodeContext, window: Window) -> Sequence[Call]:
    source, weights, out = ctx.input(0), ctx.input(1), ctx.output()
    channels, _, _, depth = weights.shape
    values = weights.known()
    if window.overhangs(source.shape) and not np.isfinite(values).all():
        ctx.unsupported("filters with infinities or NaN where the window reaches over the edge")
    groups = source.shape[3] // depth
    bias = float_bias(ctx, ctx.optional(2), channels)
    lo, hi = float_range(ctx.options["fused_activation_function"])
    if window.is_pointwise and groups == 1:
        pixels = out.shape[0] * out.shape[1] * out.shape[2]
        return [_gemm(ctx, source, (pixels, depth), values.reshape(channels, depth), bias, lo, hi, out)]
    return [grouped_conv(ctx, window, values.reshape(groups, channels // groups, -1), bias, lo, hi)]


def grouped_conv(
    ctx: NodeContext, window: Window, rows: NDArray[np.float32], bias: NDArray[np.float32], lo: float, hi: float
) -> Call:
    """A convolution with the filters [G, N / G, K]."""
    source, out = ctx.input(0), ctx.output()
    batches, out_h, out_w, _ = out.shape
    some = max(min(_BLOCK // max(out_w, 1), out_h), 1)
    lines = (some - 1) * window.stride_h + (window.kh - 1) * window.dilation_h + 1
    columns = (out_w - 1) * window.stride_w + (window.kw - 1) * window.dilation_w + 1
    strip = lines * columns * source.shape[3] if window.overhangs(source.shape) else 0
    return Call(
        conv_float,
        (
            ctx.numerics.float_is_fused, source.ref(), pack_panels(rows), *ends(ctx, bias, rows.shape[0]),
            window.kh, window.kw, *window.geometry, lo, hi, 0, batches * out_h,
            Scratch(np.dtype(np.int64), (some * out_w,)), Scratch(np.dtype(np.int64), (window.kh * window.kw,)),
            Scratch(np.dtype(np.float32), (strip,)), out.ref(),
        ),
        work=FLOAT_WORK * out.size * rows.shape[2],
        reach=window.reach(source.shape, out.shape[3]),
    )  # fmt: skip


def fully_connected(ctx: NodeContext) -> Sequence[Call]:
    source, weights, out = ctx.input(0), ctx.input(1), ctx.output()
    channels, depth = weights.shape
    lo, hi = float_range(ctx.options["fused_activation_function"])
    bias = float_bias(ctx, ctx.optional(2), channels)
    return [_gemm(ctx, source, (source.size // depth, depth), weights.known(), bias, lo, hi, out)]


def _gemm(
    ctx: NodeContext, source: Operand, shape: Shape, weights: NDArray[np.float32], bias: NDArray[np.float32],
    lo: float, hi: float, out: Operand,
) -> Call:  # fmt: skip
    """A product of the rows of `source`, seen in that shape, and weights [N, K]."""
    rows = shape[0]
    return Call(
        gemm_float,
        (
            ctx.numerics.float_is_fused, source.ref(shape), pack_panels(weights[np.newaxis]), *ends(ctx, bias),
            lo, hi, 0, rows, Scratch(np.dtype(np.int64), (max(min(_BLOCK, rows), 1),)),
            Scratch(np.dtype(np.int64), (1,)), out.ref((rows, bias.size)),
        ),
        work=FLOAT_WORK * rows * weights.size,
        unit=ROWS,
        reach=Reach.rows(rows, shape[1], bias.size, of="a"),
    )  # fmt: skip
