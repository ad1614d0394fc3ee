"""Which hybrid arithmetic a node has: rows, order of the scales, oddities of x86 builds."""

import numpy as np
from intengine_kernels.hybrid_quantize import ASYMMETRIC, DYNAMIC, SYMMETRIC
from intengine_kernels.isa.hybrid_lanes import FILTER_FIRST, FUSED, SCALES_FIRST

from intengine.inside._form import Form
from intengine.inside._hybrids import Hybrids
from intengine.inside._products import Geometry
from intengine.inside._windows import Convolution, Dense, Depthwise
from intengine.model import TensorType
from intengine.ops import NodeContext, Operand
from intengine.ops._float_matrix import float_bias
from intengine.ops._hybrid_weights import lane_sums, misread
from intengine.ops._packed_int4 import is_packed
from intengine.quantization import real_bounds

_NARROW = (TensorType.INT8, TensorType.UINT8, TensorType.INT4, TensorType.INT2)


def is_hybrid(source: Operand, weights: Operand, out: Operand) -> bool:
    """Whether finite real numbers meet integer weights."""
    real = source.type is out.type is TensorType.FLOAT32
    return real and weights.type in _NARROW and bool(np.isfinite(source.known()).all())


def _form(
    ctx: NodeContext, geometry: Geometry, axis: int, rows: int, kind: int, order: int, *,
    negatives: bool = False, lanes: bool = False,
) -> Hybrids:  # fmt: skip
    source, weights = ctx.input(0), ctx.input(1)
    values = weights.known().view(np.int8)
    channels = weights.shape[axis]
    scales = np.broadcast_to(weights.channel_scales(channels, axis), channels)
    wrong = misread(values.reshape(channels, -1)).reshape(values.shape) if negatives else None
    return Hybrids(
        ctx.output(), geometry, source.known(), values, scales, float_bias(ctx, ctx.optional(2), channels), rows,
        kind, order, *real_bounds(ctx.options["fused_activation_function"]),
        wrong, lane_sums(values) if lanes else None,
    )  # fmt: skip


def fully_connected(ctx: NodeContext, geometry: Dense) -> Form | None:
    weights = ctx.input(1)
    asymmetric = ctx.options["asymmetric_quantize_inputs"]
    odd = weights.spec.sparsity is not None or weights.quantization.details is not None or is_packed(ctx, weights)
    if odd:
        return None
    depth = weights.shape[1]
    if ctx.numerics.hybrid.is_dynamic:
        return _form(ctx, geometry, 0, depth, DYNAMIC, FUSED)
    kind = ASYMMETRIC if asymmetric else SYMMETRIC
    return _form(ctx, geometry, 0, depth, kind, SCALES_FIRST, negatives=True, lanes=True)


def conv(ctx: NodeContext, geometry: Convolution) -> Form:
    source, weights = ctx.input(0), ctx.input(1)
    image = int(np.prod(source.shape[1:]))
    groups = source.shape[3] // weights.shape[3]
    if ctx.numerics.hybrid.is_dynamic:
        by_pixel = geometry.window.is_pointwise and groups == 1 and weights.size > 1
        return _form(ctx, geometry, 0, weights.shape[3] if by_pixel else image, DYNAMIC, FUSED)
    scales = weights.channel_scales(weights.shape[0], 0)
    if groups > 1 or (scales != scales[0]).any():
        order = ctx.numerics.hybrid.conv if groups == 1 else FILTER_FIRST
        return _form(ctx, geometry, 0, image, ASYMMETRIC, order)
    return _form(ctx, geometry, 0, image, SYMMETRIC, SCALES_FIRST, negatives=weights.shape[0] % 4 != 0)


def depthwise_conv(ctx: NodeContext, geometry: Depthwise) -> Form:
    image = int(np.prod(ctx.input(0).shape[1:]))
    return _form(ctx, geometry, 3, image, ASYMMETRIC, ctx.numerics.hybrid.depthwise_conv)
