"""DIV and FLOOR_DIV: elementwise with broadcasting."""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
from intengine_kernels import binary
from intengine_kernels.division import divide
from numpy.typing import NDArray

from intengine.errors import InputError
from intengine.fixedpoint import Ints, saturating_shift, srdhm, wrap
from intengine.model import TensorType
from intengine.numerics import Ratio
from intengine.ops._broadcast import broadcast_shape, plain_arithmetic
from intengine.ops._context import NodeContext
from intengine.ops._registry import Operator, register
from intengine.ops._table import QUANTIZED
from intengine.ops._walk import Walk
from intengine.quantization import quantize_multiplier, real_bounds
from intengine.step import Call, Finding


def _refuse(op: str, _: NDArray[np.int64]) -> None:
    raise InputError(f"{op} needs divisors other than 0; an input has one.")


def _one_over_one_plus(a: Ints) -> Ints:
    """1 / (1 + a), both Q0.31: three Newton steps in Q2.29 from a line.

    Source: gemmlowp/fixedpoint/fixedpoint.h
    """
    half = (a + 2**31) >> 1
    x = 1515870810 + srdhm(half, -1010580540)
    for _ in range(3):
        x = x + saturating_shift(srdhm(x, (1 << 29) - srdhm(half, x)), 2)
    return saturating_shift(x, 1)


def _bits(x: Ints) -> Ints:
    """Number of bits of integers of 0 or more."""
    return np.frexp(x.astype(np.float64))[1].astype(np.int64)


def _rdp_x86(x: Ints, exponent: Ints) -> Ints:
    """x / 2**exponent rounded as x86 builds do: shifts use the low bits of counts that C++ leaves undefined."""
    mask = wrap((np.int64(1) << (exponent & 63)) - 1, 32)
    return (x >> (exponent & 31)) + ((x & mask) > (mask >> 1) + (x < 0))


def _divide_quantized(
    a: NDArray[Any], b: NDArray[Any], a_zero_point: int, b_zero_point: int, multiplier: int, shift: int,
    zero_point: int, lo: int, hi: int, out: NDArray[Any],
) -> None:  # fmt: skip
    """out = clamp(zero_point + (a - z_a) * (1 / (b - z_b)) * multiplier * 2**(shift - 31)).

    The reciprocal is Q0.31 of the divisor brought to [1, 2); the dividend is brought to 31 bits. Where the shifts
    that are left exceed 31 bits, x86 builds of LiteRT give wrong quotients, and so does this.
    """
    dividend, divisor = a.astype(np.int64) - a_zero_point, b.astype(np.int64) - b_zero_point
    if (divisor == 0).any():
        _refuse("DIV", divisor)
    dividend, divisor = np.where(divisor < 0, -dividend, dividend), np.abs(divisor)
    bits = _bits(divisor)
    inverse = _one_over_one_plus((divisor << (32 - bits)) - 2**31)
    headroom = 31 - _bits(np.where(dividend < 0, ~dividend, dividend))
    quotient = srdhm(srdhm(dividend << headroom, inverse), multiplier)
    value = zero_point + _rdp_x86(quotient, bits - 1 + headroom - shift)
    out[...] = np.minimum(np.maximum(value, lo), hi)


def _quantized(ctx: NodeContext) -> Sequence[Call]:
    """The multiplier's width is the profile's."""
    a, b, out = ctx.input(0), ctx.input(1), ctx.output()
    with np.errstate(all="ignore"):
        real = float(a.scale / np.float32(b.scale * out.scale))
        if ctx.numerics.ratio is Ratio.FLOAT64:
            real = float(a.scale) / (float(b.scale) * float(out.scale))
    lo, hi = ctx.activation_range(out)
    parameters = (a.zero_point, b.zero_point, *quantize_multiplier(real), out.zero_point, lo, hi)
    return [Call(_divide_quantized, (a.ref(), b.ref(), *parameters, out.ref()))]


def prepare(ctx: NodeContext) -> Sequence[Call]:
    """Source: tflite/kernels/div.cc, floor_div.cc, tflite/kernels/internal/reference/div.h"""
    a, b, out = ctx.input(0), ctx.input(1), ctx.output()
    op = ctx.node.op
    if op == "DIV" and a.type is b.type is out.type and out.type in QUANTIZED:
        return _quantized(ctx)
    integers = (TensorType.INT32,) if op == "DIV" else (TensorType.INT8, TensorType.INT16, TensorType.INT32)
    if not a.type is b.type is out.type or out.type not in (TensorType.FLOAT32, *integers):
        ctx.unsupported()
    if op == "DIV" and out.type is TensorType.FLOAT32:
        return plain_arithmetic(ctx, binary.DIV)
    # No table: it would find divisors that no input has.
    walk = replace(Walk.of(out, a, b), table=None)
    lo, hi = real_bounds(ctx.options["fused_activation_function"]) if op == "DIV" else real_bounds(0)
    if out.type is not TensorType.FLOAT32:
        lo, hi = (int(min(max(bound, out.range[0]), out.range[1])) for bound in (lo, hi))
    return walk.calls(divide, *walk.args, op == "FLOOR_DIV", lo, hi, Finding(partial(_refuse, op)), walk.out)


register(
    Operator(
        "DIV",
        broadcast_shape,
        prepare,
        inputs=(2, 2),
        signatures=tuple(f"{t} x {t} -> {t}" for t in ("int8", "uint8", "int16", "int32", "float32")),
    )
)
register(
    Operator(
        "FLOOR_DIV",
        broadcast_shape,
        prepare,
        inputs=(2, 2),
        signatures=tuple(f"{t} x {t} -> {t}" for t in ("int8", "int16", "int32", "float32")),
    )
)
