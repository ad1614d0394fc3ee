"""MAXIMUM and MINIMUM: of the stored numbers, whatever their scales."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from intengine_kernels.binary import MAXIMUM, MINIMUM, extremum
from numpy.typing import NDArray

from intengine.model import TensorType
from intengine.ops._broadcast import broadcast_shape
from intengine.ops._context import NodeContext
from intengine.ops._registry import Operator, register
from intengine.ops._walk import Walk
from intengine.step import Call

_TYPES = (
    TensorType.FLOAT32,
    TensorType.INT8,
    TensorType.UINT8,
    TensorType.INT16,
    TensorType.INT32,
    TensorType.INT64,
    TensorType.FLOAT16,
    TensorType.BFLOAT16,
)


def _extremum16(function: int, a: NDArray[Any], b: NDArray[Any], out: NDArray[Any]) -> None:
    """The same of 16-bit floats, which Numba does not have: b where they are equal or one is NaN."""
    np.copyto(out, b)
    with np.errstate(invalid="ignore"):
        np.copyto(out, a, where=a > b if function == MAXIMUM else a < b)


def prepare(ctx: NodeContext) -> Sequence[Call]:
    """Source: tflite/kernels/maximum_minimum.cc"""
    a, b, out = ctx.input(0), ctx.input(1), ctx.output()
    if not a.type is b.type is out.type or out.type not in _TYPES:
        ctx.unsupported()
    function = MAXIMUM if ctx.node.op == "MAXIMUM" else MINIMUM
    if out.type in (TensorType.FLOAT16, TensorType.BFLOAT16):
        return [Call(_extremum16, (function, a.ref(), b.ref(), out.ref()))]
    walk = Walk.of(out, a, b)
    return walk.calls(extremum, function, *walk.args, walk.out)


for _name in ("MAXIMUM", "MINIMUM"):
    register(
        Operator(
            _name,
            broadcast_shape,
            prepare,
            inputs=(2, 2),
            signatures=tuple(f"{t.name.lower()} x {t.name.lower()} -> {t.name.lower()}" for t in _TYPES),
        )
    )
