"""Elementwise operators of two integers."""

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from intengine.inside._arithmetic import Ledger, Value
from intengine.inside._form import Account, At, Element, Tap
from intengine.ops import Operand

#: (a, b, ledger, place or None for all) -> accumulators and values; a and b as stored.
Arithmetic = Callable[[Value, Value, Ledger, At | None], Account]


@dataclass(frozen=True, eq=False)
class Pairs:
    """Two broadcast operands, one arithmetic.

    Attributes:
        rule: how it is rounded, in a line. exact: the real result of two stored integers, see `Element.exact`.
    """

    output: Operand
    operands: tuple[Operand, Operand]
    arithmetic: Arithmetic
    rule: str | Callable[[At], str]
    exact: Callable[[int, int], Fraction]

    def element(self, at: At) -> Element:
        book = Ledger()
        places = [_place(operand.shape, at) for operand in self.operands]
        x, y = (int(operand.known()[place]) for operand, place in zip(self.operands, places, strict=True))
        taps = tuple(
            Tap((place,), (value,), value - operand.zero_point)
            for place, value, operand in zip(places, (x, y), self.operands, strict=True)
        )
        account = self.arithmetic(x, y, book, at)
        rule = self.rule if isinstance(self.rule, str) else self.rule(at)
        return Element(
            taps, tuple(book.stages), rule, account.value, account.accumulator, account.unclamped, account.lo,
            account.hi, self.exact(x, y),
        )  # fmt: skip

    def whole(self) -> Account:
        x, y = (self._all(operand) for operand in self.operands)
        return self.arithmetic(x, y, Ledger(), None)

    def _all(self, operand: Operand) -> NDArray[Any]:
        return np.broadcast_to(operand.known().astype(np.int64), self.output.shape)


def _place(shape: tuple[int, ...], at: At) -> At:
    """The place in a broadcast operand."""
    own = at[len(at) - len(shape) :]
    return tuple(0 if size == 1 else i for size, i in zip(shape, own, strict=True))
