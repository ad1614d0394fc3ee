"""What a comparison found, as immutable records."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import numpy as np


class Verdict(StrEnum):
    """Of one tensor."""

    EQUAL = "equal"
    WITHIN = "within tolerance"
    DIFFERS = "differs"


@dataclass(frozen=True)
class TensorReport:
    """One tensor in two traces.

    Attributes:
        index, name: of the tensor.
        node, op: the node that computed it; -1 and "" for a graph input.
        dtype, shape: of the first trace.
        elements, nbytes: how much was compared, in the first trace's dtype.
        differing: elements that are not equal bit for bit.
        max_abs, max_ulp: greatest distances; max_ulp is None except for floats.
        first: index of the first differing element, None if there is none.
        values: what the two traces have there.
        verdict: equal, within tolerance, or differs.
        note: why it is tolerated, or why it could not be compared element by element.
    """

    index: int
    name: str
    node: int
    op: str
    dtype: np.dtype[Any]
    shape: tuple[int, ...]
    elements: int
    nbytes: int
    is_float: bool = False
    differing: int = 0
    max_abs: float = 0.0
    max_ulp: int | None = None
    first: tuple[int, ...] | None = None
    values: tuple[Any, Any] | None = None
    verdict: Verdict = Verdict.EQUAL
    note: str = ""

    def __str__(self) -> str:
        by = f"node {self.node} {self.op}, " if self.op else "input, "
        head = f"{by}tensor {self.index} {self.name!r} {self.dtype}{list(self.shape)}"
        if self.verdict is Verdict.EQUAL:
            return f"{head}: equal, {self.elements} elements"
        text = f"{head}: {self.verdict}"
        if self.first is not None and self.values is not None:
            text += f", {self.differing} of {self.elements} elements, by at most {self.max_abs:g}"
            text += f" ({self.max_ulp} ulp)" if self.max_ulp is not None else ""
            text += f"; first at {list(self.first)}: {self.values[0]} against {self.values[1]}"
        return f"{text} ({self.note})" if self.note else text


@dataclass(frozen=True)
class Report:
    """Two traces, tensor by tensor in order of computation.

    Attributes:
        a, b: the profiles or runtimes that made the traces.
        tensors: one entry for each tensor that both have.
        only_in_a, only_in_b: indices of tensors that one trace lacks; they were not compared.
    """

    a: str
    b: str
    tensors: tuple[TensorReport, ...]
    only_in_a: tuple[int, ...] = ()
    only_in_b: tuple[int, ...] = ()

    @property
    def identical(self) -> bool:
        """Whether both traces have the same tensors and these are equal bit for bit."""
        complete = not self.only_in_a and not self.only_in_b
        return complete and all(tensor.verdict is Verdict.EQUAL for tensor in self.tensors)

    @property
    def agrees(self) -> bool:
        """Whether no tensor differs beyond its tolerance."""
        return self.first_difference is None

    @property
    def first_difference(self) -> TensorReport | None:
        """The first tensor, in order of computation, beyond its tolerance."""
        return next(iter(self.with_verdict(Verdict.DIFFERS)), None)

    def with_verdict(self, verdict: Verdict) -> Iterable[TensorReport]:
        """The tensors of that verdict, in order."""
        return (tensor for tensor in self.tensors if tensor.verdict is verdict)

    def __str__(self) -> str:
        ints = sum(tensor.nbytes for tensor in self.tensors if not tensor.is_float)
        floats = sum(tensor.elements for tensor in self.tensors if tensor.is_float)
        lines = [
            f"{self.a or 'a'} against {self.b or 'b'}: {len(self.tensors)} tensors, {ints} integer bytes, "
            f"{floats} float elements: {self._summary()}"
        ]
        shown = [tensor for tensor in self.tensors if tensor.verdict is not Verdict.EQUAL]
        lines += [f"  {tensor}" for tensor in shown[:10]]
        if len(shown) > 10:
            lines.append(f"  and {len(shown) - 10} more")
        for where, missing in (("first", self.only_in_a), ("second", self.only_in_b)):
            if missing:
                lines.append(f"  not compared, only in the {where}: tensors {', '.join(map(str, missing))}")
        return "\n".join(lines)

    def _summary(self) -> str:
        if all(tensor.verdict is Verdict.EQUAL for tensor in self.tensors):
            return "equal bit for bit"
        differs = sum(1 for _ in self.with_verdict(Verdict.DIFFERS))
        within = sum(1 for _ in self.with_verdict(Verdict.WITHIN))
        parts = [f"{differs} differ"] if differs else []
        return ", ".join([*parts, f"{within} within tolerance"] if within else parts)
