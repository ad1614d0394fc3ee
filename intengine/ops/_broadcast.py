"""Operands of elementwise operators: broadcast, merged to as few axes as possible."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from intengine.ops._context import Operand
from intengine.shapes import Shape, broadcast_strides, collapse, contiguous_strides
from intengine.step import Ref


@dataclass(frozen=True, eq=False)
class Walk:
    """How kernels walk operands of an elementwise operator; see `intengine_kernels.broadcast`.

    Attributes:
        shape: int64[n]. strides: int64[n] for each operand.
    """

    shape: NDArray[np.int64]
    strides: tuple[NDArray[np.int64], ...]

    @classmethod
    def of(cls, out: Shape, *operands: Operand) -> "Walk":
        """The walk of `operands` broadcast to `out`."""
        steps = [broadcast_strides(operand.shape, out) for operand in operands]
        shape, walks = collapse(out, contiguous_strides(out), *steps)
        return cls(np.array(shape, np.int64), tuple(np.array(walk, np.int64) for walk in walks[1:]))


def flat(operand: Operand) -> Ref:
    """The operand as one long row."""
    return operand.ref((operand.size,))
