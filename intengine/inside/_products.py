"""Sums of products of integers: what convolutions, dense layers and matrix products have in common."""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Protocol

import numpy as np
from intengine_kernels import requantize as scheme
from numpy.typing import NDArray

from intengine.errors import InvalidModelError
from intengine.inside._arithmetic import SCHEMES, Ledger, Rule, Value, requantize, wrap
from intengine.inside._form import Account, At, Element, Tap, finish, fraction
from intengine.numerics import Requantizer
from intengine.ops import Operand
from intengine.quantization import quantize_multiplier

#: Beyond this, sums in float64 may be rounded.
_EXACT = 2**53


class Geometry(Protocol):
    """Which elements meet."""

    def pairs(self, at: At) -> Iterator[tuple[At, At]]:
        """Places of input and weights whose products make the element at `at`, padding left out."""

    def total(self, x: NDArray[Any], w: NDArray[Any]) -> NDArray[Any]:
        """All sums of products, [*output shape], in the type of the arrays."""


@dataclass(frozen=True, eq=False)
class Products:
    """out = clamp(requantize(sum (x - z_x) * (w - z_w) + bias) + zero_point).

    Attributes:
        x, w: stored integers. bias: int64[channels], the last axis of the output.
        bits: of the accumulator, 32 or 64; it wraps.
        lost: int64 [*output shape], what is lost where sums wrap before they are complete; or None.
    """

    output: Operand
    geometry: Geometry
    x: NDArray[Any]
    w: NDArray[Any]
    x_zero_point: int
    w_zero_point: int
    x_scale: np.float32
    w_scale: NDArray[np.float32]
    bias: NDArray[np.int64]
    bits: int
    requantizer: Requantizer
    zero_point: int
    lo: int
    hi: int
    lost: NDArray[np.int64] | None = None

    def element(self, at: At) -> Element:
        """Every tap in Python ints."""
        book = Ledger()
        taps = []
        zx, zw = self.x_zero_point, self.w_zero_point
        for here, there in self.geometry.pairs(at):
            x, w = int(self.x[here]), int(self.w[there])
            taps.append(Tap((here, there), (x, w), (x - zx) * (w - zw)))
        total = book.note("sum of taps", sum(int(tap.product) for tap in taps), "{} taps", len(taps))
        if self.lost is not None and self.lost[at]:
            total = book.note("wrapped sums", total + int(self.lost[at]), "{} + {}", total, int(self.lost[at]))
        channel = at[-1]
        bias = int(self.bias[channel])
        acc = wrap(total + bias, self.bits)
        wraps = "" if acc == total + bias else f", wraps at {self.bits} bits"
        book.note("accumulator", acc, "{} + bias {}{}", total, bias, wraps)
        rule = self._rule(at)
        account = self._finish(acc, rule, book)
        multiplier = self.multiplier(channel)
        exact = (total + bias) * multiplier + self.zero_point
        return Element(
            tuple(taps), tuple(book.stages), rule.text, account.value, acc, account.unclamped, self.lo, self.hi,
            exact, multiplier,
        )  # fmt: skip

    def multiplier(self, channel: int) -> Fraction:
        """s_x * s_w / s_out, exactly."""
        scale = self.w_scale[channel % self.w_scale.size]
        return fraction(self.x_scale) * fraction(scale) / fraction(self.output.scale)

    def whole(self) -> Account:
        """All accumulators at once."""
        sums = self._sums() + self.bias
        acc = wrap(sums if self.lost is None else sums + self.lost, self.bits)
        return self._finish(acc, self._rule(None), Ledger())

    def _sums(self) -> NDArray[np.int64]:
        x = self.x.astype(np.int64) - self.x_zero_point
        w = self.w.astype(np.int64) - self.w_zero_point
        most = int(np.abs(x).max(initial=0)) * int(np.abs(w).max(initial=0)) * max(self.w.size, 1)
        if most < _EXACT:
            # BLAS is fast, and exact while every partial sum is a float64.
            return self.geometry.total(x.astype(np.float64), w.astype(np.float64)).astype(np.int64)
        return self.geometry.total(x, w)

    def _rule(self, at: At | None) -> Rule:
        """The rule for one element, or for all."""
        found = self.requantizer
        number, up = found.scheme, self._ties_up(at)
        if number in (scheme.UPWARD, scheme.UPWARD_BLOCKS):
            number = scheme.DOUBLE_ROUNDING
        if at is None:
            return Rule(number, found.multiplier.astype(np.int64), found.shift.astype(np.int64), found.scale, up)
        c = at[-1]
        return Rule(number, int(found.multiplier[c]), int(found.shift[c]), float(found.scale[c]), up)

    def _ties_up(self, at: At | None) -> Value:
        """Whether ties go up: in whole blocks of channels, or of elements of the output."""
        shape, number = self.output.shape, self.requantizer.scheme
        if number == scheme.UPWARD_BLOCKS:
            whole = shape[-1] // scheme.BLOCK * scheme.BLOCK
            return np.arange(shape[-1]) < whole if at is None else at[-1] < whole
        if number != scheme.UPWARD:
            return False
        tail = self.output.size // self.requantizer.block * self.requantizer.block
        if at is None:
            return (np.arange(self.output.size) < tail).reshape(shape)
        return int(np.ravel_multi_index(at, shape)) < tail

    def _finish(self, acc: Value, rule: Rule, book: Ledger) -> Account:
        rounded = requantize(acc, rule, book)
        return finish(acc, rounded, self.zero_point, self.lo, self.hi, book, lo_first=rule.scheme != scheme.FLOAT32)

    def rules(self, at: At) -> dict[str, int]:
        """The element's value under every scheme that its accumulator allows; text of the scheme -> value."""
        element = self.element(at)
        assert element.multiplier is not None
        real = float(element.multiplier)
        try:
            multiplier, shift = quantize_multiplier(real)
        except InvalidModelError:
            return {}
        wide = self.bits == 64
        found = {}
        for number, text in SCHEMES.items():
            if wide and number not in (scheme.INT64_15BIT, scheme.REAL_DOUBLE):
                continue
            if number == scheme.INT64_15BIT and (not wide or shift > 14):
                continue
            of = scheme.DOUBLE_ROUNDING if number == scheme.UPWARD else number
            rule = Rule(of, multiplier, shift, real, number == scheme.UPWARD)
            found[text] = int(self._finish(element.accumulator, rule, Ledger()).value)
        return found
