"""FLOOR, CEIL, ROUND, SIGN and SQUARE: NumPy functions of one input."""

from collections.abc import Sequence

import numpy as np
from intengine_kernels.xnnpack_float import CEIL, FLOOR, SQUARE

from intengine.model import TensorType
from intengine.ops._context import NodeContext
from intengine.ops._elementwise import FLOATS, flushed_calls, is_flushed, same_types, signatures, ufunc_calls
from intengine.ops._registry import Operator, register
from intengine.ops._table import same_shape
from intengine.step import Call

_FUNCTIONS = {"FLOOR": np.floor, "CEIL": np.ceil, "ROUND": np.rint, "SIGN": np.sign, "SQUARE": np.square}
_FLUSHED = {"FLOOR": FLOOR, "CEIL": CEIL, "SQUARE": SQUARE}
_INTEGERS = (TensorType.INT32, TensorType.INT64)
_TYPES = {"SIGN": (*FLOATS, *_INTEGERS), "SQUARE": (*FLOATS, *_INTEGERS)}


def prepare(ctx: NodeContext) -> Sequence[Call]:
    """ROUND takes halves to even. The SIGN of NaN is NaN, of both zeros 0.

    Source: tflite/kernels/floor.cc, ceil.cc, round.cc, sign.cc, elementwise.cc
    """
    same_types(ctx, _TYPES.get(ctx.node.op, FLOATS))
    if ctx.node.op in _FLUSHED and is_flushed(ctx):
        return flushed_calls(ctx, _FLUSHED[ctx.node.op])
    return ufunc_calls(ctx, _FUNCTIONS[ctx.node.op])


for _name in _FUNCTIONS:
    _types = _TYPES.get(_name, FLOATS)
    register(Operator(_name, same_shape, prepare, inputs=(1, 1), signatures=signatures(_types, inputs=1)))
