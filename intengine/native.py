"""Calls with their arrays, as programs run them: without Python."""

import itertools
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
from intengine_kernels.copying import copy_strided
from intengine_kernels.frame import address, frame
from intengine_kernels.jit import specialize
from numpy.typing import NDArray

from intengine.chunks import Cuts
from intengine.copying import pieces, strided
from intengine.touching import Touched, extent, together


class Native(NamedTuple):
    """A call without Python.

    Attributes:
        address: of the kernel's entry.
        frames: int64[threads, chunks, words].
        touched: by each chunk.
        args: of each chunk, run by the first thread.
        held: what the frames have further addresses of.
        follows: whether each chunk is run after the same one of the call before, by the same thread.
    """

    address: int
    frames: NDArray[np.int64]
    touched: Touched
    args: Sequence[tuple[Any, ...]]
    held: Any = None
    follows: bool = False

    @property
    def chunks(self) -> int:
        return len(self.args)

    @property
    def addresses(self) -> NDArray[np.int64]:
        """int64[threads, chunks, 2], of the entry and of the frames."""
        threads, chunks, _ = self.frames.strides
        by_thread, by_chunk = (np.arange(count) for count in self.frames.shape[:2])
        frames = address(self.frames) + threads * by_thread[:, np.newaxis] + chunks * by_chunk
        return np.stack([np.full_like(frames, self.address), frames], axis=2)


class Check(NamedTuple):
    """What a kernel found bad about its input: int64[4], other than 0 at first if it did; and who says so."""

    numbers: NDArray[np.int64]
    refuse: Callable[[NDArray[np.int64]], None]

    def raise_if_bad(self) -> None:
        """Raises InputError if the input of the last run was bad."""
        if self.numbers[0]:
            numbers = self.numbers.copy()
            self.forget()
            self.refuse(numbers)

    def forget(self) -> None:
        """Find nothing bad, until the next run."""
        self.numbers[:] = 0


class BoundCall(NamedTuple):
    """A call with its arrays.

    Attributes:
        function, args: of the call from Python, by one thread.
        native: the same without Python; None if the function is no compiled kernel.
        checks: of its input, when it has run.
    """

    function: Callable[..., Any]
    args: tuple[Any, ...]
    native: Native | None = None
    checks: tuple[Check, ...] = ()

    def run(self) -> None:
        self.function(*self.args)
        for check in self.checks:
            check.raise_if_bad()


def native_copy(target: NDArray[Any], source: Any, threads: int, cuts: Cuts) -> Native | None:
    """np.copyto(target, source) in chunks, by any of so many threads; None if no kernel does it."""
    if not isinstance(source, np.ndarray):
        return None
    parts = list(pieces(target, source, cuts))
    chunks = [args for args in itertools.starmap(strided, parts) if args is not None]
    if len(chunks) < len(parts):
        return None
    compiled = specialize(copy_strided, chunks[0])
    if not compiled.address:
        return None
    ranges = together([[extent(from_)] for _, from_ in parts], [[extent(to)] for to, _ in parts])
    frames = np.stack([frame(args) for args in chunks])
    return Native(compiled.address, np.broadcast_to(frames, (max(threads, 1), *frames.shape)), ranges, chunks)
