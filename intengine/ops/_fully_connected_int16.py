"""FULLY_CONNECTED of int16 activations with int16 weights."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from intengine.fixedpoint import wrap
from intengine.model import TensorType
from intengine.ops._context import NodeContext
from intengine.ops._matrix import bias_values, check_activation_zero_points, conv_scales, filter_zero_point
from intengine.quantization import activation_range
from intengine.step import Call


def _multiply(
    x: NDArray[np.int16], w: NDArray[np.int64], bias: NDArray[np.int64], multiplier: NDArray[np.int64],
    total: NDArray[np.int64], lo: int, hi: int, out: NDArray[np.int16],
) -> None:  # fmt: skip
    """out = clamp(((x @ w + bias) * multiplier + 2**(total - 1)) >> total), wrapping at int32 before the clamp.

    Args: x [M, K]; w [K, N]; bias, multiplier (15 bits), total (the shift) [N]; out [M, N].
    """
    acc = (x.astype(np.int64) @ w + bias) * multiplier
    out[...] = np.minimum(np.maximum(wrap((acc + (np.int64(1) << (total - 1))) >> total, 32), lo), hi)


def fully_connected_int16(ctx: NodeContext) -> Sequence[Call]:
    """int64 sums, a multiplier cut to 15 bits and one rounding, where int8 weights have a double multiplier.

    LiteRT reads an int64 bias as int32 unless the option quantized_bias_type says what it is; here its type counts.

    Source: tflite/kernels/fully_connected.cc, tflite/kernels/internal/reference/integer_ops/fully_connected.h
    """
    source, weights, out, bias = ctx.input(0), ctx.input(1), ctx.output(), ctx.optional(2)
    check_activation_zero_points(ctx, source, out)
    filter_zero_point(ctx, source, weights)
    channels, depth = weights.shape
    values = bias_values(ctx, bias, channels, wide=bias is None or bias.type is not TensorType.INT32)
    scales = conv_scales(source, weights, out, channels, 0, wide=True)
    per_channel = weights.quantization.per_channel
    encode = ctx.numerics.conv if per_channel else ctx.numerics.batch_matmul
    multiplier, shift, _, _ = encode(scales).args
    cut = np.where(multiplier < 0x7FFF0000, (multiplier.astype(np.int64) + 2**15) >> 16, 0x7FFF)
    ctx.require(int(shift.max(initial=0)) < 15, "needs multipliers below 2**14", int(shift.max(initial=0)))
    lo, hi = activation_range(ctx.options["fused_activation_function"], out.type, out.scale, out.zero_point)
    rows = source.size // depth
    w = np.ascontiguousarray(weights.known().T.astype(np.int64))
    return [
        Call(
            _multiply,
            (source.ref((rows, depth)), w, values, cut, 15 - shift.astype(np.int64), lo, hi, out.ref((rows, channels))),
        )
    ]
