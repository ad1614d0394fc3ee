"""Sparse tensors: where in the dense tensor each stored value belongs.

A tensor of rank R is traversed in R levels, one for each dimension, and one further level for each dimension that
is cut into blocks (dimension `block_map[i]` is number R + i then; it runs inside the block, while dimension
`block_map[i]` itself counts blocks). A dense level walks all its indices. A CSR level has, for each position of the
level above, the indices `indices[segments[p]:segments[p + 1]]`. Values are stored in the order of this walk; what it
does not reach is 0.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NoReturn

import numpy as np
from numpy.typing import NDArray

from intengine.errors import CorruptModelError, InvalidModelError
from intengine.model import DimensionMetadata, Sparsity, TensorSpec, TensorType
from intengine.shapes import contiguous_strides, elements

#: No sparse tensor may stand for more bytes than this; a damaged file of a few bytes could ask for any number.
MAX_BYTES = 2**32


@dataclass(frozen=True, eq=False)
class _Level:
    """One level of the traversal: how its indices are stored, their bound, and what one step is in the tensor."""

    stored: DimensionMetadata
    size: int
    stride: int


def stored_positions(spec: TensorSpec, most: int) -> NDArray[np.int64]:
    """int64[n], the flat position in the dense tensor of each stored value, in the order of storage.

    Args:
        spec: a tensor with sparsity.
        most: how many values the buffer has room for.

    Raises:
        CorruptModelError: if the levels contradict each other, the shape, or `most`.
        InvalidModelError: if the dense tensor is too large, or has no elements of a fixed size.
    """
    assert spec.sparsity is not None, "only sparse tensors have stored positions"
    if spec.type is TensorType.STRING or spec.type.bits == 0:
        raise InvalidModelError(f"A sparse tensor has numbers; {spec.name!r} has type {spec.type.name}.")
    if elements(spec.shape) * spec.type.dtype.itemsize > MAX_BYTES:
        raise InvalidModelError(
            f"A sparse tensor must stand for at most 2**32 bytes; {spec.name!r} has shape {list(spec.shape)}."
        )
    levels = list(_levels(spec, spec.sparsity))
    # Counted before anything is made: no array becomes longer than the file's own.
    count = 1
    for level in levels:
        count = _count(spec, level, count)
    if count > most:
        _refuse(spec, f"stores {count} values", f"room for {most}")
    if count == 0:
        return np.zeros(0, np.int64)
    at = np.zeros(1, np.int64)
    for level in levels:
        if level.stored.dense:
            at = np.add.outer(at, np.arange(level.stored.dense_size) * level.stride).reshape(-1)
        else:
            at = np.repeat(at, np.diff(level.stored.segments)) + level.stored.indices * level.stride
    return at


def _levels(spec: TensorSpec, sparsity: Sparsity) -> Iterator[_Level]:
    rank, blocks, order = len(spec.shape), sparsity.block_map, sparsity.traversal_order
    if sorted(order) != list(range(rank + len(blocks))) or len(sparsity.dimensions) != len(order):
        _refuse(
            spec, f"needs {rank + len(blocks)} levels in some order",
            f"the order {list(order)} and {len(sparsity.dimensions)} levels",
        )  # fmt: skip
    if len({*blocks}) != len(blocks) or not all(0 <= dimension < rank for dimension in blocks):
        _refuse(spec, "needs blocks of different dimensions", f"blocks of {list(blocks)}")
    stored = dict(zip(order, sparsity.dimensions, strict=True))
    block_size = dict.fromkeys(range(rank), 1)
    for i, dimension in enumerate(blocks):
        inside = stored[rank + i]
        if not inside.dense or inside.dense_size < 1 or spec.shape[dimension] % inside.dense_size:
            found = inside.dense_size if inside.dense else "a compressed block"
            _refuse(spec, f"needs dense blocks that divide {spec.shape[dimension]}", str(found))
        block_size[dimension] = inside.dense_size
    strides = contiguous_strides(spec.shape)
    for number in order:
        if number >= rank:
            yield _Level(stored[number], stored[number].dense_size, strides[blocks[number - rank]])
        else:
            size = block_size[number]
            yield _Level(stored[number], spec.shape[number] // size, strides[number] * size)


def _count(spec: TensorSpec, level: _Level, above: int) -> int:
    """Positions of a level whose level above has `above`."""
    stored = level.stored
    if stored.dense:
        if not 0 <= stored.dense_size <= level.size:
            _refuse(spec, f"has at most {level.size} indices on one level", f"{stored.dense_size}")
        return above * stored.dense_size
    segments, indices = stored.segments, stored.indices
    if segments.size != above + 1:
        _refuse(spec, f"needs {above + 1} segment ends on one level", f"{segments.size}")
    if segments[0] != 0 or segments[-1] != indices.size or (np.diff(segments) < 0).any():
        _refuse(spec, f"needs segments that rise from 0 to {indices.size}", _some(segments))
    if indices.size and not 0 <= indices.min() <= indices.max() < level.size:
        _refuse(spec, f"needs indices in 0..{level.size - 1} on one level", _some(indices))
    return int(indices.size)


def _some(values: NDArray[Any]) -> str:
    return str(values[:8].tolist()) + (" and more" if values.size > 8 else "")


def _refuse(spec: TensorSpec, rule: str, found: str) -> NoReturn:
    raise CorruptModelError(f"Sparse tensor {spec.name!r} {rule}; it has {found}.", f"tensors[{spec.index}].sparsity")
