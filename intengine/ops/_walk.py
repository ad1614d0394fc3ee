"""How kernels walk the broadcast operands of an elementwise operator: in rows that are worth their while.

A row is what every operand walks element by element. Rows of three elements, and rows along which one operand stays
where it is, would cost more than their elements. So such operands are repeated in memory, constants beforehand.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
from intengine_kernels.broadcast import spread
from intengine_kernels.lookup import lookup
from numpy.typing import NDArray

from intengine.ops._operand import Operand
from intengine.ops._rows import BLOCK, MOST, SHORT, held, long_row, merged, repeated
from intengine.shapes import broadcast_strides, collapse, contiguous_strides
from intengine.step import CACHE_LINE, ELEMENT_WORK, Call, Ref, Scratch, flat_call


@dataclass(frozen=True, eq=False)
class Walk:
    """How kernels walk operands; see `intengine_kernels.broadcast`.

    Attributes:
        args: each operand in two axes, of which the first is that of the walk, or 1 where the operand repeats along
            it; then the walk's shape, int64[n], and for each operand strides, int64[n].
        out: the output in two axes, alike.
        before: calls that repeat operands.
        row: elements of a row as it was before.
        table: what makes a table of an operand of 8 bits that meets a constant; None for other operands.
    """

    args: tuple[Any, ...]
    out: Ref
    before: tuple[Call, ...]
    row: int
    table: "_Table | None"

    @classmethod
    def of(cls, out: Operand, *operands: Operand, dtype: Any = None) -> "Walk":
        """The walk of operands, seen as `dtype`, broadcast to `out`."""
        shape, walks = merged(out.shape, *operands)
        row, start = shape[-1], len(shape)
        if out.size and (row < SHORT or any(walk[-1] != 1 for walk in walks)):
            start, part = long_row(shape)
            cut = start - 1
            walks = tuple((*walk[:cut], part * walk[cut], *walk[cut:]) for walk in walks)
            shape = (*shape[:cut], shape[cut] // part, part, *shape[start:])
        kept = [held(walk, shape, start) for walk in walks]
        found, (_, *steps) = collapse(
            shape, contiguous_strides(shape), *(broadcast_strides(some, shape) for some in kept)
        )
        args: list[Any] = []
        before = []
        for operand, walk, some, step in zip(operands, walks, kept, steps, strict=True):
            rows, size = found[0] if step[0] else 1, math.prod(some)
            view = rows, size // max(rows, 1)
            if size == operand.size:
                args.append(operand.ref(view, dtype))
            elif operand.value is not None and size <= MOST:
                args.append(repeated(operand, walk, some, dtype).reshape(view))
            else:
                flat = operand.ref((operand.size,), dtype)
                args.append(Scratch(flat.dtype, view))
                lengths, (_, strides) = collapse(some, contiguous_strides(some), walk)
                before.append(Call(spread, (flat, np.array(lengths, np.int64), np.array(strides, np.int64), args[-1])))
        counts = (np.array(some, np.int64) for some in (found, *steps))
        target = out.ref((found[0], out.size // max(found[0], 1)))
        return cls((*args, *counts), target, tuple(before), row, _Table.of(out, operands, dtype))

    def calls(self, kernel: Callable[..., object], *args: object, block: int = 1) -> Sequence[Call]:
        """A kernel of this walk, after what repeats operands; threads share it if all of its rows are tensors'.

        Args:
            args: of the kernel, those of this walk and `out` among them. block: elements from the beginning of a row on
                that it does alike, and otherwise than what is left of the row.
        """
        size = math.prod(self.out.shape)
        if size == 0:
            return ()
        if self.table is not None:
            named = {id(arg): value for arg, value in zip((*self.args, self.out), self.table.args, strict=True)}
            kernel(*(named.get(id(arg), arg) for arg in args))
            looked_up = (self.table.source, self.table.args[-1].reshape(-1), replace(self.out, shape=(size,)))
            return (flat_call(lookup, looked_up),)
        is_shared = all(isinstance(arg, Ref) or arg.shape[0] == 1 for arg in self.args if len(arg.shape) == 2)
        work = ELEMENT_WORK * size if is_shared else 0
        is_row = self.out.shape[1] == 1
        return *self.before, Call(kernel, args, work, CACHE_LINE if is_row else 1, block=block if is_row else 1)


class _Table(NamedTuple):
    """What stands for the operands where there is a table.

    Attributes:
        args: for those of a walk and its output: all 256 values of the one operand, which the kernel makes a table of.
        source: that operand.
    """

    args: tuple[NDArray[Any], ...]
    source: Ref

    @classmethod
    def of(cls, out: Operand, operands: Sequence[Operand], dtype: Any) -> "_Table | None":
        """None also if the output is not in whole blocks: what is left may have another formula."""
        varying = [operand for operand in operands if operand.value is None]
        is_narrow = all(operand.dtype.itemsize == 1 for operand in (out, *operands))
        if len(varying) != 1 or varying[0].size != out.size or out.size % BLOCK or not is_narrow:
            return None
        every = np.arange(256).astype(np.uint8).reshape(-1, 1)
        arrays, steps = [], []
        for operand in operands:
            if operand.value is not None and operand.size != 1:
                return None
            values = every if operand.value is None else np.reshape(operand.value, (1, 1))
            arrays.append(values.view(dtype or operand.dtype))
            steps.append(np.array([operand.value is None], np.int64))
        target = np.empty(every.shape, out.dtype)
        return cls((*arrays, np.array([every.size], np.int64), *steps, target), varying[0].ref((out.size,), np.uint8))
