"""Copies between views, in as few and as wide elements as their layout allows."""

from dataclasses import replace
from typing import Any

import numpy as np

from intengine.ops._operand import Operand
from intengine.shapes import collapse, contiguous_strides
from intengine.step import Call, Ref

#: Types of elements to copy, widest first; complex128 is 16 bytes of whatever they are.
_UNITS = (np.dtype(np.complex128), np.dtype(np.uint64), np.dtype(np.uint32), np.dtype(np.uint16))


def copy(out: Operand, target: Ref, source: Operand, view: Ref) -> Call:
    """out[target] = source[view], views of one shape; runs of both become elements of up to 16 bytes."""
    item = out.dtype.itemsize
    shape, (to, start) = collapse(target.shape, _strides(target), _strides(view))
    plain = Call(np.copyto, (target, view))
    if out.dtype.hasobject or 0 in shape or (to[-1], start[-1]) != (1, 1):
        return plain
    steps = [shape[-1], *to[:-1], *start[:-1], target.offset, view.offset, out.size, source.size]
    for unit in _UNITS:
        factor = unit.itemsize // item
        if factor > 1 and all(step % factor == 0 for step in steps):
            wide = (*shape[:-1], shape[-1] // factor)
            return Call(
                np.copyto, (_widened(target, unit, wide, to, factor), _widened(view, unit, wide, start, factor))
            )
    return plain


def _strides(ref: Ref) -> tuple[int, ...]:
    return contiguous_strides(ref.shape) if ref.strides is None else ref.strides


def _widened(ref: Ref, unit: "np.dtype[Any]", shape: tuple[int, ...], strides: tuple[int, ...], factor: int) -> Ref:
    steps = (*(stride // factor for stride in strides[:-1]), 1)
    return replace(ref, dtype=unit, shape=shape, strides=steps, offset=ref.offset // factor)
