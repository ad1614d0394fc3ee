"""Hybrid convolutions: float32 images, each quantized by itself, and integer weights.

Source: tflite/kernels/conv.cc, depthwise_conv.cc
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from intengine_kernels.hybrid import conv_hybrid, depthwise_conv_hybrid
from intengine_kernels.hybrid_quantize import ASYMMETRIC, DYNAMIC, SYMMETRIC
from intengine_kernels.isa.hybrid_lanes import FILTER_FIRST, FUSED, SCALES_FIRST

from intengine.model import TensorType
from intengine.ops._context import NodeContext
from intengine.ops._float_matrix import float_bias, float_range
from intengine.ops._hybrid import padded, product_of_rows, scratch
from intengine.ops._hybrid_image import alone, bounds_of, quantized
from intengine.ops._hybrid_weights import row_sums, scales_of, weights_of, with_negatives
from intengine.ops._packing import pack_for
from intengine.ops._window import Window
from intengine.ops._winograd import pays
from intengine.ops._winograd_hybrid import winograd_hybrid
from intengine.step import PLAIN_WORK, Call, Reach, Scratch


def conv(ctx: NodeContext, window: Window) -> Sequence[Call]:
    """A single scale counts for all channels, also with groups, where LiteRT reads beyond the end of the scales."""
    source, weights, out = ctx.input(0), ctx.input(1), ctx.output()
    channels, kh, kw, depth = weights.shape
    values = weights_of(ctx, weights, (TensorType.INT8, TensorType.UINT8, TensorType.INT4))
    groups = source.shape[3] // depth
    scales = scales_of(weights, channels, 0)
    per_channel = groups > 1 or bool((scales != scales[:1]).any())
    if per_channel and weights.type is TensorType.UINT8:
        ctx.unsupported("uint8 filters with scales per channel")
    lo, hi = float_range(ctx.options["fused_activation_function"])
    bias = float_bias(ctx, ctx.optional(2), channels)
    # XNNPACK makes a product of rows of it, but not with a single weight.
    if ctx.numerics.hybrid.is_dynamic and window.is_pointwise and groups == 1 and values.size > 1:
        pixels = out.shape[0] * out.shape[1] * out.shape[2]
        x, y = source.ref((pixels, depth)), out.ref((pixels, channels))
        flat = values.reshape(channels, depth)
        return [product_of_rows(ctx, x, flat, scales, bias, y, asymmetric=True, lo=lo, hi=hi)]
    rows, copies = values.reshape(groups, channels // groups, kh * kw * depth), 0
    if not per_channel and channels % 4 and not ctx.numerics.hybrid.is_dynamic:
        rows, copies = with_negatives(rows)
    kind, order = (ASYMMETRIC, FILTER_FIRST) if per_channel else (SYMMETRIC, SCALES_FIRST)
    if per_channel and groups == 1:
        order = ctx.numerics.hybrid.conv
    if ctx.numerics.hybrid.is_dynamic:
        kind, order = DYNAMIC, FUSED
    if groups == 1 and copies == 0 and pays(window, 1, depth, channels):
        found = winograd_hybrid(ctx, window, values, scales, bias, kind, order, lo, hi)
        if found is not None:
            return found
    columns = (out.shape[2] - 1) * window.stride_w + (kw - 1) * window.dilation_w + 1
    taps = [
        (ky * window.dilation_h * columns + kx * window.dilation_w) * source.shape[3] for ky, kx in np.ndindex(kh, kw)
    ]
    length = depth
    if window.dilation_w == 1 and groups == 1:
        # Neighbouring taps lie next to each other.
        taps, length = taps[::kw], kw * depth
    offsets = np.array([tap + g * depth for g in range(groups) for tap in taps], np.int64)
    none = np.zeros(channels, np.int64)
    packed = pack_for(np.dtype(np.int8), 0, rows, 0, none, wide=False, segments=1 if copies else len(taps))
    span = (kh - 1) * window.dilation_h + 1
    lines = (out.shape[1] - 1) * window.stride_h + span
    strip = packed.strip(lines * columns * source.shape[3])
    filter_args = (packed.flip, copies, packed.weights, packed.bias, padded(packed, row_sums(values)))
    scaling = (padded(packed, scales), padded(packed, bias), order, offsets, length, span, columns)
    sides = (window.stride_h, window.stride_w, lo, hi, 0, out.shape[1])
    work = int(np.prod(out.shape[1:])) * kh * kw * depth
    reach = Reach(
        lines, columns * source.shape[3], out.shape[1], out.shape[2] * channels, window.stride_h, 0, span, of="strip"
    )
    calls: list[Call] = []
    for image in range(out.shape[0]):
        # Of each call alone, so that every thread has its own.
        _, scale, zero_point, _, none, panel, acc = scratch(packed, 0)
        bounds = bounds_of(source)
        area = (-window.pad_h, -window.pad_w, lines, columns)
        args = (
            packed.isa, image, source.shape[3], *filter_args, *scaling, *sides,
            kind, bounds, scale, zero_point, none, panel, acc, strip, out.ref(),
        )  # fmt: skip
        calls += (
            *quantized(source, image, kind, area, packed.flip, bounds, strip),
            Call(conv_hybrid, args, work, reach=alone(source, reach)),
        )
    return calls


def depthwise_conv(ctx: NodeContext, window: Window) -> Sequence[Call]:
    """A single scale counts for all channels, where LiteRT reads beyond the end of the scales."""
    source, weights, out = ctx.input(0), ctx.input(1), ctx.output()
    channels = weights.shape[3]
    values = weights_of(ctx, weights, (TensorType.INT8,))
    lo, hi = float_range(ctx.options["fused_activation_function"])
    order, filter_scales = ctx.numerics.hybrid.depthwise_conv, scales_of(weights, channels, 3)
    bias, taps = float_bias(ctx, ctx.optional(2), channels), np.array(values[0])
    q = Scratch(np.dtype(np.int8), (int(np.prod(source.shape[1:])),))
    work = PLAIN_WORK * int(np.prod(out.shape[1:])) * window.kh * window.kw
    calls: list[Call] = []
    reach = replace(window.reach(source.shape, channels), of="q")
    for image in range(out.shape[0]):
        bounds = bounds_of(source)
        args = (
            image, q, *source.shape[1:3], taps, filter_scales, bias, order, *window.geometry, lo, hi, 0, out.shape[1],
            ASYMMETRIC, bounds, Scratch(np.dtype(np.int32), (channels,)), out.ref(),
        )  # fmt: skip
        area = (0, 0, source.shape[1], source.shape[2])
        calls += (
            *quantized(source, image, ASYMMETRIC, area, 0, bounds, q),
            Call(depthwise_conv_hybrid, args, work, reach=alone(source, reach)),
        )
    return calls
