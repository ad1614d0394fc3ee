"""SQRT and RSQRT."""

import math
from collections.abc import Callable, Sequence

import numpy as np
from intengine_kernels.elementwise import rsqrt_float, sqrt_float
from intengine_kernels.rsqrt import rsqrt_newton
from numpy.typing import NDArray

from intengine.fixedpoint import Ints
from intengine.model import TensorType
from intengine.numerics import Ratio, Rsqrt16
from intengine.ops._context import NodeContext
from intengine.ops._registry import Operator, register
from intengine.ops._table import interpolated_table, same_shape, table_calls
from intengine.step import Call

_newton: Callable[..., None] = rsqrt_newton


def prepare_sqrt(ctx: NodeContext) -> Sequence[Call]:
    """Quantized: a float32 square root, truncated; below the zero point LiteRT fails, here it counts as 0.

    Source: tflite/kernels/elementwise.cc
    """
    source, out = ctx.input(0), ctx.output()
    if source.type is out.type is TensorType.FLOAT32:
        return [Call(sqrt_float, (source.ref((source.size,)), out.ref((out.size,))))]
    if source.type is not out.type or source.type not in (TensorType.INT8, TensorType.INT16):
        ctx.unsupported()

    def formula(values: Ints) -> Ints:
        x = source.scale * np.maximum(values - source.zero_point, 0).astype(np.float32)
        return np.trunc(np.sqrt(x) / out.scale).astype(np.int64) + out.zero_point

    return table_calls(ctx, formula)


def _inverse(ctx: NodeContext) -> Ints:
    """RSQRT in integers, of q - z_in from 0 to the greatest there is; 0 gives the greatest output."""
    source, out = ctx.input(0), ctx.output()
    if ctx.numerics.ratio is Ratio.FLOAT64:
        real = 1.0 / (math.sqrt(float(source.scale)) * float(out.scale))
    else:
        real = 1.0 / float(np.float32(np.sqrt(source.scale) * out.scale))
    multiplier, shift = ctx.multiplier(real)
    table = np.empty(source.range[1] - source.range[0] + 1, np.int64)
    _newton(multiplier, shift, out.zero_point, out.range[1], table)
    return table


def _rsqrt(ctx: NodeContext, x: NDArray[np.float32]) -> NDArray[np.float32]:
    most = np.float32(ctx.output().scale * np.float32(ctx.output().range[1]))
    positive = x > 0
    return np.where(positive, np.float32(1) / np.sqrt(np.where(positive, x, 1)), most).astype(np.float32)


def prepare_rsqrt(ctx: NodeContext) -> Sequence[Call]:
    """int8: Newton's method in integers. int16: that, or an interpolated table. Below the zero point LiteRT fails.

    Source: tflite/kernels/elementwise.cc
    """
    source, out = ctx.input(0), ctx.output()
    if source.type is out.type is TensorType.FLOAT32:
        return [Call(rsqrt_float, (source.ref((source.size,)), out.ref((out.size,))))]
    if source.type is out.type is TensorType.INT8 or (
        source.type is out.type is TensorType.INT16 and ctx.numerics.rsqrt16 is Rsqrt16.NEWTON
    ):
        table = _inverse(ctx)
        return table_calls(ctx, lambda values: table[np.maximum(values - source.zero_point, 0)])
    if source.type is out.type is TensorType.INT16:
        return table_calls(ctx, interpolated_table(ctx, lambda x: _rsqrt(ctx, x)))
    ctx.unsupported()


_SIGNATURES = ("int8 -> int8", "int16 -> int16", "float32 -> float32")
register(Operator("SQRT", same_shape, prepare_sqrt, inputs=(1, 1), signatures=_SIGNATURES))
register(Operator("RSQRT", same_shape, prepare_rsqrt, inputs=(1, 1), signatures=_SIGNATURES))
