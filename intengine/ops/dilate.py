"""DILATE and STABLEHLO_PAD: elements apart from each other, with a value between and around them."""

from collections.abc import Sequence
from typing import Any

from numpy.typing import NDArray

from intengine.model import TensorType
from intengine.ops._context import NodeContext
from intengine.ops._registry import Operator, register
from intengine.shapes import Shape
from intengine.step import Call


def spread(x: NDArray[Any], value: NDArray[Any], low: Shape, step: Shape, out: NDArray[Any]) -> None:
    """out = value, but x[i] at low + i * step where that lies inside. value: one element."""
    out[...] = value.reshape(())
    source, target = [], []
    for size, room, at, by in zip(x.shape, out.shape, low, step, strict=True):
        first = max(0, -(at // by))
        last = min(size, (room - 1 - at) // by + 1)
        if last <= first:
            return
        source.append(slice(first, last))
        target.append(slice(at + first * by, at + (last - 1) * by + 1, by))
    out[tuple(target)] = x[tuple(source)]


def _dilations(ctx: NodeContext) -> Shape:
    dilations = ctx.input(1).ints()
    fits = len(dilations) == ctx.input(0).rank and min(dilations, default=1) >= 1
    ctx.require(fits, f"needs {ctx.input(0).rank} dilations of 1 or more", list(dilations))
    return dilations


def infer_dilate(ctx: NodeContext) -> Sequence[Shape]:
    return [tuple(max((size - 1) * by + 1, 0) for size, by in zip(ctx.input(0).shape, _dilations(ctx), strict=True))]


def prepare_dilate(ctx: NodeContext) -> Sequence[Call]:
    """Source: tflite/kernels/dilate.cc"""
    source, value, out = ctx.input(0), ctx.input(2), ctx.output()
    if not source.type is value.type is out.type or out.type.bits == 0 or ctx.input(1).type is not TensorType.INT32:
        ctx.unsupported()
    ctx.require(value.size == 1, "needs one padding value", value.shape)
    return [Call(spread, (source.ref(), value.ref(), (0,) * source.rank, _dilations(ctx), out.ref()))]


def _edges(ctx: NodeContext) -> tuple[Shape, Shape, Shape]:
    """(low, high, interior) paddings."""
    names = ("edge_padding_low", "edge_padding_high", "interior_padding")
    low, high, interior = (tuple(int(n) for n in ctx.options[name]) for name in names)
    fits = len(low) == len(high) == len(interior) == ctx.input(0).rank and min(interior, default=0) >= 0
    ctx.require(fits, f"needs {ctx.input(0).rank} paddings of each kind", (low, high, interior))
    return low, high, interior


def infer_pad(ctx: NodeContext) -> Sequence[Shape]:
    """Where nothing is left along an axis, LiteRT makes all axes 0."""
    sizes = zip(ctx.input(0).shape, *_edges(ctx), strict=True)
    shape = tuple(a + size + max(size - 1, 0) * between + b for size, a, b, between in sizes)
    return [(0,) * len(shape) if min(shape, default=1) <= 0 else shape]


def prepare_pad(ctx: NodeContext) -> Sequence[Call]:
    """Negative paddings cut off.

    Source: tflite/kernels/stablehlo_pad.cc
    """
    source, value, out = ctx.input(0), ctx.input(1), ctx.output()
    if not source.type is value.type is out.type or out.type.bits == 0:
        ctx.unsupported()
    ctx.require(value.size == 1, "needs one padding value", value.shape)
    low, _, interior = _edges(ctx)
    return [Call(spread, (source.ref(), value.ref(), low, tuple(n + 1 for n in interior), out.ref()))]


register(Operator("DILATE", infer_dilate, prepare_dilate, (3, 3), ("any x int32 x any -> any",)))
register(Operator("STABLEHLO_PAD", infer_pad, prepare_pad, (2, 2), ("any x any -> any",)))
