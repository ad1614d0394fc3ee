"""PAD, PADV2 and MIRROR_PAD."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from intengine.model import TensorType
from intengine.ops._context import NodeContext
from intengine.ops._copy import copy
from intengine.ops._operand import Operand
from intengine.ops._registry import Operator, register
from intengine.ops._table import QUANTIZED
from intengine.shapes import Shape, contiguous_strides
from intengine.step import Call, Ref

_TYPES = (
    *QUANTIZED, TensorType.FLOAT32, TensorType.FLOAT16, TensorType.BFLOAT16, TensorType.INT32, TensorType.INT64,
    TensorType.BOOL,
)  # fmt: skip


def _paddings(ctx: NodeContext) -> list[tuple[int, int]]:
    source, paddings = ctx.input(0), ctx.input(1)
    values = paddings.ints()
    ctx.require(len(values) == 2 * source.rank, f"needs {source.rank} pairs of paddings", len(values))
    pairs = list(zip(values[::2], values[1::2], strict=True))
    ctx.require(all(min(pair) >= 0 for pair in pairs), "needs paddings of 0 or more", pairs)
    return pairs


def infer(ctx: NodeContext) -> Sequence[Shape]:
    pairs = _paddings(ctx)
    return [tuple(a + size + b for size, (a, b) in zip(ctx.input(0).shape, pairs, strict=True))]


def _inside(ctx: NodeContext, pairs: list[tuple[int, int]]) -> Ref:
    """The part of the output that is the input."""
    source, out = ctx.input(0), ctx.output()
    strides = contiguous_strides(out.shape)
    offset = sum(before * stride for (before, _), stride in zip(pairs, strides, strict=True))
    return out.strided(source.shape, strides, offset)


def prepare(ctx: NodeContext) -> Sequence[Call]:
    """Quantized tensors are padded with the output's zero point, others with 0, PADV2 with its third input.

    Source: tflite/kernels/pad.cc
    """
    source, out, value = ctx.input(0), ctx.output(), ctx.optional(2)
    if source.type not in _TYPES or out.type is not source.type:
        ctx.unsupported()
    pairs = _paddings(ctx)
    fill: Any = out.zero_point if source.type in QUANTIZED and out.quantization else 0
    if value is not None:
        ctx.require(
            value.type is source.type and value.size == 1, "needs one padding value of the input's type", "other"
        )
        fill = value.ref((1,) * out.rank)
    else:
        fill = np.full((1,) * out.rank, fill, out.dtype)
    return [*_border(out, source.shape, pairs, fill), copy(out, _inside(ctx, pairs), source, source.ref())]


def _border(out: Operand, inside: Shape, pairs: list[tuple[int, int]], fill: Any) -> Iterator[Call]:
    """What surrounds the input, each element once: along one axis, all of later axes and the inside of former ones."""
    strides = contiguous_strides(out.shape)
    for axis, ((before, after), stride) in enumerate(zip(pairs, strides, strict=True)):
        corner = sum(first * step for (first, _), step in zip(pairs[:axis], strides, strict=False))
        for size, begin in ((before, 0), (after, before + inside[axis])):
            shape = (*inside[:axis], size, *out.shape[axis + 1 :])
            if size and 0 not in shape:
                yield Call(np.copyto, (out.strided(shape, strides, corner + begin * stride), fill))


def _mirror(x: Any, pairs: list[tuple[int, int]], mode: Any, out: Any) -> None:
    np.copyto(out, np.pad(x, pairs, mode))


def prepare_mirror(ctx: NodeContext) -> Sequence[Call]:
    """REFLECT leaves out the border itself, SYMMETRIC repeats it.

    Source: tflite/kernels/mirror_pad.cc
    """
    source, out = ctx.input(0), ctx.output()
    if out.type is not source.type or source.type.bits < 8:
        ctx.unsupported()
    pairs = _paddings(ctx)
    reflect = ctx.options["mode"] == 0
    room = all(max(pair) <= size - reflect for size, pair in zip(source.shape, pairs, strict=True))
    ctx.require(room, "needs paddings within the input's sizes", pairs)
    return [Call(_mirror, (source.ref(), pairs, "reflect" if reflect else "symmetric", out.ref()))]


_SIGNATURES = tuple(f"{t.name.lower()} x int32|int64 -> {t.name.lower()}" for t in _TYPES)
register(Operator("PAD", infer, prepare, inputs=(2, 2), signatures=_SIGNATURES))
register(Operator("PADV2", infer, prepare, inputs=(3, 3), signatures=_SIGNATURES))
register(Operator("MIRROR_PAD", infer, prepare_mirror, inputs=(2, 2), signatures=("any -> any",)))
