"""SCATTER_ND and SPARSE_TO_DENSE: values put at listed places."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from intengine.errors import InputError
from intengine.model import TensorType
from intengine.ops._context import NodeContext
from intengine.ops._operand import Operand
from intengine.ops._registry import Operator, register
from intengine.shapes import Shape
from intengine.step import Call

_INDICES = (TensorType.INT32, TensorType.INT64)


def _places(op: str, indices: NDArray[Any], shape: Shape) -> tuple[NDArray[np.int64], ...]:
    """[n, k] indices as k columns, inside the first k sizes."""
    columns = tuple(indices.astype(np.int64).T)
    for axis, column in enumerate(columns):
        if column.size and (column.min() < 0 or column.max() >= shape[axis]):
            found = f"{int(column.min())}..{int(column.max())}"
            raise InputError(f"{op} needs indices in 0..{shape[axis] - 1} along axis {axis}; its input has {found}.")
    return columns


def _sizes(ctx: NodeContext, operand: Operand) -> Shape:
    sizes = operand.ints()
    ctx.require(min(sizes, default=0) >= 0, "needs sizes of 0 or more", list(sizes))
    return sizes


def infer_scatter(ctx: NodeContext) -> Sequence[Shape]:
    indices, updates = ctx.input(0), ctx.input(1)
    shape = _sizes(ctx, ctx.input(2))
    ctx.require(indices.rank >= 1, "needs a list of places", indices.shape)
    depth = indices.shape[-1]
    ctx.require(depth <= len(shape), f"needs at most {len(shape)} indices a place", depth)
    wanted = (*indices.shape[:-1], *shape[depth:])
    ctx.require(updates.shape == wanted, f"needs updates {list(wanted)}", list(updates.shape))
    return [shape]


def _scatter(indices: NDArray[Any], updates: NDArray[Any], out: NDArray[Any]) -> None:
    out[...] = 0
    places = _places("SCATTER_ND", indices, out.shape)
    with np.errstate(all="ignore"):
        if out.dtype == np.bool_:
            np.logical_or.at(out, places, updates)
        else:
            np.add.at(out, places, updates)


def prepare_scatter(ctx: NodeContext) -> Sequence[Call]:
    """Zeros, and updates that meet at one place added in order; integers wrap.

    Source: tflite/kernels/scatter_nd.cc
    """
    indices, updates, out = ctx.input(0), ctx.input(1), ctx.output()
    if indices.type not in _INDICES or updates.type is not out.type or out.type not in _TYPES:
        ctx.unsupported()
    depth = indices.shape[-1]
    count = int(np.prod(indices.shape[:-1], dtype=np.int64))
    rest = (count, *out.shape[depth:])
    return [Call(_scatter, (indices.ref((count, depth)), updates.ref(rest), out.ref()))]


def infer_dense(ctx: NodeContext) -> Sequence[Shape]:
    return [_sizes(ctx, ctx.input(1))]


def _dense(indices: NDArray[Any], values: NDArray[Any], default: NDArray[Any], out: NDArray[Any]) -> None:
    out[...] = default
    out[_places("SPARSE_TO_DENSE", indices, out.shape)] = values


def prepare_dense(ctx: NodeContext) -> Sequence[Call]:
    """`default` everywhere but at the listed places; the last value of a place counts.

    Source: tflite/kernels/sparse_to_dense.cc
    """
    indices, values, default, out = ctx.input(0), ctx.input(2), ctx.input(3), ctx.output()
    if indices.type not in _INDICES or not values.type is default.type is out.type or out.type.bits == 0:
        ctx.unsupported()
    ctx.require(indices.rank <= 2 and values.rank <= 1 and default.size == 1, "needs lists of places and values", "not")
    count = indices.shape[0] if indices.rank else 1
    depth = indices.shape[1] if indices.rank == 2 else 1
    ctx.require(depth == out.rank, f"needs {out.rank} indices a place", depth)
    ctx.require(values.rank == 0 or values.size == count, f"needs {count} values", values.size)
    parts = (indices.ref((count, depth)), values.ref((values.size,)), default.ref((1,)))
    return [Call(_dense, (*parts, out.ref()))]


_TYPES = (
    TensorType.FLOAT32, TensorType.INT8, TensorType.UINT8, TensorType.INT16, TensorType.INT32, TensorType.INT64,
    TensorType.BOOL, TensorType.FLOAT64,
)  # fmt: skip
_KINDS = tuple(t.name.lower() for t in _TYPES)
register(
    Operator("SCATTER_ND", infer_scatter, prepare_scatter, (3, 3), tuple(f"int32 x {t} x int32 -> {t}" for t in _KINDS))
)
register(
    Operator("SPARSE_TO_DENSE", infer_dense, prepare_dense, (4, 4), ("int32|int64 x int32|int64 x any x any -> any",))
)
