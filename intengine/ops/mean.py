"""MEAN and SUM over any axes."""

import math
from collections.abc import Sequence

import numpy as np
from intengine_kernels.reduce import mean_in_lanes, reduce_extremum, reduce_float, reduce_integer
from intengine_kernels.xnnpack_float import sum_in_units

from intengine.model import TensorType
from intengine.numerics import FloatAveraging
from intengine.ops._context import NodeContext
from intengine.ops._reduce import Walk, fill, infer
from intengine.ops._reduce_quantized import quantized_calls
from intengine.ops._registry import Operator, register
from intengine.ops._table import QUANTIZED
from intengine.step import Call, Scratch

_INTEGERS = (TensorType.INT32, TensorType.INT64)


def prepare(ctx: NodeContext) -> Sequence[Call]:
    """The sum without its zero points, times s_in / s_out (MEAN: the multiplier divided by n first).

    Source: tflite/kernels/reduce.cc, tflite/kernels/internal/reference/reduce.h
    """
    source, out, walk = ctx.input(0), ctx.output(), Walk.of(ctx)
    mean = ctx.node.op == "MEAN"
    if out.type is not source.type:
        ctx.unsupported()
    if source.size == 0:
        return fill(ctx, math.nan if mean and source.type is TensorType.FLOAT32 else 0)
    before = (source.ref((source.size,)), walk.shape, walk.strides)
    divisor = walk.count if mean else 1
    flat = out.ref((out.size,))
    if source.type is TensorType.FLOAT32:
        if ctx.numerics.float_averaging is FloatAveraging.UNITS:
            factor = np.float32(1) / np.float32(divisor)
            units = Walk.units(ctx)
            scratch = Scratch(np.dtype(np.float32), (max(32, int(units.shape[-1])),))
            return [Call(sum_in_units, (before[0], units.shape, units.strides, factor, scratch, flat))]
        lanes = mean and ctx.numerics.float_averaging is FloatAveraging.LANES_OF_LAST_AXIS
        if lanes and walk.shape.size == 2 and walk.strides[1] == 0:
            rows = source.ref(tuple(int(size) for size in walk.shape))
            return [Call(mean_in_lanes, (rows, Scratch(np.dtype(np.float32), (8,)), flat))]
        return [Call(reduce_float, (*before, divisor, Scratch(np.dtype(np.float32), (out.size,)), flat))]
    if source.type in _INTEGERS:
        return [Call(reduce_integer, (*before, divisor, Scratch(np.dtype(np.int64), (out.size,)), flat))]
    if source.type in QUANTIZED:
        return quantized_calls(ctx, walk, mean)
    if source.type is TensorType.BOOL and not mean:
        x, target = (operand.ref((operand.size,), np.uint8) for operand in (source, out))
        return [Call(reduce_extremum, (0, x, walk.shape, walk.strides, 0, target))]
    ctx.unsupported()


register(
    Operator(
        "MEAN",
        infer,
        prepare,
        inputs=(2, 2),
        signatures=tuple(f"{t} x int32 -> {t}" for t in ("int8", "uint8", "int16", "int32", "int64", "float32")),
    )
)
register(
    Operator(
        "SUM",
        infer,
        prepare,
        inputs=(2, 2),
        signatures=tuple(
            f"{t} x int32 -> {t}" for t in ("int8", "uint8", "int16", "int32", "int64", "bool", "float32")
        ),
    )
)
