"""Filters of quantized convolutions and products, packed for `intengine_kernels.gemm`."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from intengine_kernels import isa
from intengine_kernels.gemm import Filter, Work, gemm_requantize
from intengine_kernels.isa.tile import QUARTER
from intengine_kernels.requantize import Rule
from numpy.typing import NDArray

from intengine.numerics import Requantizer
from intengine.ops._rule import padded_rule
from intengine.step import Call, Reach, Ref, Scratch

#: Panels that threads can share evenly.
_MANY = 8


@dataclass(frozen=True, eq=False)
class Packed:
    """Filter rows as the micro-kernels read them; see `intengine_kernels.gemm`.

    Attributes:
        isa: instruction set that the packing is for, as kernels take it.
        weights: int8 or int16 [G, P (+ 1), segments * steps (+ extra), COLUMNS, per]; the last panel of ones, where
            `ones`; each as tiles read it that compute its columns.
        extra: for each group and panel, the steps whose taps are taken once more, for what weights are beyond int8.
        bias: int32[G * P * COLUMNS] and wide_bias: int64, the same, or None; input zero point folded in.
        row_term: minus the zero point that packed weights still have. ones: whether a panel makes the sums of rows.
        flip: what `isa.flip` gives. fill: the strip's value of the input's zero point.
        panel: element type of a strip.
        steps: of a segment. length: elements of a segment. chunk: steps whose sums int32 can hold.
        bound: int64[G * N], the greatest magnitude of each accumulator.
    """

    isa: tuple[int, ...] | None
    weights: NDArray[np.integer]
    extra: Sequence[Sequence[Sequence[int]]]
    bias: NDArray[np.int32]
    wide_bias: NDArray[np.int64] | None
    row_term: int
    ones: bool
    flip: int
    fill: int
    panel: np.dtype[Any]
    steps: int
    length: int
    chunk: int
    bound: NDArray[np.int64]

    def filter(self, offsets: Sequence[int] = (0,)) -> Filter:
        """What kernels take, with the offsets of all groups' segments in a strip."""
        groups, panels, _, _, per = self.weights.shape
        segments, starts = len(offsets) // groups, list(offsets)
        table = np.zeros((groups, panels, 2), np.int64)
        for g, group in enumerate(self.extra):
            own = offsets[g * segments : (g + 1) * segments]
            table[g, :, 0] = g * segments
            for p, steps in enumerate(group):
                if steps:
                    table[g, p] = len(starts), len(steps)
                    starts += [*own, *(own[at // self.steps] + at % self.steps * per for at in steps)]
        return Filter(
            self.weights.reshape(-1),
            self.weights[0, 0].size,
            table.reshape(-1, 2),
            self.bias,
            self.wide_bias,
            self.row_term,
            int(self.ones),
            self.bias.size // groups,
            self.steps,
            per,
            self.length,
            segments,
            np.array(starts, np.int64),
            self.chunk,
            np.zeros(max(isa.COLUMNS, isa.ROW_BLOCK), np.int32),
        )

    @property
    def lanes(self) -> int:
        """Columns that are computed, of all groups: more than there are channels."""
        groups = self.weights.shape[0]
        return -(-self.bound.size // (groups * QUARTER)) * QUARTER * groups

    def product(self, x: Ref, rule: Rule, out: Ref) -> Call:
        """out[M, N] from x[M, K]: threads share rows, or panels of columns where there are few rows."""
        (rows, depth), panels = x.shape, self.bias.size // isa.COLUMNS
        strip = self.strip(isa.ROW_BLOCK * depth)
        args = (self.isa, x, self.flip, self.filter(), rule, 0, rows, 0, panels, strip, self.work, out)
        few = rows < 2 * isa.TILE_ROWS or (rows < 2 * isa.ROW_BLOCK and panels >= _MANY)
        along, unit = ("panel", 1) if few else ("row", isa.TILE_ROWS)
        reach = None if few else Reach.rows(rows, depth, out.shape[1])
        return Call(gemm_requantize, args, rows * depth * self.lanes, unit, along, reach=reach)

    def strip(self, size: int) -> Scratch:
        """Work space for `size` elements of activations and what the last step reads behind them."""
        return Scratch(self.panel, (size + self.weights.shape[4],))

    @property
    def work(self) -> Work:
        """Work space of a block of rows."""
        block = isa.ROW_BLOCK * isa.COLUMNS
        return Work(
            Scratch(np.dtype(np.int32), (isa.ROW_BLOCK,)),
            Scratch(np.dtype(np.int32), (block,)),
            None if self.wide_bias is None else Scratch(np.dtype(np.int64), (block,)),
            Scratch(np.dtype(np.int64), (isa.ROW_BLOCK,)),
        )

    def rule(self, requantizer: Requantizer, dtype: np.dtype[Any], zero_point: int, lo: int, hi: int) -> Rule:
        """The requantizer to results of that type, with each group's channels padded as the bias is."""
        groups = self.weights.shape[0]
        return padded_rule(requantizer, self.bound, groups, self.bias.size // groups, dtype, zero_point, lo, hi)
