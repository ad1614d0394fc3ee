"""What a form of an operator gives: one element with every step, or a whole tensor of accumulators."""

from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Protocol

import numpy as np

from intengine.inside._arithmetic import Ledger, Stage, Value, clamp, wrap
from intengine.ops import Operand

#: A place in a tensor.
At = tuple[int, ...]


@dataclass(frozen=True)
class Tap:
    """One summand: what it reads and what it gives.

    Attributes:
        at: place in each operand read, the input first, then the weights.
        values: what is stored there.
        product: what is added up, zero points taken off.
    """

    at: tuple[At, ...]
    values: tuple[int | float, ...]
    product: int | float


@dataclass(frozen=True, eq=False)
class Element:
    """One output element, tap by tap and step by step.

    Attributes:
        taps: summands; those in the padding are left out, as they add nothing.
        stages: the steps after them, the last of which gives `value`.
        rule: how it is rounded, in a line.
        accumulator: before requantization, bias included.
        unclamped: before the clamp to lo..hi, zero point included.
        exact: the real result in steps of the output's scale, zero point included, neither rounded nor clamped;
            of floats the sum itself; None where it is not finite.
        multiplier: the real requantization multiplier, None where there is not one for the whole.
        is_bitwise: whether `value` is the runtime's bit for bit; else it is the exact sum, rounded once.
    """

    taps: tuple[Tap, ...]
    stages: tuple[Stage, ...]
    rule: str
    value: int | float
    accumulator: int | float
    unclamped: int | float
    lo: int | float
    hi: int | float
    exact: Fraction | None
    multiplier: Fraction | None = None
    is_bitwise: bool = True


@dataclass(frozen=True, eq=False)
class Account:
    """Accumulators and what becomes of them: scalars of one element, or arrays of a whole tensor."""

    accumulator: Value
    unclamped: Value
    value: Value
    lo: int
    hi: int


def finish(
    acc: Value, rounded: Value, zero_point: int, lo: int, hi: int, book: Ledger, *, lo_first: bool = True
) -> Account:
    """The zero point added, which wraps at 32 bits, and the clamp.

    Without wrapping where hi is applied first, as there the sum is wide.
    """
    unclamped = wrap(rounded + zero_point, 32) if lo_first else rounded + zero_point
    if zero_point:
        book.note("zero point", unclamped, "{} + {}", rounded, zero_point)
    value = clamp(unclamped, lo, hi, lo_first=lo_first)
    book.note("clamp", value, "{} into {}..{}", unclamped, lo, hi)
    return Account(acc, unclamped, value, lo, hi)


class Form(Protocol):
    """The arithmetic of one node."""

    @property
    def output(self) -> Operand: ...

    def element(self, at: At) -> Element:
        """The element at a place of the output."""

    def whole(self) -> Account | None:
        """All elements, or None where that is not a matter of integer accumulators."""


def number(value: Any) -> int | float:
    """A NumPy scalar as a Python number."""
    return float(value) if isinstance(value, (float, np.floating)) else int(value)


def fraction(scale: Any) -> Fraction:
    """A float as the rational number that it is."""
    return Fraction(float(scale))
