"""Arrays of the caller that a program itself copies from or to, so that threads share that as well."""

from typing import Any

import numpy as np
from intengine_kernels.frame import address, place_of_address
from numpy.typing import NDArray

from intengine.copying import cuts_of
from intengine.native import Native, native_copy


class Port:
    """A copy between a buffer and another array with every run.

    Attributes:
        native: the copy.
    """

    def __init__(self, native: Native, places: NDArray[np.int64], offsets: NDArray[np.int64]) -> None:
        self.native = native
        self._places = places
        self._offsets = offsets

    def give(self, array: NDArray[Any]) -> None:
        """The array of the next run, C-contiguous; it must live as long as that and share no bytes with a buffer."""
        self._places[:] = self._offsets + address(array)


def port(buffer: NDArray[Any], threads: int, *, is_input: bool) -> Port | None:
    """The copy into a buffer, or out of it; None if no kernel does it."""
    other = np.empty_like(buffer)
    pair = (buffer, other) if is_input else (other, buffer)
    found = native_copy(*pair, threads, cuts_of(buffer, threads))
    if found is None:
        return None
    # All threads have the same frames.
    frames = found.frames[0].copy()
    places = frames[:, place_of_address(found.args[0], 1 if is_input else 0)]
    offsets = places - address(other)
    nothing = np.zeros((found.chunks, 0, 2), np.int64)
    touched = found.touched._replace(reads=nothing) if is_input else found.touched._replace(writes=nothing)
    # Nothing keeps the other array.
    args = [(buffer, walk) for _, _, walk, _ in found.args]
    native = found._replace(frames=np.broadcast_to(frames, found.frames.shape), touched=touched, args=args)
    return Port(native, places, offsets)
