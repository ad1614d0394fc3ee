"""ADD_N: the sum of two or more inputs of one shape."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from intengine.model import TensorType
from intengine.ops._context import NodeContext
from intengine.ops._elementwise import FLOATS, one_shape, same_types
from intengine.ops._registry import Operator, register
from intengine.step import Call

_TYPES = (*FLOATS, TensorType.INT32, TensorType.INT64)


def _sum(*arrays: NDArray[Any]) -> None:
    """From the first to the last, `out` last."""
    *inputs, out = arrays
    with np.errstate(all="ignore"):
        np.add(inputs[0], inputs[1], out=out)
        for array in inputs[2:]:
            np.add(out, array, out=out)


def prepare(ctx: NodeContext) -> Sequence[Call]:
    """Integers wrap, floats are added in the order of the inputs.

    Source: tflite/kernels/add_n.cc
    """
    same_types(ctx, _TYPES)
    return [Call(_sum, (*(ctx.input(i).ref() for i in range(len(ctx.inputs))), ctx.output().ref()))]


register(
    Operator(
        "ADD_N",
        one_shape,
        prepare,
        inputs=(2, 2**31),
        signatures=tuple(f"{t.name.lower()} ... -> {t.name.lower()}" for t in _TYPES),
    )
)
