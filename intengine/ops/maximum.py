"""MAXIMUM and MINIMUM: of the stored numbers, whatever their scales."""

from collections.abc import Sequence

from intengine_kernels.binary import MAXIMUM, MINIMUM, extremum

from intengine.model import TensorType
from intengine.ops._broadcast import Walk, broadcast_shape, flat
from intengine.ops._context import NodeContext
from intengine.ops._registry import Operator, register
from intengine.step import Call

_TYPES = (
    TensorType.FLOAT32,
    TensorType.INT8,
    TensorType.UINT8,
    TensorType.INT16,
    TensorType.INT32,
    TensorType.INT64,
)


def prepare(ctx: NodeContext) -> Sequence[Call]:
    """Source: tflite/kernels/maximum_minimum.cc"""
    a, b, out = ctx.input(0), ctx.input(1), ctx.output()
    if not a.type is b.type is out.type or out.type not in _TYPES:
        ctx.unsupported()
    walk = Walk.of(out.shape, a, b)
    function = MAXIMUM if ctx.node.op == "MAXIMUM" else MINIMUM
    return [Call(extremum, (function, flat(a), flat(b), walk.shape, *walk.strides, flat(out)))]


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
