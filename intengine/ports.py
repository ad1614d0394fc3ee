"""Arrays of the caller that a program itself copies from or to, so that threads share that as well."""

from typing import Any

import numpy as np
from intengine_kernels.frame import place_of_address
from numpy.typing import NDArray

from intengine.binding import Native, native_copy


class Port:
    """A copy between a buffer and another array with every run.

    Attributes:
        native: the copy.
    """

    def __init__(self, native: Native, places: tuple[tuple[NDArray[np.int64], int, int], ...]) -> None:
        self.native = native
        self._places = places

    def give(self, array: NDArray[Any]) -> None:
        """The array of the next run, C-contiguous; it must live as long as that and share no bytes with a buffer."""
        address = array.__array_interface__["data"][0]
        for words, place, offset in self._places:
            words[place] = address + offset


def port(buffer: NDArray[Any], threads: int, *, is_input: bool) -> Port | None:
    """The copy into a buffer, or out of it; None if no kernel does it."""
    other = np.empty_like(buffer)
    native = native_copy(buffer, other, threads) if is_input else native_copy(other, buffer, threads)
    if native is None:
        return None
    place = place_of_address(native.held[0], 1 if is_input else 0)
    begin = other.__array_interface__["data"][0]
    places = tuple((words, place, int(words[place]) - begin) for words in native.frames)
    nothing = np.zeros((native.chunks, 0, 2), np.int64)
    touched = native.touched._replace(reads=nothing) if is_input else native.touched._replace(writes=nothing)
    # All that the frames have addresses of, but for the other array.
    held = (buffer, *(walk for _, _, walk, _ in native.held))
    return Port(native._replace(touched=touched, held=held), places)
