"""CUMSUM: running sums along an axis."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from intengine.model import TensorType
from intengine.ops._context import NodeContext
from intengine.ops._registry import Operator, register
from intengine.ops._table import same_shape
from intengine.shapes import normalize_axis
from intengine.step import Call

_TYPES = (TensorType.FLOAT32, TensorType.INT32, TensorType.INT64)


def _cumsum(exclusive: bool, reverse: bool, x: NDArray[Any], out: NDArray[Any]) -> None:
    """Sums from 0, one element after the other; integers wrap. x, out: [outer, size, inner]."""
    if reverse:
        x, out = x[:, ::-1], out[:, ::-1]
    outer, size, inner = x.shape
    sums = np.zeros((outer, size + 1, inner), x.dtype)
    sums[:, 1:] = x
    with np.errstate(over="ignore", invalid="ignore"):
        np.cumsum(sums, axis=1, dtype=x.dtype, out=sums)
    np.copyto(out, sums[:, :-1] if exclusive else sums[:, 1:])


def prepare(ctx: NodeContext) -> Sequence[Call]:
    """Source: tflite/kernels/cumsum.cc"""
    source, axes, out = ctx.input(0), ctx.input(1), ctx.output()
    if source.type not in _TYPES or out.type is not source.type or axes.type is not TensorType.INT32:
        ctx.unsupported()
    ctx.require(axes.size == 1, "needs one axis", axes.size)
    axis = normalize_axis(axes.ints()[0], source.rank)
    shape = (math.prod(source.shape[:axis]), source.shape[axis], math.prod(source.shape[axis + 1 :]))
    return [Call(_cumsum, (ctx.options["exclusive"], ctx.options["reverse"], source.ref(shape), out.ref(shape)))]


register(
    Operator(
        "CUMSUM",
        same_shape,
        prepare,
        inputs=(2, 2),
        signatures=tuple(f"{t.name.lower()} x int32 -> {t.name.lower()}" for t in _TYPES),
    )
)
