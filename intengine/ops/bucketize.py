"""BUCKETIZE: how many boundaries an element has reached."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from intengine.model import TensorType
from intengine.ops._context import NodeContext
from intengine.ops._registry import Operator, register
from intengine.ops._table import same_shape
from intengine.step import Call

_TYPES = (TensorType.FLOAT32, TensorType.FLOAT64, TensorType.INT32, TensorType.INT64)


def _bucketize(boundaries: NDArray[Any], x: NDArray[Any], out: NDArray[np.int32]) -> None:
    np.copyto(out, np.searchsorted(boundaries, x.astype(boundaries.dtype), side="right"), casting="same_kind")


def prepare(ctx: NodeContext) -> Sequence[Call]:
    """The number of boundaries <= x, compared in float32 (float64 for float64); all of them for NaN.

    Source: tflite/kernels/bucketize.cc
    """
    source, out = ctx.input(0), ctx.output()
    if source.type not in _TYPES or out.type is not TensorType.INT32:
        ctx.unsupported()
    wide = source.type is TensorType.FLOAT64
    boundaries: NDArray[Any] = np.array(ctx.options["boundaries"] or (), np.float64 if wide else np.float32)
    in_order = bool(np.less_equal(boundaries[:-1], boundaries[1:]).all())
    ctx.require(in_order, "needs boundaries in order", boundaries.tolist()[:8])
    return [Call(_bucketize, (boundaries, source.ref(), out.ref()))]


register(
    Operator(
        "BUCKETIZE",
        same_shape,
        prepare,
        inputs=(1, 1),
        signatures=tuple(f"{t.name.lower()} -> int32" for t in _TYPES),
    )
)
