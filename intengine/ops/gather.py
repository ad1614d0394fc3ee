"""GATHER and GATHER_ND: elements of the input at computed places."""

import math
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
from intengine_kernels.gather import find_places, take
from numpy.typing import NDArray

from intengine.errors import InputError
from intengine.model import TensorType
from intengine.ops._context import NodeContext
from intengine.ops._operand import Operand
from intengine.ops._registry import Operator, register
from intengine.shapes import Shape, normalize_axis
from intengine.step import Call, Finding, Ref, Scratch

_HANDLES = (TensorType.RESOURCE, TensorType.VARIANT)
_INDICES = (TensorType.INT16, TensorType.INT32, TensorType.INT64)


def _geometry(ctx: NodeContext) -> tuple[int, int]:
    """(axis, batch_dims), normalized."""
    source, indices = ctx.input(0), ctx.input(1)
    axis = normalize_axis(ctx.options["axis"], source.rank)
    batch = ctx.options["batch_dims"]
    batch = batch + indices.rank if batch < 0 else batch
    ctx.require(0 <= batch <= min(axis, indices.rank), "needs batch_dims up to its axis", ctx.options["batch_dims"])
    alike = source.shape[:batch] == indices.shape[:batch]
    ctx.require(alike, "needs equal batch sizes", (source.shape, indices.shape))
    return axis, batch


def infer_gather(ctx: NodeContext) -> Sequence[Shape]:
    source, indices = ctx.input(0), ctx.input(1)
    axis, batch = _geometry(ctx)
    return [(*source.shape[:axis], *indices.shape[batch:], *source.shape[axis + 1 :])]


def _refuse(op: str, numbers: NDArray[np.int64]) -> None:
    _, size, least, greatest = map(int, numbers)
    raise InputError(f"{op} needs indices in 0..{size - 1}; its input has {least}..{greatest}.")


def _take_objects(source: NDArray[Any], places: NDArray[np.int64], out: NDArray[Any]) -> None:
    for b in range(source.shape[0]):
        np.take(source[b], places[b], axis=1, out=out[b], mode="clip")


def gather_calls(op: str, x: Ref, indices: Ref, sizes: Shape, count: int, out: Operand) -> Sequence[Call]:
    """out[b, o, i] = x[b, o, place], where indices list a place for each b and i.

    Args:
        x: [batches, outer, n, inner]. indices: [batches * count, axes], along axes of these `sizes`, which make n.
    """
    batches, outer, _, inner = x.shape
    places = Scratch(np.dtype(np.int64), (batches, count))
    target = out.ref((batches, outer, count, inner))
    found = Call(find_places, (indices, np.array(sizes, np.int64), Finding(partial(_refuse, op)), places))
    if out.dtype.hasobject:
        return [found, Call(_take_objects, (x, places, target))]
    # Elements that Numba has no numbers for are only moved.
    kind = np.dtype(f"u{out.dtype.itemsize}") if out.dtype.itemsize <= 8 else out.dtype
    return [found, Call(take, (replace(x, dtype=kind), places, replace(target, dtype=kind)))]


def prepare_gather(ctx: NodeContext) -> Sequence[Call]:
    """Source: tflite/kernels/gather.cc"""
    source, indices, out = ctx.input(0), ctx.input(1), ctx.output()
    if indices.type not in _INDICES or out.type is not source.type or source.type in _HANDLES:
        ctx.unsupported()
    axis, batch = _geometry(ctx)
    batches = math.prod(source.shape[:batch])
    outer, inner = math.prod(source.shape[batch:axis]), math.prod(source.shape[axis + 1 :])
    count = math.prod(indices.shape[batch:])
    shape = (batches, outer, source.shape[axis], inner)
    return gather_calls(ctx.node.op, source.ref(shape), indices.ref((batches * count, 1)), shape[2:3], count, out)


def infer_gather_nd(ctx: NodeContext) -> Sequence[Shape]:
    source, indices = ctx.input(0), ctx.input(1)
    ctx.require(indices.rank >= 1 and source.rank >= 1, "needs an input and indices of rank 1 or more", "scalars")
    depth = indices.shape[-1]
    ctx.require(depth <= source.rank, f"needs at most {source.rank} indices a place", depth)
    return [(*indices.shape[:-1], *source.shape[depth:])]


def prepare_gather_nd(ctx: NodeContext) -> Sequence[Call]:
    """Source: tflite/kernels/gather_nd.cc"""
    source, indices, out = ctx.input(0), ctx.input(1), ctx.output()
    if indices.type not in _INDICES or out.type is not source.type or source.type in _HANDLES:
        ctx.unsupported()
    depth = indices.shape[-1]
    sizes = source.shape[:depth]
    places, inner = math.prod(indices.shape[:-1]), math.prod(source.shape[depth:])
    x = source.ref((1, 1, math.prod(sizes), inner))
    return gather_calls(ctx.node.op, x, indices.ref((places, depth)), sizes, places, out)


register(
    Operator("GATHER", infer_gather, prepare_gather, inputs=(2, 2), signatures=("any x int16|int32|int64 -> any",))
)
register(
    Operator(
        "GATHER_ND", infer_gather_nd, prepare_gather_nd, inputs=(2, 2), signatures=("any x int16|int32|int64 -> any",)
    )
)
