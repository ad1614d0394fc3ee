"""REVERSE_V2 and REVERSE_SEQUENCE: elements in the other order."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from intengine.errors import InputError
from intengine.model import TensorType
from intengine.ops._context import NodeContext
from intengine.ops._registry import Operator, register
from intengine.ops._table import same_shape
from intengine.shapes import contiguous_strides, normalize_axis
from intengine.step import Call


def prepare_reverse(ctx: NodeContext) -> Sequence[Call]:
    """Source: tflite/kernels/reverse.cc"""
    source, out = ctx.input(0), ctx.output()
    if out.type is not source.type or source.type.bits == 0:
        ctx.unsupported()
    axes = {normalize_axis(axis, source.rank) for axis in ctx.input(1).ints()}
    strides = list(contiguous_strides(source.shape))
    offset = sum((source.shape[axis] - 1) * strides[axis] for axis in axes)
    for axis in axes:
        strides[axis] = -strides[axis]
    return [Call(np.copyto, (out.ref(), source.strided(out.shape, strides, max(offset, 0))))]


def _reverse_sequence(x: NDArray[Any], lengths: NDArray[Any], out: NDArray[Any]) -> None:
    """x, out: [batch, steps, ...] views."""
    if lengths.size and int(lengths.max()) > x.shape[1]:
        raise InputError(f"REVERSE_SEQUENCE needs lengths up to {x.shape[1]}; its input has {int(lengths.max())}.")
    np.copyto(out, x)
    for b, length in enumerate(np.maximum(lengths, 0).tolist()):
        out[b, :length] = x[b, :length][::-1]


def prepare_sequence(ctx: NodeContext) -> Sequence[Call]:
    """The first `lengths[b]` steps of each batch b in the other order; none for a negative length.

    Source: tflite/kernels/reverse_sequence.cc
    """
    source, lengths, out = ctx.input(0), ctx.input(1), ctx.output()
    if out.type is not source.type or lengths.type not in (TensorType.INT32, TensorType.INT64) or source.type.bits == 0:
        ctx.unsupported()
    steps = normalize_axis(ctx.options["seq_dim"], source.rank)
    batch = normalize_axis(ctx.options["batch_dim"], source.rank)
    ctx.require(steps != batch, "needs two axes", (steps, batch))
    ctx.require(lengths.shape == (source.shape[batch],), "needs a length for each batch", lengths.shape)
    order = [batch, steps, *(axis for axis in range(source.rank) if axis not in (batch, steps))]
    strides = contiguous_strides(source.shape)
    shape, walk = [source.shape[axis] for axis in order], [strides[axis] for axis in order]
    return [Call(_reverse_sequence, (source.strided(shape, walk), lengths.ref(), out.strided(shape, walk)))]


register(Operator("REVERSE_V2", same_shape, prepare_reverse, (2, 2), ("any x int32 -> any",)))
register(Operator("REVERSE_SEQUENCE", same_shape, prepare_sequence, (2, 2), ("any x int32|int64 -> any",)))
