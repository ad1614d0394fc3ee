"""RANGE and ZEROS_LIKE: tensors made of nothing but sizes."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from intengine.model import TensorType
from intengine.ops._context import NodeContext
from intengine.ops._registry import Operator, register
from intengine.ops._table import same_shape
from intengine.shapes import Shape
from intengine.step import Call

_TYPES = (TensorType.FLOAT32, TensorType.INT32, TensorType.INT64)


def infer(ctx: NodeContext) -> Sequence[Shape]:
    operands = [ctx.input(i) for i in range(3)]
    ctx.require(all(operand.size == 1 for operand in operands), "needs a start, a limit and a step", "others")
    start, limit, delta = (operand.known().reshape(-1)[0] for operand in operands)
    ctx.require(bool(delta != 0) and all(map(np.isfinite, (start, limit, delta))), "needs a step other than 0", delta)
    forward = bool(start <= limit) if delta > 0 else bool(start >= limit)
    ctx.require(forward, "needs a step towards its limit", (start, limit, delta))
    if operands[0].type is TensorType.FLOAT32:
        with np.errstate(over="ignore"):
            steps = np.abs(np.float32(np.float32(limit - start) / delta))
        ctx.require(bool(steps < 2**31), "needs fewer steps", steps)
        return [(math.ceil(steps),)]
    return [(-(-abs(int(limit) - int(start)) // abs(int(delta))),)]


def _range(start: NDArray[Any], delta: NDArray[Any], out: NDArray[Any]) -> None:
    """Each element is the one before plus the step, rounded."""
    if out.size:
        steps = np.full(out.size, delta[0], out.dtype)
        steps[0] = start[0]
        np.add.accumulate(steps, out=out)


def prepare(ctx: NodeContext) -> Sequence[Call]:
    """Source: tflite/kernels/range.cc"""
    start, limit, delta, out = ctx.input(0), ctx.input(1), ctx.input(2), ctx.output()
    if not start.type is limit.type is delta.type is out.type or out.type not in _TYPES:
        ctx.unsupported()
    return [Call(_range, (start.ref((1,)), delta.ref((1,)), out.ref()))]


def prepare_zeros(ctx: NodeContext) -> Sequence[Call]:
    """Source: tflite/kernels/zeros_like.cc"""
    source, out = ctx.input(0), ctx.output()
    if out.type is not source.type or out.type.bits == 0:
        ctx.unsupported()
    return [Call(np.copyto, (out.ref(), np.zeros((), out.dtype)))]


_KINDS = tuple(t.name.lower() for t in _TYPES)
register(Operator("RANGE", infer, prepare, (3, 3), tuple(f"{t} x {t} x {t} -> {t}" for t in _KINDS)))
register(Operator("ZEROS_LIKE", same_shape, prepare_zeros, (1, 1), ("any -> any",), needs_values=False))
