"""Elements at listed places."""

from intengine_kernels.copying import copy_row
from intengine_kernels.jit import inline, kernel


@inline
def _check(indices, axis, size, finding):
    least = greatest = indices[0, axis]
    for i in range(indices.shape[0]):
        least, greatest = min(least, indices[i, axis]), max(greatest, indices[i, axis])
    if least < 0 or greatest >= size:
        finding[0], finding[1], finding[2], finding[3] = 1, size, least, greatest


@kernel
def find_places(indices, sizes, finding, places):
    """places[i] = the number of the element at indices[i, :], counted over axes of these sizes.

    Args:
        indices: int16, int32 or int64[n, axes]. sizes: int64[axes].
        finding: int64[4]. If indices leave an axis: 1, its size, their least and greatest; they count as 0.
        places: int64[n], or of more axes.
    """
    places = places.reshape(-1)
    places[:] = 0
    for axis in range(sizes.shape[0] if places.shape[0] else 0):
        size = sizes[axis]
        _check(indices, axis, size, finding)
        for i in range(places.shape[0]):
            index = indices[i, axis]
            places[i] = places[i] * size + (index if 0 <= index < size else 0)


@kernel
def take(source, places, out):
    """out[b, o, i] = source[b, o, places[b, i]], runs of elements of one type; nothing if there are none to take.

    Args:
        source: [batches, outer, n, inner]. places: int64[batches, count]. out: [batches, outer, count, inner].
    """
    if source.shape[2] == 0:
        return
    for b in range(out.shape[0]):
        for o in range(out.shape[1]):
            for i in range(out.shape[2]):
                copy_row(source[b, o, places[b, i]], out[b, o, i])
