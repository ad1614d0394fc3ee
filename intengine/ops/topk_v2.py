"""TOPK_V2: the greatest elements of each row and where they are."""

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

_TYPES = tuple(t for t in TensorType if t.bits and t.dtype.kind in "iuf")
_COUNTS = (TensorType.INT16, TensorType.INT32)


def infer(ctx: NodeContext) -> Sequence[Shape]:
    source, count = ctx.input(0), ctx.input(1).ints()
    ctx.require(source.rank >= 1, "needs an input of rank 1 or more", "a scalar")
    ctx.require(
        len(count) == 1 and 0 <= count[0] <= source.shape[-1], f"needs one count up to {source.shape[-1]}", count
    )
    return [(*source.shape[:-1], count[0])] * 2


def _top(x: NDArray[Any], values: NDArray[Any], places: NDArray[Any]) -> None:
    """Descending; of equal elements the first comes first. x: [rows, n]; values, places: [rows, k]."""
    # The stable order of the reversed row, read backwards.
    backwards = np.argsort(x[:, ::-1], axis=1, kind="stable")[:, ::-1]
    found = (x.shape[1] - 1 - backwards)[:, : values.shape[1]]
    values[...] = np.take_along_axis(x, found, axis=1)
    places[...] = found


def prepare(ctx: NodeContext) -> Sequence[Call]:
    """NaN counts as greatest; LiteRT's order of rows with NaN is arbitrary.

    Source: tflite/kernels/topk_v2.cc
    """
    source, values, places = ctx.input(0), ctx.output(0), ctx.output(1)
    if (
        source.type not in _TYPES
        or values.type is not source.type
        or places.type not in _COUNTS
        or ctx.input(1).type not in _COUNTS
    ):
        ctx.unsupported()
    rows = math.prod(source.shape[:-1])
    x = source.ref((rows, source.shape[-1]))
    return [Call(_top, (x, values.ref((rows, values.shape[-1])), places.ref((rows, places.shape[-1]))))]


register(
    Operator(
        "TOPK_V2",
        infer,
        prepare,
        inputs=(2, 2),
        signatures=tuple(f"{t.name.lower()} x int16|int32 -> {t.name.lower()}, int16|int32" for t in _TYPES),
    )
)
