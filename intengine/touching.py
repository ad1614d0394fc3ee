"""Which bytes the chunks of a call read and write, and so which chunks must be done before others begin."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
from intengine_kernels.frame import address
from intengine_kernels.jit import parameters
from numpy.typing import NDArray

from intengine.step import Call, Held, Reach, Ref, Scratch, leaves


class Touched(NamedTuple):
    """Addresses from begin to end that each chunk of a call reads and writes.

    Attributes:
        reads, writes: int64[chunks, n, 2].
    """

    reads: NDArray[np.int64]
    writes: NDArray[np.int64]


def needs(before: Touched, after: Touched) -> NDArray[np.int64]:
    """For each chunk of `after`, the bits of the chunks of `before` that must be done when it begins.

    Returns:
        int64[chunks of after].
    """
    meet = _meet(after.reads, before.writes) | _meet(after.writes, before.reads) | _meet(after.writes, before.writes)
    return np.asarray((meet << np.arange(len(before.reads))).sum(axis=1), np.int64)


def joined(one: Touched, other: Touched) -> Touched:
    """What both touch, each chunk of the one together with the same of the other."""
    return Touched(*(np.concatenate(pair, axis=1) for pair in zip(one, other, strict=True)))


def _meet(a: NDArray[np.int64], b: NDArray[np.int64]) -> NDArray[np.int64]:
    """int64[len(a), len(b)]: 1 where a range in the one has bytes in common with one in the other."""
    one, other = a[:, None, :, None], b[None, :, None, :]
    meet = (one[..., 0] < other[..., 1]) & (other[..., 0] < one[..., 1])
    return np.asarray(meet.any(axis=(2, 3)), np.int64)


def touched(chunks: Sequence[Call], args: Sequence[tuple[Any, ...]], is_private: Callable[[Scratch], bool]) -> Touched:
    """What the chunks of a call touch that have these arguments.

    Args:
        is_private: whether work space belongs to one thread.
    """
    found = [_touched(chunk, given, is_private) for chunk, given in zip(chunks, args, strict=True)]
    return together(*zip(*found, strict=True))


def together(reads: Sequence[Sequence[tuple[int, int]]], writes: Sequence[Sequence[tuple[int, int]]]) -> Touched:
    """Of all chunks, given for each."""
    return Touched(*(np.array(some, np.int64).reshape(len(some), -1, 2) for some in (reads, writes)))


Ranges = list[tuple[int, int]]


def _touched(call: Call, args: tuple[Any, ...], is_private: Callable[[Scratch], bool]) -> tuple[Ranges, Ranges]:
    shared = [
        array
        for arg, array in zip(leaves(call.args), leaves(args), strict=True)
        if isinstance(arg, (Ref, Held)) or (isinstance(arg, Scratch) and not is_private(arg))
    ]
    if not call.work:
        # Any of them may be written.
        every = [extent(array) for array in shared]
        return every, every
    out, reach = args[-1], call.reach
    if reach is None:
        return [extent(array) for array in shared if array is not out], [extent(out)]
    given = dict(zip(parameters(call.kernel), args, strict=True))
    source, begin, end = given[reach.of], given[f"{call.along}_begin"], given[f"{call.along}_end"]
    reads = [extent(array) for array in shared if array is not out and array is not source]
    first, last = _rows_behind(reach, begin)[0], _rows_behind(reach, max(end - 1, begin))[1]
    return [_part(source, first * reach.row, last * reach.row), *reads], [
        _part(out, begin * reach.line, end * reach.line)
    ]


def _rows_behind(reach: Reach, y: int) -> tuple[int, int]:
    """The rows, first and behind the last, that an output row is made of; both are counted over all images."""
    image, y = divmod(y, max(reach.lines, 1))
    top = y * reach.stride - reach.before
    first, last = (image * reach.height + min(max(at, 0), reach.height) for at in (top, top + reach.span))
    return first, last


def _part(array: NDArray[Any], begin: int, end: int) -> tuple[int, int]:
    """Addresses of these elements of a contiguous array."""
    at = address(array)
    return at + begin * array.itemsize, at + end * array.itemsize


def extent(array: NDArray[Any]) -> tuple[int, int]:
    """Addresses of the first byte of an array and behind its last."""
    begin = end = address(array)
    if array.size == 0:
        return begin, end
    for size, stride in zip(array.shape, array.strides, strict=True):
        begin, end = begin + min(stride, 0) * (size - 1), end + max(stride, 0) * (size - 1)
    return begin, end + array.itemsize
