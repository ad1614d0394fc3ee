"""HASHTABLE_LOOKUP: the values of keys, found by bisection."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from intengine.model import TensorType
from intengine.ops._context import NodeContext
from intengine.ops._registry import Operator, register
from intengine.shapes import Shape
from intengine.step import Call


def infer(ctx: NodeContext) -> Sequence[Shape]:
    wanted, keys, values = ctx.input(0), ctx.input(1), ctx.input(2)
    ctx.require(wanted.rank == keys.rank == 1 and values.rank >= 1, "needs lists of keys", (wanted.shape, keys.shape))
    ctx.require(keys.shape[0] == values.shape[0], "needs a value for each key", (keys.shape, values.shape))
    return [(wanted.shape[0], *values.shape[1:]), wanted.shape]


def _lookup(
    wanted: NDArray[np.int32],
    keys: NDArray[np.int32],
    values: NDArray[Any],
    out: NDArray[Any],
    hits: NDArray[np.uint8],
) -> None:
    """out[i] = values[k] where keys[k] is wanted[i], or 0 or no text; hits[i] tells which.

    Of equal keys the one that bisection of all keys meets first counts.

    Args:
        keys: int32[n], ascending. values: [n, row]. out: [m, row].
    """
    low, high = np.zeros(len(wanted), np.int64), np.full(len(wanted), len(keys))
    found = np.full(len(wanted), -1)
    while (searching := (found < 0) & (low < high)).any():
        middle = np.where(searching, (low + high) // 2, 0)
        key = keys[middle]
        found = np.where(searching & (key == wanted), middle, found)
        high = np.where(searching & (wanted < key), middle, high)
        low = np.where(searching & (wanted > key), middle + 1, low)
    hits[...] = found >= 0
    out[...] = b"" if out.dtype == object else 0
    out[found >= 0] = values[found[found >= 0]]


def prepare(ctx: NodeContext) -> Sequence[Call]:
    """Source: tflite/kernels/hashtable_lookup.cc"""
    wanted, keys, values, out, hits = ctx.input(0), ctx.input(1), ctx.input(2), ctx.output(0), ctx.output(1)
    keyed = wanted.type is keys.type is TensorType.INT32 and hits.type is TensorType.UINT8
    if not keyed or out.type is not values.type or values.type in (TensorType.RESOURCE, TensorType.VARIANT):
        ctx.unsupported()
    row = math.prod(values.shape[1:])
    x, y = values.ref((values.shape[0], row)), out.ref((out.shape[0], row))
    return [Call(_lookup, (wanted.ref(), keys.ref(), x, y, hits.ref()))]


register(
    Operator(
        "HASHTABLE_LOOKUP",
        infer,
        prepare,
        inputs=(3, 3),
        signatures=("int32 x int32 x any|string -> any|string, uint8",),
    )
)
