"""The operands of one LSTM cell."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from intengine.ops._operand import Operand


@dataclass(frozen=True)
class Layout:
    """Indices of a cell's first operands among the inputs of a node; -1 for what the operator does not have."""

    source: int = 0
    weights: int = 1
    output_state: int = 18
    cell_state: int = 19
    norm: int = 20
    aux_source: int = -1
    aux_weights: int = -1


@dataclass(frozen=True, eq=False)
class Cell:
    """One cell with its operands; tuples run over the gates.

    Attributes:
        w: [N, I], r: [N, U] or diagonal [N], aux: [N, A] or empty.
        peephole: of forget, output and input gate, [N], or empty; without input gate two.
        bias: [N]. norm: [N], or empty.
        projection: [U, N] or None. projection_bias: [U] or None.
        output_state, cell_state: B * U and B * N elements.
        batch, units, outputs, inputs: B, N, U, I.
    """

    source: Operand
    w: tuple[Operand, ...]
    r: tuple[Operand, ...]
    peephole: tuple[Operand, ...]
    bias: tuple[Operand, ...]
    norm: tuple[Operand, ...]
    projection: Operand | None
    projection_bias: Operand | None
    output_state: Operand
    cell_state: Operand
    batch: int
    units: int
    outputs: int
    inputs: int
    time_major: bool
    aux_source: Operand | None = None
    aux: tuple[Operand, ...] = ()

    @property
    def gates(self) -> int:
        return len(self.w)

    def stacked(self, operands: Sequence[Operand]) -> NDArray[Any]:
        """The known values of one operand per gate, [gates, ...]; an empty first axis if there are none."""
        if not operands:
            return np.zeros((0, self.units), np.int16)
        return np.ascontiguousarray(np.stack([operand.known() for operand in operands]))
