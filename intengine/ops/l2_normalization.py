"""L2_NORMALIZATION, LOCAL_RESPONSE_NORMALIZATION and L2_POOL_2D."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from intengine_kernels.norm import l2_normalize, l2_pool, normalize_locally
from numpy.typing import NDArray

from intengine.fixedpoint import inverse_square_root, mbqm, rdp, srdhm
from intengine.model import TensorType
from intengine.ops._context import NodeContext
from intengine.ops._float_matrix import float_range
from intengine.ops._registry import Operator, register
from intengine.ops._table import EIGHT_BIT, same_shape
from intengine.ops._window import Window
from intengine.shapes import Shape
from intengine.step import Call


def _quantized(x: NDArray[Any], zero_point: int, out: NDArray[Any]) -> None:
    """(q - zero_point) / |q - zero_point|, times 128, by an integer inverse square root."""
    for row, target in zip(x.astype(np.int64) - zero_point, out, strict=True):
        multiplier, shift = inverse_square_root(int((row * row).sum()))
        if out.dtype == np.int8:
            target[...] = np.clip(mbqm(row, multiplier, shift + 7), -128, 127)
        else:
            target[...] = np.clip(128 + rdp(srdhm(row * 128, multiplier), -shift), 0, 255)


def prepare_l2(ctx: NodeContext) -> Sequence[Call]:
    """Along the last axis. 8-bit outputs have scale 1/128, int8 with zero point 0 and uint8 with 128.

    Source: tflite/kernels/l2norm.cc
    """
    source, out = ctx.input(0), ctx.output()
    ctx.require(source.rank >= 1 and source.rank <= 4, "needs 1 to 4 axes", source.shape)
    ctx.require(ctx.options["fused_activation_function"] == 0, "takes no activation", "one")
    if out.type is not source.type or source.type not in (*EIGHT_BIT, TensorType.FLOAT32):
        ctx.unsupported()
    depth = source.shape[-1]
    shape = (source.size // max(depth, 1), depth)
    if source.type is TensorType.FLOAT32:
        return [Call(l2_normalize, (source.ref(shape), out.ref(shape)))]
    zero_point = 0 if out.type is TensorType.INT8 else 128
    fixed = out.scale == np.float32(1 / 128) and out.zero_point == zero_point
    ctx.require(fixed, f"needs an output scale of 1/128 and zero point {zero_point}", (out.scale, out.zero_point))
    return [Call(_quantized, (source.ref(shape), source.zero_point, out.ref(shape)))]


def prepare_local(ctx: NodeContext) -> Sequence[Call]:
    """Source: tflite/kernels/local_response_norm.cc"""
    source, out = ctx.input(0), ctx.output()
    ctx.require(source.rank == 4, "needs a 4-D input", source.shape)
    if not source.type is out.type is TensorType.FLOAT32:
        ctx.unsupported()
    radius = ctx.options["radius"]
    ctx.require(radius >= 0, "needs a radius of 0 or more", radius)
    shape = (source.size // max(source.shape[3], 1), source.shape[3])
    numbers = (float(ctx.options[name]) for name in ("bias", "alpha", "beta"))
    return [Call(normalize_locally, (source.ref(shape), radius, *numbers, out.ref(shape)))]


def _window(ctx: NodeContext) -> Window:
    source = ctx.input(0)
    ctx.require(source.rank == 4, "needs a 4-D input", source.shape)
    return Window.of(ctx, source.shape, ctx.options["filter_height"], ctx.options["filter_width"], dilated=False)


def infer_pool(ctx: NodeContext) -> Sequence[Shape]:
    window, shape = _window(ctx), ctx.input(0).shape
    return [(shape[0], window.out_h, window.out_w, shape[3])]


def prepare_pool(ctx: NodeContext) -> Sequence[Call]:
    """Source: tflite/kernels/pooling.cc"""
    source, out = ctx.input(0), ctx.output()
    if not source.type is out.type is TensorType.FLOAT32:
        ctx.unsupported()
    w = _window(ctx)
    limits = float_range(ctx.options["fused_activation_function"])
    return [Call(l2_pool, (source.ref(), w.kh, w.kw, w.stride_h, w.stride_w, w.pad_h, w.pad_w, *limits, out.ref()))]


_FLOAT = ("float32 -> float32",)
register(Operator("L2_NORMALIZATION", same_shape, prepare_l2, (1, 1), ("int8 -> int8", "uint8 -> uint8", *_FLOAT)))
register(Operator("LOCAL_RESPONSE_NORMALIZATION", same_shape, prepare_local, (1, 1), _FLOAT))
register(Operator("L2_POOL_2D", infer_pool, prepare_pool, (1, 1), _FLOAT))
