"""ADD and SUB of quantized tensors."""

import math
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from intengine.inside._arithmetic import Ledger, Value, clamp, high_half, multiply, shift_right, wrap
from intengine.inside._form import Account, At, Form, finish, fraction
from intengine.inside._pairs import Pairs
from intengine.inside._registry import form
from intengine.model import TensorType
from intengine.numerics import Addition
from intengine.ops import NodeContext
from intengine.ops._broadcast import Category, broadcast_category
from intengine.ops._rows import merged as merged_axes
from intengine.ops.add import powers_of_two

_EIGHT_BIT = (TensorType.INT8, TensorType.UINT8)


@form("ADD", "SUB")
def add(ctx: NodeContext) -> Form | None:
    a, b, out = ctx.input(0), ctx.input(1), ctx.output()
    if not a.type is b.type is out.type or out.type not in (*_EIGHT_BIT, TensorType.INT16) or not out.quantization:
        return None
    sign = 1 if ctx.node.op == "ADD" else -1
    scales = [fraction(operand.scale) for operand in (a, b, out)]

    def exact(x: int, y: int) -> Fraction:
        real = (x - a.zero_point) * scales[0] + sign * (y - b.zero_point) * scales[1]
        return real / scales[2] + out.zero_point

    limits = ctx.activation_range(out)
    if out.type in _EIGHT_BIT and ctx.numerics.addition is Addition.MULTIPLIER_21:
        return Pairs(out, (a, b), _Multiplier21.of(ctx, sign, limits), Addition.MULTIPLIER_21.value, exact)
    logs = powers_of_two(ctx) if out.type is TensorType.INT16 and ctx.numerics.adds_powers_of_two else []
    if logs:
        shifts = _Shifts(logs[2] - logs[0], logs[2] - logs[1], sign, *limits)
        return Pairs(out, (a, b), shifts, "power-of-two scales: shifts with ties away from zero", exact)
    common = _Common.of(ctx, sign, limits)
    return Pairs(out, (a, b), common, Addition.DOUBLE_ROUNDING.value if not common.block else common.text, exact)


@dataclass(frozen=True)
class _Shifts:
    """int16 with power-of-two scales."""

    a_shift: int
    b_shift: int
    sign: int
    lo: int
    hi: int

    def __call__(self, a: Value, b: Value, book: Ledger, at: At | None) -> Account:
        x, y = shift_right(a, self.a_shift, False), shift_right(b, self.b_shift, False)
        book.note("a", x, "{} / 2**{} to the nearest, ties away from zero", a, self.a_shift)
        book.note("b", y, "{} / 2**{} to the nearest, ties away from zero", b, self.b_shift)
        total = book.note("sum", x + self.sign * y, "{} + {} * {}", x, self.sign, y)
        saturated = clamp(total, -32768, 32767) if self.sign > 0 else total
        return finish(total, saturated, 0, self.lo, self.hi, book)


@dataclass(frozen=True)
class _Multiplier21:
    """Two multipliers of 21 bits, one shift with ties up."""

    a: int
    b: int
    bias: int
    shift: int
    zero_point: int
    lo: int
    hi: int

    @classmethod
    def of(cls, ctx: NodeContext, sign: int, limits: tuple[int, int]) -> "_Multiplier21":
        a, b, out = ctx.input(0), ctx.input(1), ctx.output()
        ratios = float(a.scale / out.scale), float(b.scale / out.scale)
        shift = 21 - math.frexp(max(ratios))[1]
        first, second = (int(np.rint(math.ldexp(ratio, shift))) for ratio in ratios)
        second *= sign
        bias = (1 << (shift - 1)) - first * a.zero_point - second * b.zero_point
        return cls(first, second, bias, shift, out.zero_point, *limits)

    def __call__(self, a: Value, b: Value, book: Ledger, at: At | None) -> Account:
        acc = wrap(self.bias + a * self.a + b * self.b, 32)
        book.note("accumulator", acc, "{} + {} * {} + {} * {}", self.bias, a, self.a, b, self.b)
        shifted = book.note("shift right", acc >> self.shift, "{} >> {}", acc, self.shift)
        narrow = clamp(clamp(shifted, -32768, 32767) + self.zero_point, -32768, 32767)
        book.note("zero point", narrow, "{} + {}, saturating to 16 bits", shifted, self.zero_point)
        return finish(acc, narrow, 0, self.lo, self.hi, book)


@dataclass(frozen=True)
class _Common:
    """Both inputs at the scale 2 * max(s_a, s_b), in whole blocks of a row by another scheme.

    Attributes:
        block: elements of a block, 0 if there are none. merged: whether its inputs have one shift in all.
        row: elements of a row. narrow: whether a block's sum, once requantized, wraps to int16.
    """

    points: tuple[int, int, int]
    left: int
    a: tuple[int, int]
    b: tuple[int, int]
    out: tuple[int, int]
    sign: int
    lo: int
    hi: int
    shape: tuple[int, ...]
    row: int = 1
    block: int = 0
    merged: bool = False
    narrow: bool = False

    @classmethod
    def of(cls, ctx: NodeContext, sign: int, limits: tuple[int, int]) -> "_Common":
        a, b, out = ctx.input(0), ctx.input(1), ctx.output()
        is_int16 = out.type is TensorType.INT16
        left = 15 if is_int16 else 20
        twice = 2.0 * max(float(a.scale), float(b.scale))
        real = twice / float(np.float32(2.0**left) * out.scale)
        category = broadcast_category(a.shape, b.shape)
        blocks = ctx.numerics.addition is Addition.BLOCKS and sign > 0 and category is not Category.GENERIC
        blocks &= not is_int16 or category is Category.SAME
        merged = category in (Category.SAME, Category.ROWS) and out.type is not TensorType.UINT8
        return cls(
            (a.zero_point, b.zero_point, out.zero_point), left, ctx.multiplier(float(a.scale) / twice),
            ctx.multiplier(float(b.scale) / twice), ctx.multiplier(real), sign, *limits, out.shape,
            merged_axes(out.shape, a, b)[0][-1], (16 if merged else 8) if blocks else 0, merged, not is_int16,
        )  # fmt: skip

    @property
    def text(self) -> str:
        return f"whole blocks of {self.block}: {Addition.BLOCKS.value}"

    def __call__(self, a: Value, b: Value, book: Ledger, at: At | None) -> Account:
        if not self.block:
            return self._plain(a, b, book)
        whole = self.row - self.row % self.block
        if at is not None:
            place = int(np.ravel_multi_index(at, self.shape)) % self.row
            return self._blocked(a, b, book) if place < whole else self._plain(a, b, book)
        inside = (np.arange(a.size) % self.row < whole).reshape(a.shape)
        first, second = self._blocked(a, b, book), self._plain(a, b, book)
        return Account(
            np.where(inside, first.accumulator, second.accumulator),
            np.where(inside, first.unclamped, second.unclamped), np.where(inside, first.value, second.value),
            self.lo, self.hi,
        )  # fmt: skip

    def _plain(self, a: Value, b: Value, book: Ledger) -> Account:
        za, zb, zo = self.points
        x, y = (a - za) << self.left, (b - zb) << self.left
        book.note("a", x, "({} - {}) << {}", a, za, self.left)
        x = multiply(x, *self.a, book.part("a"))
        book.note("b", y, "({} - {}) << {}", b, zb, self.left)
        y = multiply(y, *self.b, book.part("b"))
        acc = book.note("accumulator", wrap(x + self.sign * y, 32), "{} + {} * {}", x, self.sign, y)
        return finish(acc, multiply(acc, *self.out, book), zo, self.lo, self.hi, book)

    def _blocked(self, a: Value, b: Value, book: Ledger) -> Account:
        za, zb, zo = self.points
        x, y = self._scaled(a - za, *self.a, book.part("a")), self._scaled(b - zb, *self.b, book.part("b"))
        acc = book.note("accumulator", wrap(x + y, 32), "{} + {}", x, y)
        rounded = multiply(acc, self.out[0], self.out[1], book)
        if not self.narrow:
            return finish(acc, rounded, zo, self.lo, self.hi, book, lo_first=False)
        narrow = wrap(wrap(rounded, 16) + zo, 16)
        book.note("zero point", narrow, "{} + {}, wraps at 16 bits", rounded, zo)
        return finish(acc, narrow, 0, self.lo, self.hi, book, lo_first=False)

    def _scaled(self, value: Value, multiplier: int, shift: int, book: Ledger) -> Value:
        if self.merged:
            merged = self.left + shift
            moved = value << merged if merged >= 0 else value >> -merged
            book.note("shift", moved, "{} * 2**{}, rounded down", value, merged)
            return book.note("high half", high_half(moved, multiplier), "({} * {} + 2**30) >> 31", moved, multiplier)
        high = high_half(value << self.left, multiplier)
        book.note("high half", high, "(({} << {}) * {} + 2**30) >> 31", value, self.left, multiplier)
        return book.note("shift right", high >> -shift, "{} >> {}", high, -shift)
