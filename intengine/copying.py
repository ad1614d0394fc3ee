"""Copies between views, as arguments of the kernel that walks them without Python."""

from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import numpy as np
from intengine_kernels.copying import AXES
from numpy.lib.stride_tricks import as_strided
from numpy.typing import NDArray

from intengine.shapes import collapse

#: What `copy_strided` takes.
Arguments = tuple[NDArray[Any], NDArray[Any], NDArray[np.int64], int]
#: Bytes of a chunk, at least.
_LEAST_BYTES = 16_384


def strided_chunks(target: NDArray[Any], source: Any, most: int) -> list[Arguments] | None:
    """`strided` in up to `most` chunks of some size, which make the copy together."""
    if not isinstance(source, np.ndarray):
        return None
    found = [strided(*piece) for piece in _pieces(target, np.broadcast_to(source, target.shape), most)]
    chunks = [args for args in found if args is not None]
    return chunks if len(chunks) == len(found) else None


def _pieces(target: NDArray[Any], source: NDArray[Any], most: int) -> Iterator[tuple[NDArray[Any], NDArray[Any]]]:
    """Both, cut along the first axis that has more than one element."""
    count = min(most, target.nbytes // _LEAST_BYTES)
    axis = next((axis for axis, size in enumerate(target.shape) if size > 1), 0)
    if count < 2 or target.shape[axis] < count:
        yield target, source
        return
    for begin, end in pairwise(target.shape[axis] * i // count for i in range(count + 1)):
        piece = (slice(None),) * axis + (slice(begin, end),)
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
    walk = np.zeros((AXES, 3), np.int64)
    walk[:, 0] = 1
    walk[AXES - len(shape) :] = np.transpose((shape, *walks)) if shape else walk[AXES:]
    return _start(target), _start(source), walk, run


def _start(array: NDArray[Any]) -> NDArray[np.uint8]:
    """The bytes of the first element."""
    return as_strided(array, (1,), (array.itemsize,)).view(np.uint8)
