"""Requantization schemes written out: for one Python int, step by step, or for a whole array of int64.

The same lines serve both; Python ints never overflow, so every width that a runtime has is said (`wrap`).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from intengine_kernels import requantize as scheme
from intengine_kernels.fixedpoint import ONCE

INT32_MIN, INT32_MAX = -(2**31), 2**31 - 1
#: An int, a float, a NumPy scalar; or an array of them.
Value = Any

#: Number of a scheme -> what it does, in a line.
SCHEMES: Mapping[int, str] = {
    scheme.DOUBLE_ROUNDING: "two roundings: high half with ties up, then a shift with ties away from zero",
    scheme.UPWARD: "two roundings: high half with ties up, then a shift with ties up",
    scheme.SINGLE: "one rounding of the whole product, ties up",
    scheme.INT64_15BIT: "multiplier of 15 bits, one rounding, ties up",
    scheme.FLOAT32: "float32 product, halves to even",
    scheme.REAL_DOUBLE: "float64 product, halves away from zero",
}


@dataclass(frozen=True)
class Stage:
    """One step of an element's arithmetic: its name, the formula with numbers put in, the value that it gives."""

    name: str
    formula: str
    value: int | float


@dataclass
class Ledger:
    """Notes the steps where values are scalars; for arrays it notes nothing."""

    stages: list[Stage] = field(default_factory=list)
    prefix: str = ""

    def part(self, name: str) -> "Ledger":
        """The same ledger, with `name` before what it notes."""
        return Ledger(self.stages, f"{name}: ")

    def note(self, name: str, value: Value, formula: str, *numbers: object) -> Value:
        """The value, noted with `formula.format(*numbers)`."""
        if not isinstance(value, np.ndarray):
            self.stages.append(Stage(self.prefix + name, formula.format(*map(_shown, numbers)), _plain(value)))
        return value


def _shown(number: object) -> str:
    return str(number)


def _plain(value: Value) -> int | float:
    return float(value) if isinstance(value, (float, np.floating)) else int(value)


def is_scalar(value: Value) -> bool:
    return not isinstance(value, np.ndarray)


def least(a: Value, b: Value) -> Value:
    return min(a, b) if is_scalar(a) and is_scalar(b) else np.minimum(a, b)


def greatest(a: Value, b: Value) -> Value:
    return max(a, b) if is_scalar(a) and is_scalar(b) else np.maximum(a, b)


def clamp(value: Value, lo: int, hi: int, *, lo_first: bool = True) -> Value:
    """Into lo..hi; which bound is applied first counts only where lo > hi."""
    return least(greatest(value, lo), hi) if lo_first else greatest(least(value, hi), lo)


def wrap(value: Value, bits: int) -> Value:
    """Modulo 2**bits as a signed number; int64 arrays wrap by themselves at 64."""
    if bits == 64 and not is_scalar(value):
        return value
    half = 1 << (bits - 1)
    return ((value + half) & ((1 << bits) - 1)) - half


def halves_away(value: Value) -> Value:
    """The nearest whole float, halves away from zero."""
    whole = np.trunc(value)
    return whole + np.copysign(np.abs(value - whole) >= 0.5, value).astype(np.asarray(value).dtype)


def high_half(a: Value, b: Value, bits: int = 32) -> Value:
    """The saturating rounding doubling high half of a product: (a * b + 2**(bits - 2)) >> (bits - 1)."""
    return least((a * b + (1 << (bits - 2))) >> (bits - 1), (1 << (bits - 1)) - 1)


def shift_right(value: Value, exponent: Value, up: Value) -> Value:
    """value / 2**exponent to the nearest, ties up where `up`, else away from zero."""
    half = (1 << exponent) >> 1
    if is_scalar(value):
        return (value + half - (0 if up or value >= 0 else min(half, 1))) >> exponent
    less = np.where((value < 0) & np.logical_not(up), np.minimum(half, 1), 0)
    return (value + half - less) >> exponent


def multiply(value: Value, multiplier: Value, shift: Value, book: Ledger, *, up: Value = False) -> Value:
    """value * multiplier * 2**(shift - 31) with two roundings, or one if ONCE was added to the shift."""
    if is_scalar(shift) and shift >= ONCE // 2:
        return multiply_once(value, multiplier, shift - ONCE, book)
    left, right = greatest(shift, 0), greatest(-shift, 0)
    shifted = wrap(value << left, 32)
    if is_scalar(left) and left:
        book.note("shift left", shifted, "{} << {}, wraps at 32 bits", value, left)
    high = high_half(shifted, multiplier)
    book.note("high half", high, "({} * {} + 2**30) >> 31", shifted, multiplier)
    rounded = shift_right(high, right, up)
    ties = "up" if is_scalar(value) and up else "away from zero"
    return book.note("shift right", rounded, "{} / 2**{} to the nearest, ties {}", high, right, ties)


def multiply_once(value: Value, multiplier: Value, shift: Value, book: Ledger) -> Value:
    """value * multiplier * 2**(shift - 31) rounded once, ties up; wraps at 32 bits."""
    total = 31 - shift
    rounded = wrap((value * multiplier + (1 << (total - 1))) >> total, 32)
    return book.note("one rounding", rounded, "({} * {} + 2**{}) >> {}", value, multiplier, total - 1, total)


def _cut(value: Value, multiplier: Value, shift: Value, book: Ledger) -> Value:
    most = multiplier >= 0x7FFF0000
    short = (multiplier + (1 << 15)) >> 16
    cut = (32767 if most else short) if is_scalar(multiplier) else np.where(most, 32767, short)
    book.note("cut multiplier", cut, "{} to 15 bits", multiplier)
    total = 15 - shift
    rounded = wrap(wrap(value * cut + (1 << (total - 1)), 64) >> total, 32)
    return book.note("one rounding", rounded, "({} * {} + 2**{}) >> {}", value, cut, total - 1, total)


def _double(value: Value, real: Value, book: Ledger) -> Value:
    product = book.note("product", np.float64(value) * real, "{} * {} in float64", value, real)
    rounded = halves_away(product)
    # What int32 cannot hold is its least number, as x86 has it.
    rounded = np.where((rounded >= INT32_MIN) & (rounded <= INT32_MAX), rounded, INT32_MIN)
    whole = int(rounded) if is_scalar(product) else rounded.astype(np.int64)
    return book.note("round", whole, "{} to the nearest, halves away from zero", product)


def _single(value: Value, real: Value, book: Ledger) -> Value:
    with np.errstate(over="ignore"):
        product = np.float32(value) * np.float32(real)
    book.note("product", product, "float32({}) * {} in float32", value, np.float32(real))
    rounded = np.rint(np.clip(product, np.float32(INT32_MIN), np.float32(2.0**31)))
    whole = int(rounded) if is_scalar(product) else rounded.astype(np.int64)
    return book.note("round", whole, "{} to the nearest, halves to even", product)


@dataclass(frozen=True, eq=False)
class Rule:
    """A requantizer for one channel (scalars), or for all (arrays along the last axis).

    Attributes:
        scheme: of SCHEMES. multiplier, shift, real: what the scheme uses.
        up: whether ties of the second rounding go up.
    """

    scheme: int
    multiplier: Value
    shift: Value
    real: Value
    up: Value = False

    @property
    def text(self) -> str:
        """What it does, in a line."""
        return SCHEMES[scheme.UPWARD if self.scheme == scheme.DOUBLE_ROUNDING and self.up else self.scheme]


def requantize(acc: Value, rule: Rule, book: Ledger) -> Value:
    """The accumulator times the rule's multiplier, rounded as the rule has it; no zero point, no clamp."""
    if rule.scheme == scheme.REAL_DOUBLE:
        return _double(acc, rule.real, book)
    if rule.scheme == scheme.FLOAT32:
        return _single(wrap(acc, 32), rule.real, book)
    if rule.scheme == scheme.INT64_15BIT:
        return _cut(acc, rule.multiplier, rule.shift, book)
    if rule.scheme == scheme.SINGLE:
        return multiply_once(wrap(acc, 32), rule.multiplier, rule.shift, book)
    return multiply(wrap(acc, 32), rule.multiplier, rule.shift, book, up=rule.up)
