"""LceBconv2d: convolution of bits, as Larq's binary networks have it."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from intengine_kernels.binary_conv import binary_conv
from numpy.typing import NDArray

from intengine.fixedpoint import round_half_away
from intengine.model import TensorType
from intengine.ops._context import NodeContext
from intengine.ops._flexbuffer import integer, options
from intengine.ops._operand import Operand
from intengine.ops._registry import Operator, register
from intengine.ops.lce_quantize import geometry, pack, words
from intengine.quantization import real_bounds
from intengine.shapes import Shape
from intengine.step import Call, Scratch

F32 = NDArray[np.float32]


def _settings(ctx: NodeContext) -> tuple[int, int, int, int, int, tuple[int, ...]]:
    """(channels in, pad value, activation, dilations, geometry)."""
    source, weights = ctx.input(0), ctx.input(1)
    given = options(ctx.node.custom_options)
    names = ("channels_in", "pad_values", "fused_activation_function")
    depth, pad, activation = (integer(given, name) for name in names)
    by = tuple(integer(given, f"dilation_{side}_factor", 1) for side in ("height", "width"))
    ctx.require(source.rank == weights.rank == 4, "needs a 4-D input and filter", (source.shape, weights.shape))
    ctx.require(depth > 0 and words(depth) == source.shape[3], "needs an input of channels_in bits", depth)
    ctx.require(pad in (0, 1), "needs pad_values 0 or 1", pad)
    groups = source.shape[3] // max(weights.shape[3], 1)
    whole = groups > 0 and weights.shape[3] * groups == source.shape[3] and depth % groups == 0
    ctx.require(whole and weights.shape[0] % groups == 0, "needs channels divisible by its groups", weights.shape)
    return (
        depth,
        pad,
        activation,
        by[0],
        by[1],
        geometry(ctx, source.shape, weights.shape[1], weights.shape[2], (by[0], by[1])),
    )


def infer(ctx: NodeContext) -> Sequence[Shape]:
    *_, (out_h, out_w, *_rest) = _settings(ctx)
    channels = ctx.input(1).shape[0]
    is_bits = ctx.output().type is TensorType.INT32
    return [(ctx.input(0).shape[0], out_h, out_w, words(channels) if is_bits else channels)]


def _finish(dot: NDArray[np.int32], most: int, lo: int, hi: int, multiplier: F32, bias: F32, out: NDArray[Any]) -> None:
    """float32: (most - clamp(dot)) * multiplier + bias; int8: the same, rounded half away from zero and saturated."""
    real = (most - np.clip(dot, lo, hi)).astype(np.float32) * multiplier + bias
    out[...] = real if out.dtype == np.float32 else np.clip(round_half_away(real), -128, 127)


def _pack(dot: NDArray[np.int32], most: int, thresholds: NDArray[np.int32], out: NDArray[np.int32]) -> None:
    """-1 where more products than the threshold are -1."""
    out[...] = pack((most - dot) // 2 > thresholds)


def _numbers(ctx: NodeContext, operand: Operand, channels: int) -> F32:
    if operand.type is not TensorType.FLOAT32 or operand.size != channels:
        operand.refuse(f"needs {channels} float32 numbers", f"{operand.size} {operand.type.name}")
    return operand.known().reshape(-1).astype(np.float32)


def prepare(ctx: NodeContext) -> Sequence[Call]:
    """dot = sum of products; then the activation, a multiplier and a bias, or a threshold that gives a bit again.

    most = taps * channels in. Real outputs are (most - clamp(dot)) * -multiplier + (bias + most * multiplier), int8
    ones the same with both divided by the scale and the zero point added to the bias. The two factors are computed in
    float64 and rounded once; the rest is float32, rounded at each step.

    Source: larq_compute_engine/core/bconv2d/output_transform.h, tflite/kernels/bconv2d_output_transform_utils.h
    """
    source, weights, out = ctx.input(0), ctx.input(1), ctx.output()
    if not source.type is weights.type is TensorType.INT32:
        ctx.unsupported()
    depth, pad, activation, dil_h, dil_w, (out_h, out_w, stride_h, stride_w, pad_h, pad_w) = _settings(ctx)
    channels, kh, kw, _ = weights.shape
    share = depth // (source.shape[3] // weights.shape[3])
    most = kh * kw * share
    dot = Scratch(np.dtype(np.int32), (source.shape[0], out_h, out_w, channels))
    geometry_ = (stride_h, stride_w, dil_h, dil_w, pad_h, pad_w)
    first = Call(binary_conv, (source.ref(), weights.ref(), share, pad == 1, *geometry_, dot))
    if out.type is TensorType.INT32:
        thresholds = ctx.input(4)
        if thresholds.type is not TensorType.INT32 or thresholds.size != channels:
            thresholds.refuse(f"needs {channels} int32 thresholds", f"{thresholds.size} {thresholds.type.name}")
        return [first, Call(_pack, (dot, most, thresholds.known().reshape(-1), out.ref()))]
    if out.type not in (TensorType.FLOAT32, TensorType.INT8):
        ctx.unsupported()
    lo, hi = (int(min(max(bound, -(2**31)), 2**31 - 1)) for bound in real_bounds(activation))
    scale, zero_point = (float(out.scale), out.zero_point) if out.type is TensorType.INT8 else (1.0, 0)
    factor, offset = (_numbers(ctx, ctx.input(i), channels).astype(np.float64) for i in (2, 3))
    with np.errstate(over="ignore", invalid="ignore"):
        multiplier = (-factor / scale).astype(np.float32)
        bias = ((offset + most * factor) / scale + zero_point).astype(np.float32)
    return [first, Call(_finish, (dot, most, lo, hi, multiplier, bias, out.ref()))]


_BITS = "int32 x int32 x float32 x float32 x int32"
register(Operator("LceBconv2d", infer, prepare, (4, 5), (f"{_BITS} -> float32|int8|int32",)))
