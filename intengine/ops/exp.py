"""EXP and LOG."""

from collections.abc import Sequence

import numpy as np
from intengine_kernels.elementwise import exp_float, log_float
from intengine_kernels.libm.exp import expf
from intengine_kernels.libm.log import logf
from numpy.typing import NDArray

from intengine.model import TensorType
from intengine.ops._context import NodeContext
from intengine.ops._registry import Operator, register
from intengine.ops._table import float_table, interpolated_table, same_shape, table_calls
from intengine.step import Call


def prepare_exp(ctx: NodeContext) -> Sequence[Call]:
    """Source: tflite/kernels/exp.cc"""
    source, out = ctx.input(0), ctx.output()
    if source.type is out.type is TensorType.FLOAT32:
        return [Call(exp_float, (source.ref((source.size,)), out.ref((out.size,))))]
    if source.type is out.type is TensorType.INT8:
        return table_calls(ctx, float_table(ctx, expf))
    if source.type is out.type is TensorType.INT16:
        return table_calls(ctx, interpolated_table(ctx, expf))
    ctx.unsupported()


def prepare_log(ctx: NodeContext) -> Sequence[Call]:
    """Numbers that have no logarithm become the least output.

    Source: tflite/kernels/elementwise.cc
    """
    source, out = ctx.input(0), ctx.output()
    if source.type is out.type is TensorType.FLOAT32:
        return [Call(log_float, (source.ref((source.size,)), out.ref((out.size,))))]
    if source.type is not out.type or source.type not in (TensorType.INT8, TensorType.INT16):
        ctx.unsupported()
    least = np.float32(out.scale * np.float32(out.range[0] - out.zero_point))

    def log(x: NDArray[np.float32]) -> NDArray[np.float32]:
        return np.where(x > 0, logf(x), least)

    if source.type is TensorType.INT8:
        return table_calls(ctx, float_table(ctx, log))
    return table_calls(ctx, interpolated_table(ctx, log))


_SIGNATURES = ("int8 -> int8", "int16 -> int16", "float32 -> float32")
register(Operator("EXP", same_shape, prepare_exp, inputs=(1, 1), signatures=_SIGNATURES))
register(Operator("LOG", same_shape, prepare_log, inputs=(1, 1), signatures=_SIGNATURES))
