"""LOGICAL_AND, LOGICAL_OR (with broadcasting) and LOGICAL_NOT."""

from collections.abc import Sequence

import numpy as np

from intengine.model import TensorType
from intengine.ops._broadcast import broadcast_shape
from intengine.ops._context import NodeContext
from intengine.ops._elementwise import same_types, ufunc_calls
from intengine.ops._registry import Operator, register
from intengine.ops._table import same_shape
from intengine.step import Call

_FUNCTIONS = {"LOGICAL_AND": np.logical_and, "LOGICAL_OR": np.logical_or, "LOGICAL_NOT": np.logical_not}


def prepare(ctx: NodeContext) -> Sequence[Call]:
    """Source: tflite/kernels/logical.cc"""
    same_types(ctx, (TensorType.BOOL,))
    return ufunc_calls(ctx, _FUNCTIONS[ctx.node.op])


for _name in ("LOGICAL_AND", "LOGICAL_OR"):
    register(Operator(_name, broadcast_shape, prepare, inputs=(2, 2), signatures=("bool x bool -> bool",)))
register(Operator("LOGICAL_NOT", same_shape, prepare, inputs=(1, 1), signatures=("bool -> bool",)))
