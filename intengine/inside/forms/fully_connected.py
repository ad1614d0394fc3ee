"""FULLY_CONNECTED of integers: plain, with int16 weights, sparse, shuffled."""

import numpy as np
from numpy.typing import NDArray

from intengine.inside._form import Form
from intengine.inside._products import Products
from intengine.inside._reals import Reals, is_real
from intengine.inside._registry import form
from intengine.inside._windows import Dense
from intengine.inside.forms import _hybrid
from intengine.model import TensorType
from intengine.numerics import Requantizer
from intengine.ops import NodeContext
from intengine.ops._fully_connected import SHUFFLED, fixed_multipliers, unshuffled
from intengine.ops._matrix import ACTIVATION_TYPES, bias_values, conv_scales, filter_zero_point, is_wide
from intengine.ops._weight_blocks import is_wrapping

#: Products of columns k and k + 8 of each 16 are added in int16 where filters are stored in blocks.
_BLOCK, _HALF = 16, 8


def _form(
    ctx: NodeContext, weights: NDArray[np.integer], points: tuple[int, int, int], bias: NDArray[np.int64], bits: int,
    requantizer: Requantizer, limits: tuple[int, int], lost: NDArray[np.int64] | None = None,
) -> Products:  # fmt: skip
    source, filter_, out = ctx.input(0), ctx.input(1), ctx.output()
    geometry = Dense(source.shape, filter_.shape, out.shape)
    return Products(
        out, geometry, source.known(), weights, points[0], points[1], source.scale,
        filter_.channel_scales(filter_.shape[0], 0), bias, bits, requantizer, points[2], *limits, lost=lost,
    )  # fmt: skip


@form("FULLY_CONNECTED")
def fully_connected(ctx: NodeContext) -> Form | None:
    source, weights, out = ctx.input(0), ctx.input(1), ctx.output()
    if weights.shape[1] == 0:
        return None
    geometry = Dense(source.shape, weights.shape, out.shape)
    if is_real(source, weights, out):
        return Reals.of(ctx, geometry, (source, weights, ctx.optional(2)), weights.shape[0])
    if _hybrid.is_hybrid(source, weights, out):
        return _hybrid.fully_connected(ctx, geometry)
    if source.type not in ACTIVATION_TYPES:
        return None
    if ctx.options["weights_format"] == SHUFFLED:
        return _shuffled(ctx)
    per_tensor = 0 if weights.quantization.per_channel else weights.zero_point
    if weights.type is TensorType.INT16:
        declared = ctx.optional(2)
        wide = declared is not None and declared.type is TensorType.INT64
        bias = bias_values(ctx, declared, weights.shape[0], wide=wide)
        requantizer = fixed_multipliers(ctx, conv_scales(source, weights, out, weights.shape[0], 0, wide=True))
        points = (source.zero_point, per_tensor, 0)
        return _form(ctx, weights.known(), points, bias, 64, requantizer, ctx.activation_range(out))
    return _plain(ctx)


def _plain(ctx: NodeContext) -> Form | None:
    source, weights, out = ctx.input(0), ctx.input(1), ctx.output()
    is_per_tensor = weights.type is TensorType.INT8 and not weights.quantization.per_channel
    zero_point = weights.zero_point if is_per_tensor else filter_zero_point(ctx, source, weights)
    declared_wide = ctx.options["quantized_bias_type"] == TensorType.INT64
    narrow = ctx.optional(2) is None and not declared_wide and not zero_point
    narrow &= ctx.numerics.fully_connected_int16_narrow
    wide = is_wide(ctx, source, ctx.optional(2)) and not narrow
    channels = weights.shape[0]
    bias = bias_values(ctx, ctx.optional(2), channels, wide=wide)
    scales = conv_scales(source, weights, out, channels, 0, wide=wide)
    sparse = weights.spec.sparsity is not None and source.type is TensorType.INT8
    requantizer = fixed_multipliers(ctx, scales) if sparse else ctx.numerics.fully_connected(scales)
    lost = _lost_in_halves(ctx) if sparse and is_wrapping(ctx) else None
    points = (source.zero_point, zero_point, out.zero_point)
    limits = ctx.activation_range(out)
    return _form(ctx, weights.known(), points, bias, 64 if wide else 32, requantizer, limits, lost)


def _lost_in_halves(ctx: NodeContext) -> NDArray[np.int64]:
    """Two products of -128 and -128 make 2**15, which int16 holds as -2**15."""
    source, weights, out = ctx.input(0), ctx.input(1), ctx.output()

    def both(values: NDArray[np.integer]) -> NDArray[np.float64]:
        least = values.reshape(-1, weights.shape[1] // _BLOCK, _BLOCK) == -128
        return (least[..., :_HALF] & least[..., _HALF:]).reshape(len(least), -1).astype(np.float64)

    found = -(2.0**16) * (both(source.known()) @ both(weights.known()).T)
    return found.astype(np.int64).reshape(out.shape)


def _shuffled(ctx: NodeContext) -> Form:
    """Zero points 128, whatever the file says, and none of the output."""
    source, weights, out = ctx.input(0), ctx.input(1), ctx.output()
    bias = bias_values(ctx, ctx.optional(2), weights.shape[0], wide=False)
    requantizer = fixed_multipliers(ctx, conv_scales(source, weights, out, weights.shape[0], 0, wide=False))
    limits = ctx.activation_range(out) if ctx.numerics.shuffled_is_clamped else out.range
    return _form(ctx, unshuffled(weights), (128, 128, 0), bias, 32, requantizer, limits)
