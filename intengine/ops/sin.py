"""SIN, COS and ATAN2."""

from collections.abc import Sequence

from intengine_kernels.double import atan2_double
from intengine_kernels.functions import atan2_float, cos_float, sin_float

from intengine.model import TensorType
from intengine.ops._context import NodeContext
from intengine.ops._elementwise import float_calls, one_shape, same_types, signatures
from intengine.ops._registry import Operator, register
from intengine.step import Call

_SINGLE = (TensorType.FLOAT32, TensorType.FLOAT16, TensorType.BFLOAT16)
_ANGLES = (*_SINGLE, TensorType.FLOAT64)


def prepare(ctx: NodeContext) -> Sequence[Call]:
    """Source: tflite/kernels/elementwise.cc"""
    same_types(ctx, _SINGLE)
    return float_calls(ctx, sin_float if ctx.node.op == "SIN" else cos_float)


def prepare_atan2(ctx: NodeContext) -> Sequence[Call]:
    """LiteRT compares only the ranks of the inputs and reads past the smaller one; here the shapes must be equal.

    Source: tflite/kernels/atan2.cc
    """
    same_types(ctx, _ANGLES)
    return float_calls(ctx, atan2_double if ctx.output().type is TensorType.FLOAT64 else atan2_float)


for _name in ("SIN", "COS"):
    register(Operator(_name, one_shape, prepare, inputs=(1, 1), signatures=signatures(_SINGLE, inputs=1)))
register(Operator("ATAN2", one_shape, prepare_atan2, inputs=(2, 2), signatures=signatures(_ANGLES)))
