"""STABLEHLO_ADD, MULTIPLY, MAXIMUM, MINIMUM, AND and SHIFT_LEFT: two inputs of one shape, as LiteRT runs them."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from intengine.model import TensorType
from intengine.ops._context import NodeContext
from intengine.ops._elementwise import COMPLEX, FLOATS, INTEGERS, one_shape, same_types, signatures, ufunc_calls
from intengine.ops._registry import Operator, register
from intengine.step import Call

_ORDERED = (*FLOATS, *INTEGERS, TensorType.BOOL)


def _maximum(a: NDArray[Any], b: NDArray[Any], out: NDArray[Any]) -> None:
    """b where it is greater, else a: also where one is NaN."""
    np.copyto(out, a)
    np.copyto(out, b, where=a < b)


def _minimum(a: NDArray[Any], b: NDArray[Any], out: NDArray[Any]) -> None:
    """b where it is less, else a: also where one is NaN."""
    np.copyto(out, a)
    np.copyto(out, b, where=b < a)


def _shift_left(a: NDArray[Any], b: NDArray[Any], out: NDArray[Any]) -> None:
    """0 for counts beyond the bits of the type, where C leaves the result open."""
    inside = (b >= 0) & (b < 8 * a.dtype.itemsize)
    np.left_shift(a, np.where(inside, b, 0), out=out)
    np.copyto(out, 0, where=~inside)


_FUNCTIONS: dict[str, tuple[Callable[..., Any], tuple[TensorType, ...]]] = {
    "STABLEHLO_ADD": (np.add, (*_ORDERED, *COMPLEX)),
    "STABLEHLO_MULTIPLY": (np.multiply, (*_ORDERED, *COMPLEX)),
    "STABLEHLO_MAXIMUM": (_maximum, _ORDERED),
    "STABLEHLO_MINIMUM": (_minimum, _ORDERED),
    "STABLEHLO_AND": (np.bitwise_and, (*INTEGERS, TensorType.BOOL)),
    "STABLEHLO_SHIFT_LEFT": (_shift_left, INTEGERS),
}


def prepare(ctx: NodeContext) -> Sequence[Call]:
    """Stored numbers, whatever their scales; integers wrap, sums and products of bools are OR and AND.

    Source: tflite/kernels/stablehlo_elementwise.cc, stablehlo_and.cc, stablehlo_shift_left.cc
    """
    function, types = _FUNCTIONS[ctx.node.op]
    same_types(ctx, types)
    return ufunc_calls(ctx, function)


for _name, (_, _types) in _FUNCTIONS.items():
    register(Operator(_name, one_shape, prepare, inputs=(2, 2), signatures=signatures(_types)))
