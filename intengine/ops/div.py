"""DIV and FLOOR_DIV: elementwise with broadcasting."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from intengine_kernels import binary
from numpy.typing import NDArray

from intengine.errors import InputError
from intengine.model import TensorType
from intengine.ops._broadcast import broadcast_shape, plain_arithmetic
from intengine.ops._context import NodeContext
from intengine.ops._registry import Operator, register
from intengine.quantization import real_bounds
from intengine.step import Call


def _divide(op: str, a: NDArray[Any], b: NDArray[Any], lo: int, hi: int, out: NDArray[Any]) -> None:
    """Integer quotients: truncated toward zero for DIV, floored for FLOOR_DIV; INT_MIN / -1 wraps."""
    if (b == 0).any():
        raise InputError(f"{op} needs divisors other than 0; an input has one.")
    if out.dtype.kind == "f":
        with np.errstate(all="ignore"):
            out[...] = np.floor(a / b)
        return
    wide, divisor = a.astype(np.int64), b.astype(np.int64)
    quotient = wide // divisor
    if op == "DIV":
        quotient += (quotient < 0) & (quotient * divisor != wide)
    out[...] = np.clip(quotient.astype(out.dtype), lo, hi)


def prepare(ctx: NodeContext) -> Sequence[Call]:
    """Source: tflite/kernels/div.cc, floor_div.cc"""
    a, b, out = ctx.input(0), ctx.input(1), ctx.output()
    op = ctx.node.op
    integers = (TensorType.INT32,) if op == "DIV" else (TensorType.INT8, TensorType.INT16, TensorType.INT32)
    if not a.type is b.type is out.type or out.type not in (TensorType.FLOAT32, *integers):
        ctx.unsupported()
    if op == "DIV" and out.type is TensorType.FLOAT32:
        return plain_arithmetic(ctx, binary.DIV)
    lo, hi = 0, 0
    if out.type is not TensorType.FLOAT32:
        real_lo, real_hi = real_bounds(ctx.options["fused_activation_function"]) if op == "DIV" else real_bounds(0)
        lo, hi = (int(min(max(bound, out.range[0]), out.range[1])) for bound in (real_lo, real_hi))
    return [Call(_divide, (op, a.ref(), b.ref(), lo, hi, out.ref()))]


register(
    Operator(
        "DIV",
        broadcast_shape,
        prepare,
        inputs=(2, 2),
        signatures=("float32 x float32 -> float32", "int32 x int32 -> int32"),
    )
)
register(
    Operator(
        "FLOOR_DIV",
        broadcast_shape,
        prepare,
        inputs=(2, 2),
        signatures=tuple(f"{t} x {t} -> {t}" for t in ("int8", "int16", "int32", "float32")),
    )
)
