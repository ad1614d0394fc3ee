"""GATHER and GATHER_ND: elements of the input at computed places."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from intengine.errors import InputError
from intengine.model import TensorType
from intengine.ops._context import NodeContext
from intengine.ops._registry import Operator, register
from intengine.shapes import Shape, normalize_axis
from intengine.step import Call

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


def _check(op: str, indices: NDArray[Any], size: int) -> None:
    if indices.size and (indices.min() < 0 or indices.max() >= size):
        raise InputError(
            f"{op} needs indices in 0..{size - 1}; its input has {int(indices.min())}..{int(indices.max())}."
        )


def _gather(source: NDArray[Any], indices: NDArray[Any], out: NDArray[Any]) -> None:
    _check("GATHER", indices, source.shape[2])
    for b in range(source.shape[0]):
        np.take(source[b], indices[b], axis=1, out=out[b], mode="clip")


def prepare_gather(ctx: NodeContext) -> Sequence[Call]:
    """Source: tflite/kernels/gather.cc"""
    source, indices, out = ctx.input(0), ctx.input(1), ctx.output()
    if indices.type not in _INDICES or out.type is not source.type or source.type in _HANDLES:
        ctx.unsupported()
    axis, batch = _geometry(ctx)
    batches = math.prod(source.shape[:batch])
    outer, inner = math.prod(source.shape[batch:axis]), math.prod(source.shape[axis + 1 :])
    count = math.prod(indices.shape[batch:])
    x = source.ref((batches, outer, source.shape[axis], inner))
    return [Call(_gather, (x, indices.ref((batches, count)), out.ref((batches, outer, count, inner))))]


def infer_gather_nd(ctx: NodeContext) -> Sequence[Shape]:
    source, indices = ctx.input(0), ctx.input(1)
    ctx.require(indices.rank >= 1 and source.rank >= 1, "needs an input and indices of rank 1 or more", "scalars")
    depth = indices.shape[-1]
    ctx.require(depth <= source.rank, f"needs at most {source.rank} indices a place", depth)
    return [(*indices.shape[:-1], *source.shape[depth:])]


def _gather_nd(source: NDArray[Any], indices: NDArray[Any], sizes: Shape, out: NDArray[Any]) -> None:
    for i, size in enumerate(sizes):
        _check("GATHER_ND", indices[:, i], size)
    places = np.ravel_multi_index(tuple(indices.T.astype(np.int64)), sizes) if sizes else np.zeros(len(indices), int)
    np.take(source, places, axis=0, out=out, mode="clip")


def prepare_gather_nd(ctx: NodeContext) -> Sequence[Call]:
    """Source: tflite/kernels/gather_nd.cc"""
    source, indices, out = ctx.input(0), ctx.input(1), ctx.output()
    if indices.type not in _INDICES or out.type is not source.type or source.type in _HANDLES:
        ctx.unsupported()
    depth = indices.shape[-1]
    sizes = source.shape[:depth]
    places, inner = math.prod(indices.shape[:-1]), math.prod(source.shape[depth:])
    x = source.ref((math.prod(sizes), inner))
    return [Call(_gather_nd, (x, indices.ref((places, depth)), sizes, out.ref((places, inner))))]


register(
    Operator("GATHER", infer_gather, prepare_gather, inputs=(2, 2), signatures=("any x int16|int32|int64 -> any",))
)
register(
    Operator(
        "GATHER_ND", infer_gather_nd, prepare_gather_nd, inputs=(2, 2), signatures=("any x int16|int32|int64 -> any",)
    )
)
