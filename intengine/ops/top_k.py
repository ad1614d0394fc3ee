"""TOPK_V2, WHERE, UNIQUE and CUMSUM."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from intengine.model import TensorType
from intengine.ops._context import NodeContext
from intengine.ops._registry import Operator, register
from intengine.ops._table import same_shape
from intengine.shapes import Shape, normalize_axis
from intengine.step import Call, Holder

_INDICES = (TensorType.INT32, TensorType.INT64)
_NUMBERS = (
    TensorType.FLOAT32, TensorType.INT8, TensorType.UINT8, TensorType.INT16, TensorType.INT32, TensorType.INT64,
)  # fmt: skip


def infer_top(ctx: NodeContext) -> Sequence[Shape]:
    source, count = ctx.input(0), ctx.input(1)
    ctx.require(source.rank >= 1 and count.size == 1, "needs at least one axis and one k", (source.shape, count.shape))
    (k,) = count.ints()
    ctx.require(0 <= k <= source.shape[-1], f"needs a k in 0..{source.shape[-1]}", k)
    return [(*source.shape[:-1], k)] * 2


def _top(x: NDArray[Any], values: NDArray[Any], places: NDArray[Any]) -> None:
    # A stable sort of the mirror image, read backwards: falling, and of equals the first one first.
    order = x.shape[-1] - 1 - np.argsort(x[..., ::-1], axis=-1, kind="stable")[..., ::-1]
    chosen = order[..., : values.shape[-1]]
    places[...] = chosen
    values[...] = np.take_along_axis(x, chosen, axis=-1)


def prepare_top(ctx: NodeContext) -> Sequence[Call]:
    """The k greatest along the last axis and where they are; of equals the first.

    Source: tflite/kernels/topk_v2.cc
    """
    source, values, places = ctx.input(0), ctx.output(0), ctx.output(1)
    if values.type is not source.type or source.type not in _NUMBERS:
        ctx.unsupported()
    if places.type not in (*_INDICES, TensorType.INT16) or ctx.input(1).type not in (
        TensorType.INT32,
        TensorType.INT16,
    ):
        ctx.unsupported()
    return [Call(_top, (source.ref(), values.ref(), places.ref()))]


def _infer_late(ctx: NodeContext) -> Sequence[Shape | None]:
    return [None] * len(ctx.outputs)


def _where(condition: NDArray[Any], out: Holder) -> None:
    out.array = np.argwhere(condition).astype(np.int64)


def prepare_where(ctx: NodeContext) -> Sequence[Call]:
    """int64[n, rank]: where elements are not 0, in order.

    Source: tflite/kernels/where.cc
    """
    condition, out = ctx.input(0), ctx.output()
    if out.type is not TensorType.INT64 or condition.type.bits < 8 or condition.dtype.kind == "c":
        ctx.unsupported()
    ctx.require(condition.rank >= 1, "needs at least one axis", condition.shape)
    return [Call(_where, (condition.ref(), out.target()))]


def _unique(x: NDArray[Any], values: Holder, places: Holder, dtype: np.dtype[Any]) -> None:
    found, first, inverse = np.unique(x, return_index=True, return_inverse=True, equal_nan=False)
    order = np.argsort(first, kind="stable")
    rank = np.empty_like(order)
    rank[order] = np.arange(order.size)
    values.array = found[order]
    places.array = rank[inverse.reshape(-1)].astype(dtype)


def prepare_unique(ctx: NodeContext) -> Sequence[Call]:
    """Each value once, in the order in which they come first; and for each element the place of its value.

    Source: tflite/kernels/unique.cc
    """
    source, values, places = ctx.input(0), ctx.output(0), ctx.output(1)
    if values.type is not source.type or source.type not in _NUMBERS or places.type not in _INDICES:
        ctx.unsupported()
    ctx.require(source.rank == 1, "needs one axis", source.shape)
    return [Call(_unique, (source.ref(), values.target(), places.target(), places.dtype))]


def _cumsum(x: NDArray[Any], axis: int, exclusive: bool, reverse: bool, out: NDArray[Any]) -> None:
    if not out.size:
        return
    there, here = (np.flip(a, axis) if reverse else a for a in (x, out))
    with np.errstate(all="ignore"):
        if not exclusive:
            np.add.accumulate(there, axis=axis, dtype=out.dtype, out=here)
            return
        first = tuple(slice(0, 1) if a == axis else slice(None) for a in range(x.ndim))
        rest = tuple(slice(1, None) if a == axis else slice(None) for a in range(x.ndim))
        before = tuple(slice(None, -1) if a == axis else slice(None) for a in range(x.ndim))
        here[first] = 0
        if x.shape[axis] > 1:
            np.add.accumulate(there[before], axis=axis, dtype=out.dtype, out=here[rest])


def prepare_cumsum(ctx: NodeContext) -> Sequence[Call]:
    """Sums of all elements up to each, rounded at each step; without the element itself if exclusive.

    Source: tflite/kernels/cumsum.cc
    """
    source, axes, out = ctx.input(0), ctx.input(1), ctx.output()
    if out.type is not source.type or source.type not in (TensorType.FLOAT32, *_INDICES):
        ctx.unsupported()
    ctx.require(axes.size == 1, "needs one axis", axes.shape)
    axis = normalize_axis(axes.ints()[0], source.rank)
    flags = (bool(ctx.options["exclusive"]), bool(ctx.options["reverse"]))
    return [Call(_cumsum, (source.ref(), axis, *flags, out.ref()))]


_KINDS = tuple(t.name.lower() for t in _NUMBERS)
register(
    Operator("TOPK_V2", infer_top, prepare_top, (2, 2), tuple(f"{t} x int32|int16 -> {t}, int32|int16" for t in _KINDS))
)
register(Operator("WHERE", _infer_late, prepare_where, (1, 1), ("any -> int64",)))
register(Operator("UNIQUE", _infer_late, prepare_unique, (1, 1), tuple(f"{t} -> {t}, int32|int64" for t in _KINDS)))
register(
    Operator(
        "CUMSUM",
        same_shape,
        prepare_cumsum,
        (2, 2),
        tuple(f"{t} x int32 -> {t}" for t in ("float32", "int32", "int64")),
    )
)
