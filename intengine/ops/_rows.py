"""Rows of broadcast operands, and how operands are held in memory so that rows are long."""

from typing import Any

import numpy as np
from numpy.lib.stride_tricks import as_strided
from numpy.typing import NDArray

from intengine.ops._operand import Operand
from intengine.shapes import Shape, broadcast_strides, collapse, contiguous_strides

#: Elements of rows that stay as they are, at least; and of those that are made, which are seldom much longer.
SHORT, _LONG = 128, 1024
#: Rows that are made out of one have whole blocks of this: kernels do what is left of a row otherwise, and slower.
BLOCK = 16
#: Elements of a constant that is repeated beforehand, at most.
MOST = 1 << 16


def merged(out: Shape, *operands: Operand) -> tuple[Shape, tuple[Shape, ...]]:
    """The shape of operands broadcast to `out` in as few axes as possible, and the strides of each."""
    steps = [broadcast_strides(operand.shape, out) for operand in operands]
    shape, (_, *walks) = collapse(out, contiguous_strides(out), *steps)
    return shape, tuple(walks)


def long_row(shape: Shape) -> tuple[int, int]:
    """(start, part): the axes from `start` on make a good row together with `part`, a divisor, of the one before."""
    start, length, part = len(shape), 1, 1
    while length < _LONG and start > 0:
        start -= 1
        part = _part(shape[start], length)
        if part == 1:
            break
        length *= part
    return start + 1, part


def _part(size: int, length: int) -> int:
    """How many of `size` rows of this length make a good one: a divisor, all if they are few, 1 if none is good.

    Parts of a single row are in whole blocks.
    """
    if size * length <= _LONG:
        return size
    least = -(-_LONG // length)
    longer, shorter = range(least, min(size, 8 * least)), range(min(least, size) - 1, SHORT // length, -1)
    parts = [part for part in (*longer, *shorter) if size % part == 0]
    blocks = [part for part in parts if length * part % BLOCK == 0]
    few = [size] if size * length <= MOST else []
    return next(iter((*blocks, *(parts if length > 1 else ()), *few)), 1)


def held(walk: Shape, shape: Shape, start: int) -> Shape:
    """What an operand holds along each axis if, from `start` on, it is to lie in one piece."""
    pieces = zip(shape[start:], walk[start:], contiguous_strides(shape[start:]), strict=True)
    is_whole = all(size == 1 or step == plain for size, step, plain in pieces)
    repeats = (i >= start and not is_whole for i in range(len(shape)))
    return tuple(size if step or more else 1 for size, step, more in zip(shape, walk, repeats, strict=True))


def repeated(operand: Operand, walk: Shape, held: Shape, dtype: Any) -> NDArray[Any]:
    """The elements of a constant as it is to be held."""
    value = np.ascontiguousarray(operand.value).reshape(-1).view(operand.dtype if dtype is None else dtype)
    return as_strided(value, held, [step * value.itemsize for step in walk]).copy()
