"""LceQuantize, LceDequantize and LceBMaxPool2d: numbers as bits, 32 in an int32, as Larq's binary networks have them.

Bit 0 stands for +1 and bit 1 for -1; channel c is bit c % 32 of word c // 32; the bits behind the last channel are 0.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from intengine.model import TensorType
from intengine.ops._context import NodeContext
from intengine.ops._flexbuffer import integer, options
from intengine.ops._registry import Operator, register
from intengine.shapes import Shape, window_output, window_padding
from intengine.step import Call

WORD = 32


def words(channels: int) -> int:
    """Words that hold so many channels."""
    return -(-channels // WORD)


def pack(negative: NDArray[np.bool_]) -> NDArray[np.int32]:
    """bool[..., C], whether numbers are -1 -> int32[..., words]."""
    rest = -negative.shape[-1] % WORD
    padded = np.pad(negative, [(0, 0)] * (negative.ndim - 1) + [(0, rest)])
    packed = np.packbits(padded, axis=-1, bitorder="little")
    return np.ascontiguousarray(packed).view("<u4").astype(np.uint32).view(np.int32)


def unpack(x: NDArray[np.int32], channels: int) -> NDArray[np.bool_]:
    """int32[..., words] -> bool[..., channels], whether numbers are -1."""
    raw = np.ascontiguousarray(x).astype("<i4").view(np.uint8)
    return np.unpackbits(raw, axis=-1, count=channels, bitorder="little").astype(bool)


def infer_quantize(ctx: NodeContext) -> Sequence[Shape]:
    source = ctx.input(0)
    ctx.require(source.rank >= 1, "needs at least one axis", source.shape)
    return [(*source.shape[:-1], words(source.shape[-1]))]


def _quantize(x: NDArray[Any], least: int, out: NDArray[np.int32]) -> None:
    out[...] = pack(x < least)


def prepare_quantize(ctx: NodeContext) -> Sequence[Call]:
    """-1 where a number is negative, or lies below its zero point, or is false.

    Source: larq_compute_engine/tflite/kernels/quantization.cc
    """
    source, out = ctx.input(0), ctx.output()
    if source.type not in (TensorType.FLOAT32, TensorType.INT8, TensorType.BOOL) or out.type is not TensorType.INT32:
        ctx.unsupported()
    least = {TensorType.FLOAT32: 0, TensorType.BOOL: 1}.get(source.type)
    return [Call(_quantize, (source.ref(), source.zero_point if least is None else least, out.ref()))]


def infer_dequantize(ctx: NodeContext) -> Sequence[Shape]:
    source, out = ctx.input(0), ctx.output()
    ctx.require(source.rank >= 1 and out.rank == source.rank, "keeps the number of axes", (source.shape, out.shape))
    ctx.require(words(out.shape[-1]) == source.shape[-1], "needs as many channels as bits", (source.shape, out.shape))
    return [(*source.shape[:-1], out.shape[-1])]


def _dequantize(x: NDArray[np.int32], plus: Any, minus: Any, out: NDArray[Any]) -> None:
    out[...] = np.where(unpack(x, out.shape[-1]), minus, plus).astype(out.dtype)


def prepare_dequantize(ctx: NodeContext) -> Sequence[Call]:
    """+1 and -1 as real numbers, as quantized ones, or as true and false.

    Source: larq_compute_engine/tflite/kernels/quantization.cc
    """
    source, out = ctx.input(0), ctx.output()
    if source.type is not TensorType.INT32 or out.type not in (TensorType.FLOAT32, TensorType.INT8, TensorType.BOOL):
        ctx.unsupported()
    plus: Any = 1
    minus: Any = 0 if out.type is TensorType.BOOL else -1
    if out.type is TensorType.INT8:
        step = int(np.floor(np.float32(1) / out.scale + np.float32(0.5)))
        plus, minus = (int(np.clip(out.zero_point + sign * step, -128, 127)) for sign in (1, -1))
    return [Call(_dequantize, (source.ref(), plus, minus, out.ref()))]


def geometry(ctx: NodeContext, shape: Shape, kh: int, kw: int, dilations: tuple[int, int]) -> tuple[int, ...]:
    """(out_h, out_w, stride_h, stride_w, pad_h, pad_w) of the options."""
    given = options(ctx.node.custom_options)
    strides = tuple(integer(given, f"stride_{side}") for side in ("height", "width"))
    padding = integer(given, "padding", -1)
    ctx.require(max(kh, kw, *strides, *dilations) < 2**31, "needs int32 sizes", (kh, kw, strides, dilations))
    ctx.require(padding in (0, 1), "needs padding SAME (0) or VALID (1)", padding)
    sides = list(zip(shape[1:3], (kh, kw), strides, dilations, strict=True))
    outs = [window_output(n, k, step, by, padding == 0) for n, k, step, by in sides]
    pads = [window_padding(n, k, step, by, out) for (n, k, step, by), out in zip(sides, outs, strict=True)]
    return (*outs, *strides, *pads)


def _pool_sizes(ctx: NodeContext) -> tuple[int, ...]:
    source = ctx.input(0)
    ctx.require(source.rank == 4, "needs a 4-D input", source.shape)
    given = options(ctx.node.custom_options)
    kh, kw = (integer(given, f"filter_{side}") for side in ("height", "width"))
    return (kh, kw, *geometry(ctx, source.shape, kh, kw, (1, 1)))


def infer_pool(ctx: NodeContext) -> Sequence[Shape]:
    shape = ctx.input(0).shape
    _, _, out_h, out_w, *_ = _pool_sizes(ctx)
    return [(shape[0], out_h, out_w, shape[3])]


def _pool(x: NDArray[np.int32], sizes: tuple[int, ...], out: NDArray[np.int32]) -> None:
    kh, kw, out_h, out_w, stride_h, stride_w, pad_h, pad_w = sizes
    for y in range(out_h):
        top = y * stride_h - pad_h
        rows = slice(max(top, 0), max(min(top + kh, x.shape[1]), 0))
        for column in range(out_w):
            left = column * stride_w - pad_w
            window = x[:, rows, max(left, 0) : max(min(left + kw, x.shape[2]), 0)]
            out[:, y, column] = np.bitwise_and.reduce(window, axis=(1, 2))


def prepare_pool(ctx: NodeContext) -> Sequence[Call]:
    """The greatest of +1 and -1: the bits that are set everywhere in the window.

    Source: larq_compute_engine/core/bmaxpool.h
    """
    source, out = ctx.input(0), ctx.output()
    if not source.type is out.type is TensorType.INT32:
        ctx.unsupported()
    return [Call(_pool, (source.ref(), _pool_sizes(ctx), out.ref()))]


_KINDS = ("float32", "int8", "bool")
register(
    Operator("LceQuantize", infer_quantize, prepare_quantize, (1, 1), tuple(f"{kind} -> int32" for kind in _KINDS))
)
register(
    Operator(
        "LceDequantize", infer_dequantize, prepare_dequantize, (1, 1), tuple(f"int32 -> {kind}" for kind in _KINDS)
    )
)
register(Operator("LceBMaxPool2d", infer_pool, prepare_pool, (1, 1), ("int32 -> int32",)))
