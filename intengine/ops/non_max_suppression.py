"""NON_MAX_SUPPRESSION_V4 and _V5: the best boxes that do not overlap much."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from intengine_kernels.non_max_suppression import non_max_suppression
from numpy.typing import NDArray

from intengine.errors import InputError
from intengine.model import TensorType
from intengine.ops._context import NodeContext
from intengine.ops._operand import Operand
from intengine.ops._registry import Operator, register
from intengine.shapes import Shape
from intengine.step import Call, Scratch

_NO_SIGMA = np.zeros(1, np.float32)


def _is_soft(ctx: NodeContext) -> bool:
    return ctx.node.op == "NON_MAX_SUPPRESSION_V5"


def _most(ctx: NodeContext) -> int:
    """The most boxes to select."""
    boxes, scores = ctx.input(0), ctx.input(1)
    fits = boxes.rank == 2 and boxes.shape[1] == 4 and scores.shape == boxes.shape[:1]
    ctx.require(fits, "needs boxes [n, 4] and scores [n]", (boxes.shape, scores.shape))
    most = ctx.input(2).ints()
    ctx.require(len(most) == 1 and most[0] >= 0, "needs one number of boxes", list(most))
    limits = [ctx.input(i).size for i in range(3, len(ctx.inputs))]
    ctx.require(set(limits) == {1}, "needs limits that are scalars", limits)
    return most[0]


def infer(ctx: NodeContext) -> Sequence[Shape]:
    most = _most(ctx)
    return [(most,), (most,), ()] if _is_soft(ctx) else [(most,), ()]


def _check_types(ctx: NodeContext) -> None:
    given = [ctx.input(i).type for i in range(len(ctx.inputs))]
    floats = {t for i, t in enumerate(given) if i != 2}
    made = [o.type for o in ctx.outputs]
    wanted = [TensorType.INT32] * 2 if not _is_soft(ctx) else [TensorType.INT32, TensorType.FLOAT32, TensorType.INT32]
    if floats != {TensorType.FLOAT32} or given[2] is not TensorType.INT32 or made != wanted:
        ctx.unsupported()


def _check_sigma(sigma: NDArray[np.float32]) -> None:
    if sigma[0] < 0:
        raise InputError(f"NON_MAX_SUPPRESSION_V5 needs a sigma of 0 or more; its input has {sigma[0]}.")


def prepare(ctx: NodeContext) -> Sequence[Call]:
    """Source: tflite/kernels/non_max_suppression.cc"""
    _check_types(ctx)
    boxes, scores = ctx.input(0), ctx.input(1)
    count = boxes.shape[0]
    queue = (Scratch(np.dtype(np.float32), (count,)), *(Scratch(np.dtype(np.int32), (count,)) for _ in range(2)))

    def scalar(operand: Operand) -> Any:
        return operand.ref((1,))

    calls = []
    sigma: Any = _NO_SIGMA
    values: Any = Scratch(np.dtype(np.float32), ctx.output(0).shape)
    if _is_soft(ctx):
        sigma, values = scalar(ctx.input(5)), ctx.output(1).ref()
        calls.append(Call(_check_sigma, (sigma,)))
    limits = (scalar(ctx.input(3)), scalar(ctx.input(4)), sigma)
    selected = scalar(ctx.outputs[-1])
    made = (ctx.output(0).ref(), values, selected)
    calls.append(Call(non_max_suppression, (boxes.ref(), scores.ref(), *limits, *queue, *made)))
    return calls


_LIMITS = "float32 x float32 x int32 x float32 x float32"
register(Operator("NON_MAX_SUPPRESSION_V4", infer, prepare, inputs=(5, 5), signatures=(f"{_LIMITS} -> int32, int32",)))
register(
    Operator(
        "NON_MAX_SUPPRESSION_V5",
        infer,
        prepare,
        inputs=(6, 6),
        signatures=(f"{_LIMITS} x float32 -> int32, float32, int32",),
    )
)
