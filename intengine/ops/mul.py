"""MUL: elementwise with broadcasting."""

import cmath
import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from intengine_kernels import binary, isa
from numpy.typing import NDArray

from intengine.fixedpoint import Ints, rdp, srdhm
from intengine.model import TensorType
from intengine.numerics import Multiplication
from intengine.ops._broadcast import broadcast_shape, plain_arithmetic
from intengine.ops._context import NodeContext
from intengine.ops._guess import product_table
from intengine.ops._registry import Operator, register
from intengine.ops._table import EIGHT_BIT, QUANTIZED, product_ratio, table_calls
from intengine.ops._walk import Walk
from intengine.quantization import NONE
from intengine.step import Call

_PLAIN = (TensorType.FLOAT32, TensorType.FLOAT16, TensorType.INT32, TensorType.UINT32, TensorType.INT64)


def _high_bits(
    a: NDArray[np.int16], b: NDArray[np.int16], zero_point: int, lo: int, hi: int, out: NDArray[Any]
) -> None:
    """out = clamp(rdp(srdhm(a, b), 8) + zero_point): numbers in [-1, 1) as int16, their product in 8 bits."""
    out[...] = np.clip(rdp(srdhm(a.astype(np.int64), b.astype(np.int64), 16), 8) + zero_point, lo, hi)


def _complex(a: NDArray[np.complex64], b: NDArray[np.complex64], out: NDArray[np.complex64]) -> None:
    """Every product and sum rounded to float32; infinite where an operand is, as annex G of the C standard has it."""
    with np.errstate(all="ignore"):
        out.real = a.real * b.real - a.imag * b.imag
        out.imag = a.real * b.imag + a.imag * b.real
    for place in np.argwhere(np.isnan(out.real) & np.isnan(out.imag)):
        at = tuple(place)
        left, right = (np.broadcast_to(x, out.shape)[at] for x in (a, b))
        out[at] = _infinite(complex(left), complex(right))


def _infinite(a: complex, b: complex) -> complex:
    """The product of which both parts came out as NaN: NaN, or infinity in the direction of the operands."""

    def boxed(x: complex) -> complex:
        return complex(*(math.copysign(math.isinf(part), part) for part in (x.real, x.imag)))

    def without_nan(x: complex) -> complex:
        return complex(*(math.copysign(0.0, part) if math.isnan(part) else part for part in (x.real, x.imag)))

    most = float(np.finfo(np.float32).max)
    products = (a.real * b.real, a.imag * b.imag, a.real * b.imag, a.imag * b.real)
    overflows = any(abs(product) > most for product in products)
    a_infinite, b_infinite = cmath.isinf(a), cmath.isinf(b)
    if not (a_infinite or b_infinite or overflows):
        return complex(math.nan, math.nan)
    a = boxed(a) if a_infinite else without_nan(a)
    b = boxed(b) if b_infinite else without_nan(b)
    real, imag = a.real * b.real - a.imag * b.imag, a.real * b.imag + a.imag * b.real
    return complex(math.inf * real, math.inf * imag)


def prepare(ctx: NodeContext) -> Sequence[Call]:
    """Of int16 with an 8-bit output the scales are ignored.

    Source: tflite/kernels/mul.cc
    """
    a, b, out = ctx.input(0), ctx.input(1), ctx.output()
    activation = ctx.options["fused_activation_function"]
    if a.type is b.type is TensorType.INT16 and out.type in EIGHT_BIT:
        lo, hi = out.range
        if activation != NONE:
            lo, hi = ctx.activation_range(out)
        return [Call(_high_bits, (a.ref(), b.ref(), out.zero_point, lo, hi, out.ref()))]
    if not a.type is b.type is out.type:
        ctx.unsupported()
    if out.type in _PLAIN or (out.type is TensorType.INT16 and not out.quantization):
        return plain_arithmetic(ctx, binary.MUL)
    if out.type is TensorType.COMPLEX64:
        ctx.require(activation == NONE, "needs complex numbers without an activation", activation)
        return [Call(_complex, (a.ref(), b.ref(), out.ref()))]
    if out.type not in QUANTIZED:
        ctx.unsupported()
    if ctx.numerics.multiplication is Multiplication.FLOAT_EVEN:
        return _float_even(ctx)
    with np.errstate(over="ignore", under="ignore"):
        multiplier, shift = ctx.multiplier(product_ratio(ctx, a.scale, b.scale, out.scale))
    lo, hi = ctx.activation_range(out)
    walk = Walk.of(out, a, b)
    parameters = (a.zero_point, b.zero_point, multiplier, shift, out.zero_point, lo, hi)
    table = product_table(multiplier, shift, (a.zero_point, b.zero_point), out.zero_point, lo, hi, out.dtype)
    before = (isa.tag(isa.best()), table)
    return walk.calls(binary.mul_double_rounding, *before, *walk.args, *parameters, walk.out)


def _float_even(ctx: NodeContext) -> Sequence[Call]:
    """The product times a float32 scale; of a tensor with itself a table of squares of its real numbers.

    Source: XNNPACK src/qs8-vmul, src/reference/unary-elementwise.cc
    """
    a, b, out = ctx.input(0), ctx.input(1), ctx.output()
    lo, hi = ctx.activation_range(out)
    if a.index == b.index:
        inverse = np.float32(1) / out.scale

        def square(values: Ints) -> Ints:
            real = (values - a.zero_point).astype(np.float32) * a.scale
            scaled = np.rint((real * real) * inverse + np.float32(out.zero_point))
            return np.clip(scaled, lo, hi).astype(np.int64)

        return table_calls(ctx, square)
    scale = np.float32(a.scale * b.scale) / out.scale
    walk = Walk.of(out, a, b)
    parameters = (a.zero_point, b.zero_point, scale, out.zero_point, lo, hi)
    return walk.calls(binary.mul_half_even, *walk.args, *parameters, walk.out)


_SAME = ("int8", "uint8", "int16", "int32", "uint32", "int64", "float32", "float16", "complex64")
register(
    Operator(
        "MUL",
        broadcast_shape,
        prepare,
        inputs=(2, 2),
        signatures=(*(f"{t} x {t} -> {t}" for t in _SAME), "int16 x int16 -> int8", "int16 x int16 -> uint8"),
    )
)
