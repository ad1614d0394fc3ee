"""BITWISE_XOR and RIGHT_SHIFT: elementwise with broadcasting."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from intengine.ops._broadcast import broadcast_shape
from intengine.ops._context import NodeContext
from intengine.ops._elementwise import INTEGERS, same_types, signatures, ufunc_calls
from intengine.ops._registry import Operator, register
from intengine.step import Call


def _right_shift(a: NDArray[Any], b: NDArray[Any], out: NDArray[Any]) -> None:
    """By 0 to all bits but one: a lesser or greater count is clamped."""
    np.right_shift(a, np.clip(b, 0, 8 * a.dtype.itemsize - 1), out=out)


def prepare_xor(ctx: NodeContext) -> Sequence[Call]:
    """Source: tflite/kernels/bitwise_xor.cc"""
    same_types(ctx, INTEGERS)
    return ufunc_calls(ctx, np.bitwise_xor)


def prepare_right_shift(ctx: NodeContext) -> Sequence[Call]:
    """Signed numbers keep their sign.

    Source: tflite/kernels/right_shift.cc
    """
    same_types(ctx, INTEGERS)
    return [Call(_right_shift, (ctx.input(0).ref(), ctx.input(1).ref(), ctx.output().ref()))]


register(Operator("BITWISE_XOR", broadcast_shape, prepare_xor, inputs=(2, 2), signatures=signatures(INTEGERS)))
register(Operator("RIGHT_SHIFT", broadcast_shape, prepare_right_shift, inputs=(2, 2), signatures=signatures(INTEGERS)))
