"""What transposed convolutions share, and those of float32 images."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from intengine_kernels.fused_matrix import transpose_conv_dynamic, transpose_conv_fused
from intengine_kernels.hybrid_quantize import LANES
from intengine_kernels.transpose_conv import transpose_conv_float, transpose_conv_hybrid
from numpy.typing import NDArray

from intengine.model import TensorType
from intengine.ops._context import NodeContext
from intengine.ops._float_matrix import float_bias, float_range
from intengine.ops._matrix import filter_zero_point
from intengine.ops._operand import Operand
from intengine.ops._window import SAME, VALID
from intengine.shapes import window_output, window_padding
from intengine.step import Call, Scratch


def geometry_of(ctx: NodeContext) -> tuple[int, int, int, int]:
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


def taps(weights: NDArray[Any]) -> NDArray[Any]:
    """[N, kh, kw, C] -> [kh, kw, C, N]."""
    return np.array(weights.transpose(1, 2, 3, 0), order="C")


def sums_of(
    weights: Operand, source: Operand, out: Operand, geometry: tuple[int, int, int, int], dtype: np.dtype[Any]
) -> Scratch:
    """Scratch [phases, positions, N] for the sums of one output row; see `intengine_kernels.transpose_conv`."""
    _, stride, _, pad = geometry
    (channels, _, kw, _), width, out_w = weights.shape, source.shape[2], out.shape[2]
    positions = max(width + (kw - 1) // stride, (out_w - 1 + pad) // stride + 1)
    return Scratch(dtype, (min(stride, kw), positions, channels))


def real_calls(ctx: NodeContext) -> Sequence[Call]:
    """Images of float32, filters of float32 or int8."""
    weights, source, out = ctx.input(1), ctx.input(2), ctx.output()
    geometry = geometry_of(ctx)
    channels = weights.shape[0]
    bias = float_bias(ctx, ctx.optional(3), channels)
    lo, hi = float_range(ctx.options["fused_activation_function"])
    zeros = np.zeros(channels, np.float32)
    fused = (*geometry, lo, hi, 0, out.shape[0] * out.shape[1], Scratch(np.dtype(np.float32), (channels,)), out.ref())
    if weights.type is TensorType.FLOAT32 and ctx.numerics.float_is_fused:
        return [Call(transpose_conv_fused, (source.ref(), taps(weights.known()), bias, *fused))]
    if weights.type is TensorType.FLOAT32:
        return [float_call(source, weights, zeros, bias, geometry, (lo, hi), out)]
    if weights.type is not TensorType.INT8:
        ctx.unsupported()
    filter_zero_point(ctx, source, weights)
    scales = np.array(np.broadcast_to(weights.channel_scales(channels, 0), channels))
    lanes, q = Scratch(np.dtype(np.float32), (2, LANES)), Scratch(np.dtype(np.int8), source.shape[1:])
    if ctx.numerics.hybrid.is_dynamic:
        work = (*geometry, lo, hi, lanes, Scratch(np.dtype(np.int8), (1, *source.shape[1:])))
        acc = Scratch(np.dtype(np.int32), (channels,))
        return [
            Call(transpose_conv_dynamic, (source.ref(), taps(weights.known()), scales, bias, *work, acc, out.ref()))
        ]
    sums = sums_of(weights, source, out, geometry, np.dtype(np.float32))
    rest = (*geometry, lo, hi, lanes, q, sums, zeros, out.ref())
    return [Call(transpose_conv_hybrid, (source.ref(), taps(weights.known()), scales, bias, *rest))]


def float_call(
    source: Operand, weights: Operand, start: NDArray[np.float32], bias: NDArray[np.float32],
    geometry: tuple[int, int, int, int], limits: tuple[float, float], out: Operand,
) -> Call:  # fmt: skip
    """The transposed convolution of real numbers; geometry: (stride_h, stride_w, pad_h, pad_w).

    Each sum begins with `start`, and has `bias` added when it is complete.
    """
    work = (sums_of(weights, source, out, geometry, np.dtype(np.float32)), start)
    after = (*geometry, *limits, 0, out.shape[0] * out.shape[1], *work, out.ref())
    return Call(transpose_conv_float, (source.ref(), taps(weights.known()), bias, *after))
