"""Shape arithmetic in pure ints: windows, padding, broadcasting. Nothing here knows types or scales."""

import math
from collections.abc import Sequence

from intengine.errors import InvalidModelError

Shape = tuple[int, ...]

#: No tensor may have more elements than this; a larger one is a corrupt model, not a large one.
MAX_ELEMENTS = 2**40


def window_output(size: int, window: int, stride: int, dilation: int, same: bool) -> int:
    """Output length of a convolution or pooling along one axis.

    SAME is ceil(size / stride); VALID is trunc((size + stride - effective) / stride), at least 0.

    Raises:
        InvalidModelError: for a window, stride or dilation below 1.
    """
    if window < 1 or stride < 1 or dilation < 1:
        raise InvalidModelError(
            f"Window, stride and dilation must be at least 1; got {window}, {stride} and {dilation}."
        )
    if same:
        return -(-size // stride)
    return max((size + stride - ((window - 1) * dilation + 1)) // stride, 0)


def window_padding(size: int, window: int, stride: int, dilation: int, out: int) -> int:
    """Elements of padding *before* the first one along one axis; an odd rest goes after."""
    effective = (window - 1) * dilation + 1
    return max((out - 1) * stride + effective - size, 0) // 2


def broadcast(a: Sequence[int], b: Sequence[int]) -> Shape:
    """NumPy broadcasting of two shapes.

    Raises:
        InvalidModelError: if they do not fit.
    """
    rank = max(len(a), len(b))
    left = (1,) * (rank - len(a)) + tuple(a)
    right = (1,) * (rank - len(b)) + tuple(b)
    out = []
    for m, n in zip(left, right, strict=True):
        if m != n and m != 1 and n != 1:
            raise InvalidModelError(f"Shapes must broadcast; got {list(a)} and {list(b)}.")
        out.append(n if m == 1 else m)
    return tuple(out)


def broadcast_strides(shape: Sequence[int], out: Sequence[int]) -> Shape:
    """Element strides that read a C-contiguous `shape` as if it had shape `out` (0 where it repeats)."""
    padded = (1,) * (len(out) - len(shape)) + tuple(shape)
    strides: list[int] = []
    step = 1
    for size in reversed(padded):
        strides.append(0 if size == 1 else step)
        step *= size
    return tuple(reversed(strides))


def contiguous_strides(shape: Sequence[int]) -> Shape:
    """Element strides of a C-contiguous array."""
    strides: list[int] = []
    step = 1
    for size in reversed(shape):
        strides.append(step)
        step *= size
    return tuple(reversed(strides))


def collapse(shape: Sequence[int], *strides: Sequence[int]) -> tuple[Shape, tuple[Shape, ...]]:
    """Merge neighbouring axes that every operand walks alike: fewer axes, same order of elements.

    Returns:
        The merged shape (at least one axis) and each operand's merged strides.
    """
    merged: list[int] = []
    walks: list[list[int]] = [[] for _ in strides]
    for axis, size in enumerate(shape):
        if size == 1:
            continue
        here = [stride[axis] for stride in strides]
        if merged and all(walk[-1] == step * size for walk, step in zip(walks, here, strict=True)):
            merged[-1] *= size
            for walk, step in zip(walks, here, strict=True):
                walk[-1] = step
        else:
            merged.append(size)
            for walk, step in zip(walks, here, strict=True):
                walk.append(step)
    if not merged:
        return (1,), tuple((0,) for _ in strides)
    return tuple(merged), tuple(tuple(walk) for walk in walks)


def normalize_axis(axis: int, rank: int) -> int:
    """A possibly negative axis as 0..rank-1.

    Raises:
        InvalidModelError: if it lies outside.
    """
    if not -rank <= axis < rank:
        raise InvalidModelError(f"An axis must be in -{rank}..{rank - 1}; got {axis}.")
    return axis % rank


def elements(shape: Sequence[int]) -> int:
    """Number of elements.

    Raises:
        InvalidModelError: for a negative size or an absurd product.
    """
    if any(size < 0 for size in shape):
        raise InvalidModelError(f"Sizes must not be negative; got {list(shape)}.")
    # Sizes of 0 too must leave the others within bounds that arrays have.
    count = math.prod(max(size, 1) for size in shape)
    if count > MAX_ELEMENTS:
        raise InvalidModelError(f"A tensor must have at most 2**40 elements; {list(shape)} has {count}.")
    return math.prod(shape)
