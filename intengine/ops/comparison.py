"""LESS, GREATER, GREATER_EQUAL, LESS_EQUAL, EQUAL and NOT_EQUAL: elementwise with broadcasting."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from intengine.fixedpoint import mbqm
from intengine.model import TensorType
from intengine.ops._broadcast import broadcast_shape
from intengine.ops._context import NodeContext
from intengine.ops._elementwise import COMPLEX, FLOATS, INTEGERS, same_types, signatures, ufunc_calls
from intengine.ops._operand import Operand
from intengine.ops._registry import Operator, register
from intengine.ops._table import EIGHT_BIT, all_values
from intengine.step import Call

_ORDER = {
    "LESS": np.less,
    "GREATER": np.greater,
    "GREATER_EQUAL": np.greater_equal,
    "LESS_EQUAL": np.less_equal,
}
_EQUALITY = {"EQUAL": np.equal, "NOT_EQUAL": np.not_equal}
_ORDERED = (*FLOATS, *INTEGERS, TensorType.BOOL)
_COMPARABLE = (*_ORDERED, *COMPLEX)


def _compare_levels(
    function: Callable[..., Any],
    a: NDArray[Any],
    b: NDArray[Any],
    a_levels: NDArray[Any],
    b_levels: NDArray[Any],
    out: NDArray[np.bool_],
) -> None:
    """out = A[a] op B[b]. a, b: unsigned, the bits of the operands, broadcast; one level for each bit pattern."""
    function(a_levels[a], b_levels[b], out=out)


def _levels(ctx: NodeContext, operand: Operand, exact: bool) -> NDArray[Any]:
    """For each bit pattern 256 * (q - z) * scale in fixed point, or the real number itself in float64."""
    distance = all_values(operand) - operand.zero_point
    if exact:
        return distance * float(operand.scale)
    return mbqm(distance << 8, *ctx.multiplier(float(operand.scale)))


def _rescaled(ctx: NodeContext) -> Sequence[Call]:
    """Both operands in fixed point; where a scale is 1 or more, for which that is undefined, as real numbers."""
    a, b, out = ctx.input(0), ctx.input(1), ctx.output()
    exact = bool(max(a.scale, b.scale) >= 1)
    unsigned = np.dtype(f"u{a.dtype.itemsize}")
    function = (_ORDER | _EQUALITY)[ctx.node.op]
    bits = (x.ref(dtype=unsigned) for x in (a, b))
    return [Call(_compare_levels, (function, *bits, _levels(ctx, a, exact), _levels(ctx, b, exact), out.ref()))]


def _compare_strings(function: Callable[..., Any], a: NDArray[Any], b: NDArray[Any], out: NDArray[np.bool_]) -> None:
    out[...] = function(a, b).astype(bool)


def prepare(ctx: NodeContext) -> Sequence[Call]:
    """8-bit numbers, and int16 for equality, are compared at one scale, where tiny ones may all become 0.

    Quantized int16 are put in order as stored, whatever their scales. For int16 without a scale, LiteRT's
    NOT_EQUAL leaves its output as it was; here it compares.

    Source: tflite/kernels/comparisons.cc
    """
    a, b = ctx.input(0), ctx.input(1)
    is_equality = ctx.node.op in _EQUALITY
    if is_equality and a.type is b.type is TensorType.STRING and ctx.output().type is TensorType.BOOL:
        return [Call(_compare_strings, (_EQUALITY[ctx.node.op], a.ref(), b.ref(), ctx.output().ref()))]
    same_types(ctx, _COMPARABLE if is_equality else _ORDERED, TensorType.BOOL)
    if a.type in EIGHT_BIT and (a.quantization or b.quantization):
        return _rescaled(ctx)
    if a.type is TensorType.INT16 and is_equality and a.quantization:
        return _rescaled(ctx)
    return ufunc_calls(ctx, (_ORDER | _EQUALITY)[ctx.node.op])


for _name in _ORDER:
    register(Operator(_name, broadcast_shape, prepare, inputs=(2, 2), signatures=signatures(_ORDERED, out="bool")))
_STRINGS = "string x string -> bool"
for _name in _EQUALITY:
    _kinds = (*signatures(_COMPARABLE, out="bool"), _STRINGS)
    register(Operator(_name, broadcast_shape, prepare, inputs=(2, 2), signatures=_kinds))
