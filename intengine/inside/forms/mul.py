"""MUL of quantized tensors."""

from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from intengine.inside._arithmetic import Ledger, Value, high_half, is_scalar, multiply, shift_right, wrap
from intengine.inside._form import Account, At, Form, finish, fraction
from intengine.inside._pairs import Pairs
from intengine.inside._registry import form
from intengine.model import TensorType
from intengine.numerics import Multiplication
from intengine.ops import NodeContext
from intengine.ops._table import EIGHT_BIT, QUANTIZED, product_ratio
from intengine.quantization import NONE


@form("MUL")
def mul(ctx: NodeContext) -> Form | None:
    a, b, out = ctx.input(0), ctx.input(1), ctx.output()
    if a.type is b.type is TensorType.INT16 and out.type in EIGHT_BIT:
        plain = ctx.options["fused_activation_function"] == NONE
        limits = out.range if plain else ctx.activation_range(out)
        halves = _HighHalf(out.zero_point, *limits)

        def in_halves(x: int, y: int) -> Fraction:
            return Fraction(x * y, 1 << 23) + out.zero_point

        return Pairs(out, (a, b), halves, "high half of 16 bits, shifted to 8 with ties away from zero", in_halves)
    if not a.type is b.type is out.type or out.type not in QUANTIZED or not out.quantization:
        return None
    scales = [fraction(operand.scale) for operand in (a, b, out)]

    def exact(x: int, y: int) -> Fraction:
        product = (x - a.zero_point) * (y - b.zero_point) * scales[0] * scales[1]
        return product / scales[2] + out.zero_point

    limits = ctx.activation_range(out)
    rule = ctx.numerics.multiplication
    if rule is Multiplication.FLOAT_EVEN and a.index == b.index:
        square = _Square(a.scale, a.zero_point, out.scale, out.zero_point, *limits)
        return Pairs(out, (a, b), square, "square of the real number in float32, halves to even", exact)
    if rule is Multiplication.FLOAT_EVEN:
        scale = np.float32(a.scale * b.scale) / out.scale
        arithmetic = _Product(a.zero_point, b.zero_point, None, scale, out.zero_point, *limits)
        return Pairs(out, (a, b), arithmetic, "float32 product, halves to even", exact)
    fixed = ctx.multiplier(product_ratio(ctx, a.scale, b.scale, out.scale))
    arithmetic = _Product(a.zero_point, b.zero_point, fixed, np.float32(0), out.zero_point, *limits)
    return Pairs(out, (a, b), arithmetic, ctx.numerics.rounding.value, exact)


@dataclass(frozen=True)
class _Product:
    """The product of two integers, requantized: in fixed point, or by a float32 scale."""

    a_zero_point: int
    b_zero_point: int
    fixed: tuple[int, int] | None
    scale: np.float32
    zero_point: int
    lo: int
    hi: int

    def __call__(self, a: Value, b: Value, book: Ledger, at: At | None) -> Account:
        acc = wrap((a - self.a_zero_point) * (b - self.b_zero_point), 32)
        book.note("product", acc, "({} - {}) * ({} - {})", a, self.a_zero_point, b, self.b_zero_point)
        if self.fixed is not None:
            rounded = multiply(acc, *self.fixed, book)
        else:
            real = book.note("scaled", np.float32(acc) * self.scale, "float32({}) * {} in float32", acc, self.scale)
            rounded = _whole(np.rint(real))
            book.note("round", rounded, "{} to the nearest, halves to even", real)
        return finish(acc, rounded, self.zero_point, self.lo, self.hi, book)


@dataclass(frozen=True)
class _Square:
    """Of a tensor with itself: real numbers in float32."""

    scale: np.float32
    zero_point: int
    out_scale: np.float32
    out_zero_point: int
    lo: int
    hi: int

    def __call__(self, a: Value, b: Value, book: Ledger, at: At | None) -> Account:
        acc = a - self.zero_point
        real = book.note("real", np.float32(acc) * self.scale, "({} - {}) * {}", a, self.zero_point, self.scale)
        inverse = np.float32(1) / self.out_scale
        scaled = (real * real) * inverse + np.float32(self.out_zero_point)
        book.note("scaled", scaled, "{} * {} * {} + {} in float32", real, real, inverse, self.out_zero_point)
        rounded = book.note("round", _whole(np.rint(scaled)), "{} to the nearest, halves to even", scaled)
        return finish(acc, rounded, 0, self.lo, self.hi, book)


@dataclass(frozen=True)
class _HighHalf:
    """Numbers in [-1, 1) as int16, their product in 8 bits."""

    zero_point: int
    lo: int
    hi: int

    def __call__(self, a: Value, b: Value, book: Ledger, at: At | None) -> Account:
        high = book.note("high half", high_half(a, b, 16), "({} * {} + 2**14) >> 15", a, b)
        rounded = shift_right(high, 8, False)
        book.note("shift right", rounded, "{} / 2**8 to the nearest, ties away from zero", high)
        return finish(high, rounded, self.zero_point, self.lo, self.hi, book)


def _whole(value: Value) -> Value:
    return int(value) if is_scalar(value) else value.astype(np.int64)
