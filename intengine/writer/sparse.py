"""From a dense array to the stored values and levels of a sparse tensor."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from intengine.errors import InputError
from intengine.model import DimensionMetadata, Sparsity

_NONE: NDArray[np.int64] = np.zeros(0, np.int64)


def compress(
    values: ArrayLike,
    compressed: Sequence[int],
    *,
    order: Sequence[int] | None = None,
    blocks: Mapping[int, int] | None = None,
) -> tuple[Sparsity, NDArray[np.generic]]:
    """(sparsity, [n] stored values) of an array: what `SubgraphBuilder.tensor` takes, once the values are packed.

    Args:
        values: the dense array.
        compressed: numbers of the dimensions whose level is CSR; the others are dense.
        order: numbers of all dimensions in the order of their levels, blocks' included; ascending by default.
        blocks: dimension -> size of its blocks, which must divide it. The inside of the i-th of them is dimension
            rank + i.

    Raises:
        InputError: if the dimensions do not fit the array.

    Example:
        >>> sparsity, stored = compress([[0, 7, 0], [0, 0, 0]], [1])
        >>> stored.tolist(), sparsity.dimensions[1].segments.tolist(), sparsity.dimensions[1].indices.tolist()
        ([7], [0, 1, 1], [1])
    """
    array = np.asarray(values)
    cut = dict(blocks or {})
    levels = tuple(range(array.ndim + len(cut)) if order is None else order)
    if sorted(levels) != list(range(array.ndim + len(cut))):
        raise InputError(f"{array.ndim} dimensions and {len(cut)} blocks have as many levels. Given: {levels}.")
    if any(size < 1 or array.shape[dimension] % size for dimension, size in cut.items()):
        raise InputError(f"Blocks divide their dimensions. Given: {cut} for the shape {array.shape}.")
    # [n0 / b0, b0, n1, ...], and where each numbered dimension is among those axes
    shape: list[int] = []
    axis: dict[int, int] = {}
    inside = {dimension: array.ndim + i for i, dimension in enumerate(cut)}
    for dimension, size in enumerate(array.shape):
        axis[dimension] = len(shape)
        shape.append(size // cut.get(dimension, 1))
        if dimension in cut:
            axis[inside[dimension]] = len(shape)
            shape.append(cut[dimension])
    parts = array.reshape(shape).transpose([axis[number] for number in levels])[np.newaxis]
    dimensions = []
    for number in levels:
        above, size, *rest = parts.shape
        if number in compressed:
            kept = (parts != 0).any(axis=tuple(range(2, parts.ndim)))
            segments = np.concatenate([[0], np.cumsum(kept.sum(axis=1))]).astype(np.int64)
            dimensions.append(DimensionMetadata(False, 0, segments, np.nonzero(kept)[1].astype(np.int64)))
            parts = parts[kept]
        else:
            dimensions.append(DimensionMetadata(True, size, _NONE, _NONE))
            parts = parts.reshape(above * size, *rest)
    return Sparsity(levels, tuple(cut), tuple(dimensions)), parts
