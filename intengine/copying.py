"""Copies between views, as arguments of the kernel that walks them without Python."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from intengine_kernels.copying import AXES
from numpy.lib.stride_tricks import as_strided
from numpy.typing import NDArray

from intengine.chunks import Cuts, chunks_of
from intengine.shapes import Shape, collapse

#: What `copy_strided` takes.
Arguments = tuple[NDArray[Any], NDArray[Any], NDArray[np.int64], int]
#: Work of copying a byte: it takes as long as so many multiply-accumulates of quantized elements.
_BYTE_WORK = 6


def cuts_of(target: NDArray[Any], threads: int) -> Cuts:
    """The pieces that so many threads copy, cut along the first axis of more than one element."""
    rows = next((size for size in target.shape if size > 1), 1)
    return chunks_of(rows, 1, _BYTE_WORK * target.nbytes, threads)


def pieces(target: NDArray[Any], source: Any, cuts: Cuts) -> Iterator[tuple[NDArray[Any], NDArray[Any]]]:
    """Both in pieces of these rows."""
    source = np.broadcast_to(source, target.shape)
    axis = next((axis for axis, size in enumerate(target.shape) if size > 1), None)
    for begin, end in cuts:
        piece = () if axis is None else (slice(None),) * axis + (slice(begin, end),)
        yield target[piece], source[piece]


def strided(target: NDArray[Any], source: Any) -> Arguments | None:
    """What `copy_strided` takes to do np.copyto(target, source); None for what it cannot do.

    That is: elements of Python, other types, memory in common, and views of more axes than it walks.
    """
    if not isinstance(source, np.ndarray) or source.dtype != target.dtype or target.dtype.hasobject:
        return None
    if target.size == 0 or np.may_share_memory(target, source):
        return None
    whole = np.broadcast_to(source, target.shape)
    shape, walks = collapse(target.shape, target.strides, whole.strides)
    run = target.itemsize
    if all(walk[-1] == run for walk in walks):
        run *= shape[-1]
        shape, walks = shape[:-1], tuple(walk[:-1] for walk in walks)
    if len(shape) > AXES:
        return None
    shape, walks = _turning(shape, walks, run)
    walk = np.zeros((AXES, 3), np.int64)
    walk[:, 0] = 1
    walk[AXES - len(shape) :] = np.transpose((shape, *walks)) if shape else walk[AXES:]
    return _start(target), _start(source), walk, run


def _turning(shape: Shape, walks: tuple[Shape, ...], run: int) -> tuple[Shape, tuple[Shape, ...]]:
    """The axis along which the source lies in one piece last but one, where the target does along the last one."""
    to, start = walks
    axis = next((axis for axis, step in enumerate(start[:-1]) if step == run), None)
    if axis is None or to[-1] != run:
        return shape, walks
    order = [*(i for i in range(len(shape) - 1) if i != axis), axis, len(shape) - 1]
    return tuple(shape[i] for i in order), tuple(tuple(walk[i] for i in order) for walk in walks)


def _start(array: NDArray[Any]) -> NDArray[np.uint8]:
    """The bytes of the first element."""
    return as_strided(array, (1,), (array.itemsize,)).view(np.uint8)
