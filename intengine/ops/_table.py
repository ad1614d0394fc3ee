"""Operators of one 8- or 16-bit input: a table of all answers, made from a formula over all inputs."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from intengine_kernels.lookup import lookup
from numpy.typing import NDArray

from intengine.fixedpoint import Ints, mbqm, round_half_away, wrap
from intengine.model import TensorType
from intengine.numerics import Ratio, TableRounding
from intengine.ops._context import NodeContext
from intengine.ops._operand import Operand
from intengine.shapes import Shape
from intengine.step import Call, flat_call

EIGHT_BIT = (TensorType.INT8, TensorType.UINT8)
QUANTIZED = (*EIGHT_BIT, TensorType.INT16)
Formula = Callable[[Ints], Ints]


def same_shape(ctx: NodeContext) -> Sequence[Shape]:
    """infer of elementwise operators with one input."""
    return [ctx.input(0).shape]


def all_values(operand: Operand) -> Ints:
    """All values of an 8- or 16-bit type, in the order of their bits as an unsigned number."""
    unsigned = np.dtype(f"u{operand.dtype.itemsize}")
    return np.arange(1 << (8 * unsigned.itemsize)).astype(unsigned).view(operand.dtype).astype(np.int64)


def table(ctx: NodeContext, formula: Formula) -> NDArray[Any]:
    """`formula` over all values of the input, clamped to the output's type."""
    out = ctx.output()
    return np.clip(formula(all_values(ctx.input(0))), *out.range).astype(out.dtype)


def table_calls(ctx: NodeContext, formula: Formula) -> Sequence[Call]:
    """The operator as a table of `formula`."""
    source, out = ctx.input(0), ctx.output()
    unsigned = np.dtype(f"u{source.dtype.itemsize}")
    args = (source.ref((source.size,), unsigned), table(ctx, formula), out.ref((out.size,)))
    return [flat_call(lookup, args)]


def rescale(ctx: NodeContext, real: float, values: Ints) -> Ints:
    """zero_point + (values - input zero point) * real, in fixed point."""
    source, out = ctx.input(0), ctx.output()
    multiplier, shift = ctx.multiplier(real)
    return out.zero_point + mbqm(values - source.zero_point, multiplier, shift)


def ratio(ctx: NodeContext, numerator: np.float32, denominator: np.float32) -> float:
    """numerator / denominator in the width that the profile has."""
    return product_ratio(ctx, numerator, np.float32(1), denominator)


def product_ratio(ctx: NodeContext, a: np.float32, b: np.float32, denominator: np.float32) -> float:
    """a * b / denominator in the width that the profile has."""
    if ctx.numerics.ratio is Ratio.FLOAT64:
        return float(a) * float(b) / float(denominator)
    with np.errstate(over="ignore", under="ignore"):
        return float(np.float32(a * b) / denominator)


def float_table(ctx: NodeContext, function: Callable[[NDArray[np.float32]], NDArray[np.float32]]) -> Formula:
    """The formula of 8-bit operators that LiteRT computes in float32.

    x = s_in * (q - z_in); y = function(x); q_out = trunc(round_half_away(y * (1 / s_out)) + z_out), in float32;
    where a profile says so, q_out = round_half_even(y * (1 / s_out) + z_out).

    Args:
        function: float32[n] -> float32[n].

    Source: tflite/kernels/internal/common.h, XNNPACK src/reference/unary-elementwise.cc
    """
    source, out = ctx.input(0), ctx.output()
    inverse = np.float32(1) / out.scale

    def formula(values: Ints) -> Ints:
        x = source.scale * (values - source.zero_point).astype(np.float32)
        with np.errstate(over="ignore", invalid="ignore"):
            scaled = (function(x) * inverse).astype(np.float32)
            if ctx.numerics.table_rounding is TableRounding.HALF_EVEN:
                y = np.rint(scaled + np.float32(out.zero_point))
            else:
                y = round_half_away(scaled) + np.float32(out.zero_point)
        lo, hi = out.range
        return np.trunc(np.clip(np.nan_to_num(y, nan=hi), lo, hi)).astype(np.int64)

    return formula


def interpolated_table(ctx: NodeContext, function: Callable[[NDArray[np.float32]], NDArray[np.float32]]) -> Formula:
    """The formula of int16 operators that LiteRT interpolates in a table of 513 float32 values.

    Source: tflite/kernels/internal/common.h
    """
    source, out = ctx.input(0), ctx.output()
    f32 = np.float32
    first, last = (f32(source.scale * f32(q - source.zero_point)) for q in (-32768, 32767))
    out_first, out_last = (f32(out.scale * f32(q - out.zero_point)) for q in (-32768, 32767))
    step = f32(f32(last - first) / f32(512))
    half = f32(step / f32(2))
    inverse = f32(f32(65536) / f32(out_last - out_first))
    i = np.arange(512).astype(f32)
    at = first + i * step

    def scaled(x: NDArray[np.float32]) -> NDArray[np.float32]:
        with np.errstate(over="ignore", invalid="ignore"):
            return (function(np.asarray(x, f32)) * inverse).astype(f32)

    def clamped(x: NDArray[np.float32]) -> Ints:
        return np.clip(np.nan_to_num(x, nan=0.0), -32768, 32767).astype(np.int64)

    with np.errstate(over="ignore", invalid="ignore"):
        value = round_half_away(scaled(at))
        after = scaled(first + (i + f32(1)) * step)
        middle = round_half_away(scaled(at + half))
        between = round_half_away((after + value) / f32(2))
        bias = round_half_away((between - middle) / f32(2))
        table = np.concatenate([clamped(value - bias), clamped(round_half_away(scaled(np.array([last], f32))))])

    def formula(values: Ints) -> Ints:
        index = 256 + (values >> 7)
        slope = wrap(table[index + 1] - table[index], 16)
        return wrap(table[index] + ((slope * (values & 127) + 64) >> 7), 16)

    return formula
