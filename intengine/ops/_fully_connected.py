"""The rarer forms of FULLY_CONNECTED: shuffled weights, and int16 with weights of int16 or a zero point.

Source: tflite/kernels/fully_connected.cc, tflite/kernels/internal/reference/fully_connected.h
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from intengine_kernels.gemm_int16 import gemm_int16
from intengine_kernels.requantize import DOUBLE_ROUNDING, INT64_15BIT
from numpy.typing import NDArray

from intengine.model import TensorType
from intengine.numerics import ConvScales, Requantizer, fixed_point
from intengine.numerics.litert_reference import product_scales
from intengine.ops._context import NodeContext
from intengine.ops._matrix import bias_values, check_activation_zero_points, conv_scales
from intengine.ops._operand import Operand
from intengine.ops._packing import pack_for
from intengine.step import Call, Scratch

#: Weights of 4 rows and 16 columns in one run, their top bits flipped.
SHUFFLED = 1
_ROWS, _COLUMNS = 4, 16
#: The greatest left shift of a multiplier that is cut to 15 bits.
_MOST_LEFT = 14


def fixed_multipliers(ctx: NodeContext, scales: ConvScales) -> Requantizer:
    """The fixed-point multipliers that are prepared for every node and used by a few of its forms.

    Per tensor, the product of the input scales is a float32; per channel, a double.

    Raises:
        InvalidModelError: for a multiplier that the scheme cannot express.
    """
    real = np.broadcast_to(product_scales(scales), scales.channels)
    requantizer = fixed_point(INT64_15BIT if scales.wide else DOUBLE_ROUNDING, real)
    if scales.wide:
        ctx.require(bool((requantizer.shift <= _MOST_LEFT).all()), "needs multipliers below 2**14", real.max())
    return requantizer


def unshuffled(weights: Operand) -> NDArray[np.uint8]:
    """[N, K] of shuffled weights, their top bits as they were."""
    channels, depth = weights.shape
    blocks = weights.known().reshape(channels // _ROWS, depth // _COLUMNS, _ROWS, _COLUMNS)
    return blocks.transpose(0, 2, 1, 3).reshape(channels, depth) ^ np.uint8(128)


def shuffled(ctx: NodeContext) -> Sequence[Call]:
    """uint8 inputs and weights -> int16, zero points 128 whatever the file says, no output zero point.

    The second output is the work space of LiteRT, which keeps there the inputs with their top bits flipped, in runs
    of 16 columns of all rows. LiteRT computes 1 and 4 rows and leaves other numbers undone; here they are computed.
    """
    source, weights, out, space = ctx.input(0), ctx.input(1), ctx.output(), ctx.output(1)
    types = (source.type, weights.type, out.type, space.type)
    if types != (TensorType.UINT8, TensorType.UINT8, TensorType.INT16, TensorType.UINT8):
        ctx.unsupported()
    channels, depth = weights.shape
    ctx.require(
        channels % _ROWS == 0 and depth % _COLUMNS == 0,
        "needs shuffled weights of whole blocks of 4 x 16", list(weights.shape),
    )  # fmt: skip
    rows = source.size // depth
    bias = bias_values(ctx, ctx.optional(2), channels, wide=False)
    packed = pack_for(source.dtype, 128, unshuffled(weights)[np.newaxis], 128, bias, wide=False)
    requantizer = fixed_multipliers(ctx, conv_scales(source, weights, out, channels, 0, wide=False))
    lo, hi = ctx.activation_range(out) if ctx.numerics.shuffled_is_clamped else out.range
    rule = packed.rule(requantizer, out.dtype, 0, lo, hi)
    return [
        packed.product(source.ref((rows, depth)), rule, out.ref((rows, channels))),
        Call(_fill_work_space, (source.ref((rows, depth)), space.ref((space.size,)))),
    ]


def _fill_work_space(x: NDArray[Any], space: NDArray[Any]) -> None:
    rows, depth = x.shape
    runs = (x ^ np.uint8(128)).reshape(rows, depth // _COLUMNS, _COLUMNS).transpose(1, 0, 2).reshape(-1)
    space[:] = 0
    space[: runs.size] = runs[: space.size]


def int16_weights(ctx: NodeContext) -> Sequence[Call]:
    """int16 inputs and weights -> int16: int64 sums, a fixed-point multiplier."""
    source, weights, out = ctx.input(0), ctx.input(1), ctx.output()
    if source.type is not TensorType.INT16 or out.type is not TensorType.INT16:
        ctx.unsupported()
    bias = ctx.optional(2)
    wide = bias is not None and bias.type is TensorType.INT64
    values = bias_values(ctx, bias, weights.shape[0], wide=wide)
    scales = conv_scales(source, weights, out, weights.shape[0], 0, wide=True)
    return [int16_call(ctx, values, fixed_multipliers(ctx, scales), wraps=False)]


def int16_call(ctx: NodeContext, bias: NDArray[np.int64], requantizer: Requantizer, *, wraps: bool) -> Call:
    """int16 inputs with weights of any zero point, which counts only per tensor."""
    source, weights, out = ctx.input(0), ctx.input(1), ctx.output()
    check_activation_zero_points(ctx, source, out)
    channels, depth = weights.shape
    lo, hi = ctx.activation_range(out)
    rows = source.size // depth
    return Call(
        gemm_int16,
        (
            source.ref((rows, depth)), np.array(weights.known()),
            0 if weights.quantization.per_channel else weights.zero_point, bias, wraps, *requantizer.args, lo, hi,
            Scratch(np.dtype(np.int64), (channels,)), out.ref((rows, channels)),
        ),
    )  # fmt: skip
