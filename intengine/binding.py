"""Steps + buffers -> calls: every reference replaced by the array it means, once, before running."""

import itertools
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
from intengine_kernels.copying import copy_strided
from intengine_kernels.frame import address, frame
from intengine_kernels.jit import parameters, specialize
from numpy.lib.stride_tricks import as_strided
from numpy.typing import NDArray

from intengine.chunks import chunks_of
from intengine.copying import pieces, strided
from intengine.scratch import ScratchPool
from intengine.shapes import contiguous_strides
from intengine.state import State
from intengine.step import Call, Holder, Late, Memory, Ref, Scratch, Step, leaves
from intengine.touching import Touched, extent, together, touched


class Native(NamedTuple):
    """A call without Python.

    Attributes:
        address: of the kernel's entry.
        frames: int64[threads, chunks, words].
        touched: by each chunk.
        args: of each chunk, run by the first thread.
        held: what the frames have further addresses of.
    """

    address: int
    frames: NDArray[np.int64]
    touched: Touched
    args: Sequence[tuple[Any, ...]]
    held: Any = None

    @property
    def chunks(self) -> int:
        return len(self.args)

    @property
    def addresses(self) -> NDArray[np.int64]:
        """int64[threads, chunks], of the frames."""
        threads, chunks, _ = self.frames.strides
        by_thread, by_chunk = (np.arange(count) for count in self.frames.shape[:2])
        return address(self.frames) + threads * by_thread[:, np.newaxis] + chunks * by_chunk


class BoundCall(NamedTuple):
    """A call with its arrays.

    Attributes:
        function, args: of the call from Python, by one thread.
        native: the same without Python; None if the function is no compiled kernel.
    """

    function: Callable[..., Any]
    args: tuple[Any, ...]
    native: Native | None = None

    def run(self) -> None:
        self.function(*self.args)


def view(ref: Ref, buffer: NDArray[Any]) -> NDArray[Any]:
    """The array that a Ref means, inside a C-contiguous buffer."""
    flat = buffer.reshape(-1)
    if flat.dtype != ref.dtype:
        flat = flat.view(ref.dtype)
    if ref.strides is None:
        return flat.reshape(ref.shape)
    if 0 in ref.shape:
        return np.empty(ref.shape, ref.dtype)
    step = ref.dtype.itemsize
    return as_strided(flat[ref.offset :], ref.shape, [stride * step for stride in ref.strides])


class Binder:
    """Puts arrays in place of references.

    Args:
        buffers: tensor -> array. holders: tensor -> where late outputs go. state: what stands for MEMORY.
        pools: work space, one for each thread that shares calls; new arrays, and no sharing, if there is none.
        common: work space of calls that name the same, of steps in turn.
    """

    def __init__(
        self,
        buffers: Mapping[int, NDArray[Any]],
        *,
        holders: Mapping[int, Holder] | None = None,
        state: State | None = None,
        pools: Sequence[ScratchPool] = (),
        common: Sequence[ScratchPool] = (),
    ) -> None:
        self._buffers = buffers
        self._holders = holders or {}
        self._state = state
        self._pools = pools
        self._common = itertools.cycle(common)

    def bind(self, step: Step) -> list[BoundCall]:
        """The calls of one step; calls that name the same Scratch object share its memory."""
        used = [{id(arg) for arg in leaves(call.args) if isinstance(arg, Scratch)} for call in step.calls]
        named = Counter(key for keys in used for key in keys)
        common = next(self._common) if self._pools and max(named.values(), default=0) > 1 else None
        for pool in (*self._pools, *([common] if common else [])):
            pool.reset()
        taken: dict[tuple[int, int], NDArray[Any]] = {}

        def is_private(arg: Scratch) -> bool:
            return named[id(arg)] == 1

        def resolve(arg: Any, thread: int) -> Any:
            if isinstance(arg, tuple):
                items = [resolve(item, thread) for item in arg]
                return type(arg)(*items) if hasattr(arg, "_fields") else tuple(items)
            if isinstance(arg, Late):
                return self._holders[arg.tensor]
            if isinstance(arg, Memory):
                return self._state
            if isinstance(arg, Ref):
                return view(arg, self._buffers[arg.tensor])
            if isinstance(arg, Scratch):
                key = (id(arg), thread if is_private(arg) else -1)
                if key not in taken:
                    pool = self._pools[thread] if self._pools and is_private(arg) else common
                    taken[key] = pool.take(arg) if pool else np.empty(arg.shape, arg.dtype)
                return taken[key]
            return arg

        def resolved(call: Call, thread: int = 0) -> tuple[Any, ...]:
            return tuple(resolve(arg, thread) for arg in call.args)

        calls = []
        for call in step.calls:
            args = resolved(call)
            compiled = specialize(call.kernel, args)
            native = None
            if call.kernel is np.copyto:
                native = native_copy(args[0], args[1], len(self._pools))
            elif compiled.address:
                chunks = self._chunks(call)
                parts = [resolved(part) for part in chunks]
                frames = np.stack([frame(part) for part in parts])[np.newaxis]
                if len(self._pools) > 1:
                    frames = self._of_all_threads(frames, frame(resolved(chunks[0], 1)))
                assert frames.shape[2] == compiled.words
                ranges = touched(chunks, parts, is_private)
                native = Native(compiled.address, frames, ranges, parts, self._pools)
            calls.append(BoundCall(compiled.call, args, native))
        return calls

    def _of_all_threads(self, frames: NDArray[np.int64], other: NDArray[np.int64]) -> NDArray[np.int64]:
        """The frames of each thread, of which the first one's and one of the second are given.

        They differ in nothing but where the work space lies, whose order is the same for each.
        """
        begin = np.array([pool.address for pool in self._pools]) - self._pools[0].address
        moved = other != frames[0, 0]
        assert (other - frames[0, 0] == moved * begin[1]).all()
        return frames + moved * begin[:, np.newaxis, np.newaxis]

    def _chunks(self, call: Call) -> list[Call]:
        """A call's rows in chunks, if threads can share them."""
        if not call.work or len(self._pools) < 2:
            return [call]
        names, along = parameters(call.kernel), f"{call.along}_begin"
        at = names.index(along) if along in names else None
        first, last = (0, call.args[-1].shape[0]) if at is None else call.args[at : at + 2]

        def part(begin: int, end: int) -> tuple[Any, ...]:
            if at is None:
                return tuple(_cut(arg, last, begin, end) for arg in call.args)
            return *call.args[:at], first + begin, first + end, *call.args[at + 2 :]

        cuts = chunks_of(last - first, call.unit, call.work, len(self._pools))
        return [replace(call, args=part(*cut)) for cut in cuts]


def _cut(arg: Any, rows: int, begin: int, end: int) -> Any:
    """Rows begin..end of a reference that has so many; their number, where an array of one number gives it."""
    if isinstance(arg, np.ndarray) and arg.shape == (1,) and arg.dtype == np.int64 and arg[0] == rows:
        return np.array([end - begin], np.int64)
    if not isinstance(arg, Ref) or arg.shape[0] != rows:
        return arg
    strides = arg.strides or contiguous_strides(arg.shape)
    return replace(arg, shape=(end - begin, *arg.shape[1:]), strides=strides, offset=arg.offset + begin * strides[0])


def native_copy(target: NDArray[Any], source: Any, threads: int) -> Native | None:
    """np.copyto(target, source) by so many threads; None if no kernel does it."""
    if not isinstance(source, np.ndarray):
        return None
    parts = list(pieces(target, source, threads))
    chunks = [args for args in itertools.starmap(strided, parts) if args is not None]
    if len(chunks) < len(parts):
        return None
    compiled = specialize(copy_strided, chunks[0])
    if not compiled.address:
        return None
    ranges = together([[extent(from_)] for _, from_ in parts], [[extent(to)] for to, _ in parts])
    frames = np.stack([frame(args) for args in chunks])
    return Native(compiled.address, np.broadcast_to(frames, (max(threads, 1), *frames.shape)), ranges, chunks)
