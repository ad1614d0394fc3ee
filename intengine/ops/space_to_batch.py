"""SPACE_TO_BATCH_ND and BATCH_TO_SPACE_ND: blocks of the middle axes become batches, and back."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from intengine.ops._context import NodeContext
from intengine.ops._registry import Operator, register
from intengine.ops._table import QUANTIZED
from intengine.shapes import Shape
from intengine.step import Call

Pairs = tuple[tuple[int, int], ...]


def _parameters(ctx: NodeContext) -> tuple[tuple[int, ...], Pairs]:
    """(block sizes, pairs of paddings or crops)."""
    source, block, ends = ctx.input(0), ctx.input(1).ints(), ctx.input(2).ints()
    ctx.require(source.rank >= 3 and len(block) == source.rank - 2, "needs a block size per middle axis", list(block))
    ctx.require(len(ends) == 2 * len(block), f"needs {len(block)} pairs of paddings or crops", list(ends))
    ctx.require(min(block) >= 1 and min(ends) >= 0, "needs positive blocks, and paddings or crops of 0 or more", ends)
    return block, tuple(zip(ends[::2], ends[1::2], strict=True))


def infer_to_batch(ctx: NodeContext) -> Sequence[Shape]:
    block, pads = _parameters(ctx)
    batch, *middle, depth = ctx.input(0).shape
    padded = [size + sum(pair) for size, pair in zip(middle, pads, strict=True)]
    whole = all(size % step == 0 for size, step in zip(padded, block, strict=True))
    ctx.require(whole, "needs padded sizes divisible by the block", (padded, block))
    return [(batch * math.prod(block), *(size // step for size, step in zip(padded, block, strict=True)), depth)]


def _to_batch(x: NDArray[Any], block: Shape, pads: Pairs, fill: Any, out: NDArray[Any]) -> None:
    padded = np.pad(x, ((0, 0), *pads, (0, 0)), constant_values=fill)
    batch, *middle, depth = padded.shape
    split = [n for size, step in zip(middle, block, strict=True) for n in (size // step, step)]
    axes = [*range(2, 2 * len(block) + 1, 2), 0, *range(1, 2 * len(block), 2), 2 * len(block) + 1]
    out[...] = padded.reshape(batch, *split, depth).transpose(axes).reshape(out.shape)


def prepare_to_batch(ctx: NodeContext) -> Sequence[Call]:
    """Quantized tensors are padded with the output's zero point, others with 0.

    Source: tflite/kernels/space_to_batch_nd.cc
    """
    source, out = ctx.input(0), ctx.output()
    if out.type is not source.type or source.type.bits < 8:
        ctx.unsupported()
    quantized = source.type in QUANTIZED and bool(out.quantization)
    fill = out.zero_point if quantized and ctx.numerics.space_to_batch_pads else 0
    block, pads = _parameters(ctx)
    return [Call(_to_batch, (source.ref(), block, pads, np.array(fill).astype(out.dtype), out.ref()))]


def infer_to_space(ctx: NodeContext) -> Sequence[Shape]:
    block, crops = _parameters(ctx)
    batch, *middle, depth = ctx.input(0).shape
    ctx.require(batch % math.prod(block) == 0, "needs batches divisible by the block", (batch, block))
    whole = [size * step - sum(pair) for size, step, pair in zip(middle, block, crops, strict=True)]
    ctx.require(min(whole) >= 0, "needs crops within the sizes", crops)
    return [(batch // math.prod(block), *whole, depth)]


def _to_space(x: NDArray[Any], block: Shape, crops: Pairs, out: NDArray[Any]) -> None:
    n = len(block)
    _, *middle, depth = x.shape
    axes = [n, *(axis for i in range(n) for axis in (n + 1 + i, i)), 2 * n + 1]
    whole = x.reshape(*block, out.shape[0], *middle, depth).transpose(axes)
    whole = whole.reshape(out.shape[0], *(size * step for size, step in zip(middle, block, strict=True)), depth)
    inner = tuple(slice(before, before + size) for (before, _), size in zip(crops, out.shape[1:-1], strict=True))
    out[...] = whole[(slice(None), *inner)]


def prepare_to_space(ctx: NodeContext) -> Sequence[Call]:
    """Source: tflite/kernels/batch_to_space_nd.cc"""
    source, out = ctx.input(0), ctx.output()
    if out.type is not source.type or source.type.bits < 8:
        ctx.unsupported()
    return [Call(_to_space, (source.ref(), *_parameters(ctx), out.ref()))]


_ANY = ("any x int32 x int32 -> any",)
register(Operator("SPACE_TO_BATCH_ND", infer_to_batch, prepare_to_batch, (3, 3), _ANY))
register(Operator("BATCH_TO_SPACE_ND", infer_to_space, prepare_to_space, (3, 3), _ANY))
