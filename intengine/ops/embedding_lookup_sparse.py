"""EMBEDDING_LOOKUP_SPARSE: weighted sums of a table's rows, one for each place of a sparse tensor."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from intengine.errors import InputError
from intengine.model import TensorType
from intengine.ops._context import NodeContext
from intengine.ops._registry import Operator, register
from intengine.ops.embedding_lookup import check_rows
from intengine.shapes import Shape
from intengine.step import Call

_SUM, _MEAN, _SQRTN = 0, 1, 2
_TYPES = (TensorType.INT32, TensorType.INT32, TensorType.INT32, TensorType.FLOAT32, TensorType.FLOAT32)


def infer(ctx: NodeContext) -> Sequence[Shape]:
    ids, places, shape, weights, table = (ctx.input(i) for i in range(5))
    ranks = (ids.rank, places.rank, shape.rank, weights.rank)
    ctx.require(ranks == (1, 2, 1, 1) and table.rank >= 2, "needs ranks 1, 2, 1, 1 and 2 or more", (*ranks, table.rank))
    count = ids.shape[0]
    alike = places.shape[0] == weights.shape[0] == count and places.shape[1] == shape.shape[0] >= 1
    ctx.require(alike, f"needs {count} places and weights", (places.shape, weights.shape, shape.shape))
    return [(*shape.ints()[:-1], *table.shape[1:])]


def _combine(
    combiner: int,
    sizes: Shape,
    ids: NDArray[np.int32],
    places: NDArray[np.int32],
    weights: NDArray[np.float32],
    table: NDArray[np.float32],
    out: NDArray[np.float32],
) -> None:
    """out[place] += table[id] * weight; after each run of one place, its sum is divided as the combiner says.

    Args:
        sizes: of the places but the last axis. ids: int32[n]. places: int32[n, rank]. weights: float32[n].
        table: float32[rows, size]. out: float32[places, size].
    """
    check_rows("EMBEDDING_LOOKUP_SPARSE", ids, len(table))
    inside = places[:, :-1]
    if ((inside < 0) | (inside >= np.array(sizes, np.int64))).any():
        raise InputError(f"EMBEDDING_LOOKUP_SPARSE needs places inside {list(sizes)}.")
    at = np.zeros(len(ids), np.int64)
    for axis, size in enumerate(sizes):
        at = at * size + inside[:, axis]
    out[...] = 0
    ends = np.flatnonzero(np.diff(at, append=-1)) + 1
    begin = 0
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        for end in ends.tolist():
            row = out[at[begin]]
            total = squares = np.float32(0)
            for i in range(begin, end):
                weight = weights[i]
                squares += weight * weight
                total += weight
                row += table[ids[i]] * weight
            if combiner != _SUM:
                row /= total if combiner == _MEAN else np.sqrt(squares)
            begin = end


def prepare(ctx: NodeContext) -> Sequence[Call]:
    """Source: tflite/kernels/embedding_lookup_sparse.cc"""
    ids, places, shape, weights, table = (ctx.input(i) for i in range(5))
    out, combiner = ctx.output(), ctx.options["combiner"]
    if (*(o.type for o in (ids, places, shape, weights, table)), out.type) != (*_TYPES, TensorType.FLOAT32):
        ctx.unsupported()
    ctx.require(combiner in (_SUM, _MEAN, _SQRTN), "needs a combiner in 0..2", combiner)
    sizes = shape.ints()[:-1]
    size = math.prod(table.shape[1:])
    rows: Any = table.ref((table.shape[0], size))
    sums = out.ref((math.prod(sizes), size))
    return [Call(_combine, (combiner, sizes, ids.ref(), places.ref(), weights.ref(), rows, sums))]


register(
    Operator(
        "EMBEDDING_LOOKUP_SPARSE",
        infer,
        prepare,
        inputs=(5, 5),
        signatures=("int32 x int32 x int32 x float32 x float32 -> float32",),
    )
)
