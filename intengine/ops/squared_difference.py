"""SQUARED_DIFFERENCE: (a - b)**2, elementwise with broadcasting."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from intengine_kernels.functions import squared_difference_tables
from numpy.typing import NDArray

from intengine.fixedpoint import mbqm
from intengine.model import TensorType
from intengine.ops._broadcast import broadcast_shape
from intengine.ops._context import NodeContext
from intengine.ops._elementwise import same_types, signatures
from intengine.ops._operand import Operand
from intengine.ops._registry import Operator, register
from intengine.ops._table import EIGHT_BIT, all_values
from intengine.ops._walk import Walk
from intengine.step import Call

_LEFT_SHIFT = 7
_PLAIN = (TensorType.FLOAT32, TensorType.FLOAT16, TensorType.FLOAT64, TensorType.INT32, TensorType.INT64)


def _plain(a: NDArray[Any], b: NDArray[Any], out: NDArray[Any]) -> None:
    with np.errstate(all="ignore"):
        np.subtract(a, b, out=out)
        np.multiply(out, out, out=out)


def _quantized(ctx: NodeContext) -> Sequence[Call]:
    """Both inputs brought to the scale 2 * max(s_a, s_b) / 2**7, subtracted there, squared, brought to the output's."""
    a, b, out = ctx.input(0), ctx.input(1), ctx.output()
    twice = 2.0 * max(float(a.scale), float(b.scale))

    def levels(x: Operand) -> NDArray[np.int32]:
        scaled = mbqm((all_values(x) - x.zero_point) << _LEFT_SHIFT, *ctx.multiplier(float(x.scale) / twice))
        return scaled.astype(np.int32)

    with np.errstate(over="ignore"):
        steps = float(np.float32(2.0 ** (2 * _LEFT_SHIFT)) * out.scale)
    multiplier, shift = ctx.multiplier(twice * twice / steps)
    walk = Walk.of(out, a, b, dtype=np.uint8)
    parameters = (levels(a), levels(b), multiplier, shift, out.zero_point, *out.range)
    return walk.calls(squared_difference_tables, *walk.args, *parameters, walk.out)


def prepare(ctx: NodeContext) -> Sequence[Call]:
    """Source: tflite/kernels/squared_difference.cc"""
    same_types(ctx, (*_PLAIN, *EIGHT_BIT))
    if ctx.output().type in EIGHT_BIT:
        return _quantized(ctx)
    return [Call(_plain, (ctx.input(0).ref(), ctx.input(1).ref(), ctx.output().ref()))]


register(
    Operator(
        "SQUARED_DIFFERENCE", broadcast_shape, prepare, inputs=(2, 2), signatures=signatures((*EIGHT_BIT, *_PLAIN))
    )
)
