"""UNIQUE: each value once, in order of first appearance, and which of them every element is."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from intengine.model import TensorType
from intengine.ops._context import NodeContext
from intengine.ops._registry import Operator, register
from intengine.shapes import Shape
from intengine.step import Call, Holder

_TYPES = tuple(t for t in TensorType if t.bits and t.dtype.kind in "iuf")
_PLACES = (TensorType.INT32, TensorType.INT64)


def infer(ctx: NodeContext) -> Sequence[Shape | None]:
    source = ctx.input(0)
    ctx.require(source.rank == 1, "needs an input of rank 1", source.rank)
    return [None, None]


def _unique(source: NDArray[Any], dtype: np.dtype[Any], values: Holder, places: Holder) -> None:
    _, first, inverse = np.unique(source, return_index=True, return_inverse=True)
    order = np.argsort(first)
    values.array = source[first[order]]
    places.array = np.argsort(order)[inverse].astype(dtype)


def prepare(ctx: NodeContext) -> Sequence[Call]:
    """All NaN are one value; LiteRT's answer for them depends on their places.

    Source: tflite/kernels/unique.cc
    """
    source, values, places = ctx.input(0), ctx.output(0), ctx.output(1)
    if source.type not in _TYPES or values.type is not source.type or places.type not in _PLACES:
        ctx.unsupported()
    return [Call(_unique, (source.ref(), places.dtype, values.target(), places.target()))]


register(
    Operator(
        "UNIQUE",
        infer,
        prepare,
        inputs=(1, 1),
        signatures=tuple(f"{t.name.lower()} -> {t.name.lower()}, int32|int64" for t in _TYPES),
    )
)
