"""CONV_2D, DEPTHWISE_CONV_2D, TRANSPOSE_CONV of integers."""

from intengine.inside._form import Form
from intengine.inside._products import Geometry, Products
from intengine.inside._reals import Reals, is_real
from intengine.inside._registry import form
from intengine.inside._windows import Convolution, Depthwise, Transposed
from intengine.inside.forms import _hybrid
from intengine.inside.forms._hybrid import is_hybrid
from intengine.model import TensorType
from intengine.numerics._record import Factory
from intengine.ops import NodeContext, Operand
from intengine.ops._matrix import ACTIVATION_TYPES, bias_values, conv_scales, filter_zero_point, is_wide
from intengine.ops._window import SAME, Window
from intengine.shapes import window_output, window_padding


def _integers(
    ctx: NodeContext, geometry: Geometry, operands: tuple[Operand, Operand, Operand | None], factory: Factory,
    axis: int, *, wide: bool, groups: int = 1,
) -> Form | None:  # fmt: skip
    source, weights, bias = operands
    out = ctx.output()
    if is_real(source, weights, out):
        return Reals.of(ctx, geometry, operands, weights.shape[axis])
    if source.type not in ACTIVATION_TYPES or out.type is not source.type:
        return None
    channels = weights.shape[axis]
    scales = conv_scales(source, weights, out, channels, axis, wide=wide, groups=groups)
    return Products(
        out, geometry, source.known(), weights.known(), source.zero_point, filter_zero_point(ctx, source, weights),
        source.scale, scales.filter, bias_values(ctx, bias, channels, wide=wide), 64 if wide else 32, factory(scales),
        out.zero_point, *ctx.activation_range(out),
    )  # fmt: skip


@form("CONV_2D")
def conv_2d(ctx: NodeContext) -> Form | None:
    source, weights, bias = ctx.input(0), ctx.input(1), ctx.optional(2)
    window = Window.of(ctx, source.shape, weights.shape[1], weights.shape[2], dilated=True)
    wide, groups = is_wide(ctx, source, bias), source.shape[3] // weights.shape[3]
    geometry = Convolution(window, source.shape, weights.shape)
    if is_hybrid(source, weights, ctx.output()):
        return _hybrid.conv(ctx, geometry)
    return _integers(ctx, geometry, (source, weights, bias), ctx.numerics.conv, 0, wide=wide, groups=groups)


@form("DEPTHWISE_CONV_2D")
def depthwise_conv_2d(ctx: NodeContext) -> Form | None:
    source, weights, bias = ctx.input(0), ctx.input(1), ctx.optional(2)
    window = Window.of(ctx, source.shape, weights.shape[1], weights.shape[2], dilated=True)
    geometry = Depthwise(window, source.shape, weights.shape)
    if is_hybrid(source, weights, ctx.output()):
        return _hybrid.depthwise_conv(ctx, geometry)
    wide = source.type is TensorType.INT16
    return _integers(ctx, geometry, (source, weights, bias), ctx.numerics.depthwise_conv, 3, wide=wide)


@form("TRANSPOSE_CONV")
def transpose_conv(ctx: NodeContext) -> Form | None:
    weights, source, bias, out = ctx.input(1), ctx.input(2), ctx.optional(3), ctx.output()
    strides = ctx.options["stride_h"], ctx.options["stride_w"]
    pads = [
        window_padding(size, k, stride, 1, window_output(size, k, stride, 1, ctx.options["padding"] == SAME))
        for size, k, stride in zip(out.shape[1:3], weights.shape[1:3], strides, strict=True)
    ]
    geometry = Transposed(strides, (pads[0], pads[1]), source.shape, weights.shape, out.shape)
    wide = is_wide(ctx, source, bias)
    return _integers(ctx, geometry, (source, weights, bias), ctx.numerics.transpose_conv, 0, wide=wide)
