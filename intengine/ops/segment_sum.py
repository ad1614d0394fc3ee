"""SEGMENT_SUM and the UNSORTED_SEGMENT operators: rows of one segment made one."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from intengine.errors import InputError
from intengine.model import TensorType
from intengine.ops._context import NodeContext
from intengine.ops._registry import Operator, register
from intengine.shapes import Shape
from intengine.step import Call

_TYPES = (TensorType.FLOAT32, TensorType.INT32)
_FUNCTIONS: dict[str, Any] = {"SUM": np.add, "PROD": np.multiply, "MAX": np.fmax, "MIN": np.fmin}


def _rows(ctx: NodeContext) -> Shape:
    """Shape of a row of the data, whose rows have one segment each."""
    data, segments = ctx.input(0), ctx.input(1)
    ctx.require(data.rank >= 1 and segments.rank == 1, "needs data of rank 1 or more and a list of segments", data.rank)
    ctx.require(data.shape[0] == segments.shape[0], "needs a segment for each row", (data.shape, segments.shape))
    return data.shape[1:]


def infer_sorted(ctx: NodeContext) -> Sequence[Shape]:
    row = _rows(ctx)
    segments = np.array(ctx.input(1).ints(), np.int64)
    steps = np.diff(segments, prepend=0)
    in_order = bool(((steps == 0) | (steps == 1)).all()) and (segments.size == 0 or segments[0] == 0)
    ctx.require(in_order, "needs segments 0, 1, 2... in order", segments.tolist()[:8])
    return [(int(segments[-1]) + 1 if segments.size else 0, *row)]


def infer_unsorted(ctx: NodeContext) -> Sequence[Shape]:
    row, count = _rows(ctx), ctx.input(2).ints()
    ctx.require(len(count) == 1 and count[0] >= 0, "needs one number of segments", list(count))
    return [(count[0], *row)]


def _initial(function: str, dtype: np.dtype[Any]) -> Any:
    if function in ("SUM", "PROD"):
        return int(function == "PROD")
    info: Any = np.finfo(dtype) if dtype.kind == "f" else np.iinfo(dtype)
    return info.min if function == "MAX" else info.max


def _combine(function: Any, initial: Any, segments: NDArray[np.int32], data: NDArray[Any], out: NDArray[Any]) -> None:
    """out[s] = function of initial and all data[i] of segment s, in order; negative segments are dropped.

    Args:
        data: [n, row]. segments: int32[n]. out: [segments, row].
    """
    if segments.size and segments.max() >= len(out):
        raise InputError(f"Segments must be below their number {len(out)}; got {segments.max()}.")
    out[...] = initial
    kept = np.flatnonzero(segments >= 0)
    with np.errstate(over="ignore", invalid="ignore"):
        function.at(out, segments[kept], data[kept])


def prepare(ctx: NodeContext) -> Sequence[Call]:
    """Integers wrap. NaN never becomes a greatest or least.

    Source: tflite/kernels/segment_sum.cc, tflite/kernels/unsorted_segment.cc
    """
    data, segments, out = ctx.input(0), ctx.input(1), ctx.output()
    counts = [ctx.input(i).type for i in range(1, len(ctx.inputs))]
    if data.type not in _TYPES or out.type is not data.type or set(counts) != {TensorType.INT32}:
        ctx.unsupported()
    name = ctx.node.op.rsplit("_", 1)[1]
    row = math.prod(_rows(ctx))
    initial = _initial(name, data.dtype)
    x, y = data.ref((data.shape[0], row)), out.ref((out.shape[0], row))
    return [Call(_combine, (_FUNCTIONS[name], initial, segments.ref(), x, y))]


register(
    Operator(
        "SEGMENT_SUM",
        infer_sorted,
        prepare,
        inputs=(2, 2),
        signatures=tuple(f"{t.name.lower()} x int32 -> {t.name.lower()}" for t in _TYPES),
    )
)
for _name in _FUNCTIONS:
    register(
        Operator(
            f"UNSORTED_SEGMENT_{_name}",
            infer_unsorted,
            prepare,
            inputs=(3, 3),
            signatures=tuple(f"{t.name.lower()} x int32 x int32 -> {t.name.lower()}" for t in _TYPES),
        )
    )
