"""Sums of stored integers: pools, means."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from intengine.inside._arithmetic import Ledger, Value, wrap
from intengine.inside._form import Account, At, Element, Tap
from intengine.ops import Operand

#: (sum, number of summands, ledger, place or None for all) -> what becomes of it.
Arithmetic = Callable[[Value, Value, Ledger, At | None], Account]


@dataclass(frozen=True, eq=False)
class Sums:
    """A sum of stored integers, zero points and all, and what becomes of it.

    Attributes:
        x: stored integers. zero_point: taken off in what `Tap.product` shows.
        places: where the summands of an output element are. totals: all sums and their numbers of summands.
        exact: (sum, number of summands) -> the real result, see `Element.exact`.
    """

    output: Operand
    x: NDArray[np.integer]
    zero_point: int
    places: Callable[[At], Iterator[At]]
    totals: Callable[[], tuple[NDArray[np.int64], Value]]
    arithmetic: Arithmetic
    rule: Callable[[At], str]
    exact: Callable[[int, int], Fraction]

    def element(self, at: At) -> Element:
        book = Ledger()
        places = list(self.places(at))
        values = [int(self.x[place]) for place in places]
        taps = tuple(
            Tap((place,), (value,), value - self.zero_point) for place, value in zip(places, values, strict=True)
        )
        total = book.note("sum of stored values", wrap(sum(values), 32), "{} taps", len(taps))
        account = self.arithmetic(total, len(taps), book, at)
        return Element(
            taps, tuple(book.stages), self.rule(at), account.value, account.accumulator, account.unclamped, account.lo,
            account.hi, self.exact(sum(values), len(taps)),
        )  # fmt: skip

    def whole(self) -> Account:
        sums, counts = self.totals()
        return self.arithmetic(wrap(sums, 32), counts, Ledger(), None)
