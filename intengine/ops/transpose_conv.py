"""TRANSPOSE_CONV: output shape [4], filter [N, kh, kw, C], input [B, H, W, C], bias [N] -> [B, OH, OW, N]."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from intengine_kernels.hybrid_quantize import LANES
from intengine_kernels.transpose_conv import (
    transpose_conv_float,
    transpose_conv_hybrid,
    transpose_conv_requantize,
)
from numpy.typing import NDArray

from intengine.model import TensorType
from intengine.ops._context import NodeContext, Operand
from intengine.ops._float_matrix import float_bias, float_range
from intengine.ops._matrix import (
    ACTIVATION_TYPES,
    bias_values,
    check_activation_zero_points,
    conv_scales,
    filter_zero_point,
    is_wide,
)
from intengine.ops._registry import Operator, register
from intengine.ops._window import SAME, VALID
from intengine.shapes import Shape, window_output, window_padding
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


def _geometry(ctx: NodeContext) -> tuple[int, int, int, int]:
    """(stride_h, stride_w, pad_h, pad_w), the padding that of the convolution from the output to the input.

    Raises:
        InvalidModelError: for sizes that do not fit, or a padding that the schema does not know.
    """
    options, weights, source, out = ctx.options, ctx.input(1), ctx.input(2), ctx.output()
    ctx.require(options["padding"] in (SAME, VALID), "needs SAME or VALID padding", options["padding"])
    pads = []
    strides = options["stride_h"], options["stride_w"]
    sizes = zip(source.shape[1:3], out.shape[1:3], weights.shape[1:3], strides, strict=True)
    for here, size, window, stride in sizes:
        there = window_output(size, window, stride, 1, options["padding"] == SAME)
        ctx.require(there == here, f"of {size} output rows or columns needs {there} of the input", here)
        pads.append(window_padding(size, window, stride, 1, there))
    return (*strides, *pads)


def prepare(ctx: NodeContext) -> Sequence[Call]:
    weights, source, out = ctx.input(1), ctx.input(2), ctx.output()
    if source.type is TensorType.FLOAT32 and out.type is TensorType.FLOAT32:
        return _real(ctx)
    if source.type not in ACTIVATION_TYPES or out.type is not source.type:
        ctx.unsupported()
    if weights.type is not (TensorType.UINT8 if source.type is TensorType.UINT8 else TensorType.INT8):
        ctx.unsupported()
    check_activation_zero_points(ctx, source, out)
    geometry = _geometry(ctx)
    wide = is_wide(ctx, source, ctx.optional(3))
    dtype = np.dtype(np.int64 if wide else np.int32)
    zero_point = filter_zero_point(ctx, source, weights)
    packed = _taps(weights.known())
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
                0, out.shape[0] * out.shape[1], Scratch(np.dtype(np.int16), source.shape[2:]),
                _sums(weights, source, out, geometry, dtype), Scratch(dtype, (channels,)), out.ref(),
            ),
        )
    ]  # fmt: skip


def _real(ctx: NodeContext) -> Sequence[Call]:
    weights, source, out = ctx.input(1), ctx.input(2), ctx.output()
    geometry = _geometry(ctx)
    channels = weights.shape[0]
    bias = float_bias(ctx, ctx.optional(3), channels)
    lo, hi = float_range(ctx.options["fused_activation_function"])
    zeros = np.zeros(channels, np.float32)
    if weights.type is TensorType.FLOAT32:
        return [float_call(source, weights, zeros, bias, geometry, (lo, hi), out)]
    if weights.type is not TensorType.INT8:
        ctx.unsupported()
    filter_zero_point(ctx, source, weights)
    scales = np.array(np.broadcast_to(weights.channel_scales(channels, 0), channels))
    lanes, q = Scratch(np.dtype(np.float32), (2, LANES)), Scratch(np.dtype(np.int8), source.shape[1:])
    sums = _sums(weights, source, out, geometry, np.dtype(np.float32))
    rest = (*geometry, lo, hi, lanes, q, sums, zeros, out.ref())
    return [Call(transpose_conv_hybrid, (source.ref(), _taps(weights.known()), scales, bias, *rest))]


def _taps(weights: NDArray[Any]) -> NDArray[Any]:
    """[N, kh, kw, C] -> [kh, kw, C, N]."""
    return np.array(weights.transpose(1, 2, 3, 0), order="C")


def float_call(
    source: Operand, weights: Operand, start: NDArray[np.float32], bias: NDArray[np.float32],
    geometry: tuple[int, int, int, int], limits: tuple[float, float], out: Operand,
) -> Call:  # fmt: skip
    """The transposed convolution of real numbers; geometry: (stride_h, stride_w, pad_h, pad_w).

    Each sum begins with `start`, and has `bias` added when it is complete.
    """
    work = (_sums(weights, source, out, geometry, np.dtype(np.float32)), start)
    after = (*geometry, *limits, 0, out.shape[0] * out.shape[1], *work, out.ref())
    return Call(transpose_conv_float, (source.ref(), _taps(weights.known()), bias, *after))


def _sums(
    weights: Operand, source: Operand, out: Operand, geometry: tuple[int, int, int, int], dtype: np.dtype[Any]
) -> Scratch:
    """Scratch [phases, positions, N] for the sums of one output row; see `intengine_kernels.transpose_conv`."""
    _, stride, _, pad = geometry
    (channels, _, kw, _), width, out_w = weights.shape, source.shape[2], out.shape[2]
    positions = max(width + (kw - 1) // stride, (out_w - 1 + pad) // stride + 1)
    return Scratch(dtype, (min(stride, kw), positions, channels))


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
