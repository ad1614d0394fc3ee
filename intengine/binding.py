"""Steps + buffers -> calls: every reference replaced by the array it means, once, before running."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
from intengine_kernels.copying import copy_strided
from intengine_kernels.frame import frame
from intengine_kernels.jit import Compiled, parameters, specialize
from numpy.lib.stride_tricks import as_strided
from numpy.typing import NDArray

from intengine.chunks import chunks_of
from intengine.copying import strided_chunks
from intengine.shapes import contiguous_strides
from intengine.state import State
from intengine.step import Call, Holder, Late, Memory, Ref, Scratch, Step, leaves


class Native(NamedTuple):
    """A call without Python.

    Attributes:
        address: of the kernel's entry.
        frames: one for the whole call; or for each thread, one for each chunk of it.
        chunks: how many.
        held: arrays whose addresses the frames hold.
    """

    address: int
    frames: tuple[NDArray[np.int64], ...]
    chunks: int
    held: tuple[Any, ...]


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
    """

    def __init__(
        self,
        buffers: Mapping[int, NDArray[Any]],
        *,
        holders: Mapping[int, Holder] | None = None,
        state: State | None = None,
        pools: "Sequence[ScratchPool]" = (),
    ) -> None:
        self._buffers = buffers
        self._holders = holders or {}
        self._state = state
        self._pools = pools

    def bind(self, step: Step) -> list[BoundCall]:
        """The calls of one step; calls that name the same Scratch object share its memory."""
        for pool in self._pools:
            pool.reset()
        used = [{id(arg) for arg in leaves(call.args) if isinstance(arg, Scratch)} for call in step.calls]
        named = Counter(key for keys in used for key in keys)
        taken: dict[tuple[int, int], NDArray[Any]] = {}

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
                owner = thread if named[id(arg)] == 1 else 0
                key = (id(arg), owner)
                if key not in taken:
                    taken[key] = self._pools[owner].take(arg) if self._pools else np.empty(arg.shape, arg.dtype)
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
                native = _native_copy(args[0], args[1], len(self._pools))
            elif compiled.address:
                chunks = self._chunks(call)
                held = [resolved(part, thread) for thread in range(len(self._pools)) for part in chunks]
                native = _native(compiled, held if len(chunks) > 1 else [args], len(chunks))
            calls.append(BoundCall(compiled.call, args, native))
        return calls

    def _chunks(self, call: Call) -> list[Call]:
        """A call's rows in chunks, if threads can share them."""
        if not call.work or len(self._pools) < 2:
            return [call]
        names, along = parameters(call.kernel), f"{call.along}_begin"
        if along not in names:
            rows = call.args[-1].shape[0]
            return [
                replace(call, args=tuple(_cut(arg, rows, begin, end) for arg in call.args))
                for begin, end in chunks_of(rows, call.unit, call.work, len(self._pools))
            ]
        at = names.index(along)
        before, (first, last), after = call.args[:at], call.args[at : at + 2], call.args[at + 2 :]
        return [
            Call(call.kernel, (*before, first + begin, first + end, *after))
            for begin, end in chunks_of(last - first, call.unit, call.work, len(self._pools))
        ]


def _cut(arg: Any, rows: int, begin: int, end: int) -> Any:
    """Rows begin..end of a reference that has so many; their number, where an array of one number gives it."""
    if isinstance(arg, np.ndarray) and arg.shape == (1,) and arg.dtype == np.int64 and arg[0] == rows:
        return np.array([end - begin], np.int64)
    if not isinstance(arg, Ref) or arg.shape[0] != rows:
        return arg
    strides = arg.strides or contiguous_strides(arg.shape)
    return replace(arg, shape=(end - begin, *arg.shape[1:]), strides=strides, offset=arg.offset + begin * strides[0])


def _native(compiled: Compiled, calls: Sequence[tuple[Any, ...]], chunks: int) -> Native:
    frames = tuple(map(frame, calls))
    assert all(len(words) == compiled.words for words in frames)
    return Native(compiled.address, frames, chunks, tuple(calls))


def _native_copy(target: NDArray[Any], source: Any, threads: int) -> Native | None:
    chunks = strided_chunks(target, source, threads)
    if chunks is None:
        return None
    compiled = specialize(copy_strided, chunks[0])
    return _native(compiled, chunks * (threads if len(chunks) > 1 else 1), len(chunks)) if compiled.address else None


class ScratchPool:
    """Work space shared by all steps: grows to the greatest step, handed out again from the start for each."""

    def __init__(self, steps: tuple[Step, ...]) -> None:
        def need(step: Step) -> int:
            wanted = {id(arg): arg for call in step.calls for arg in leaves(call.args) if isinstance(arg, Scratch)}
            return sum(_aligned(int(np.prod(arg.shape)) * arg.dtype.itemsize) for arg in wanted.values())

        self._memory = aligned_empty(max(map(need, steps), default=0))
        self._used = 0

    def reset(self) -> None:
        """Hand out from the start again, for the next step."""
        self._used = 0

    def take(self, wanted: Scratch) -> NDArray[Any]:
        count = int(np.prod(wanted.shape))
        size = count * wanted.dtype.itemsize
        piece = self._memory[self._used : self._used + size]
        self._used += _aligned(size)
        return piece.view(wanted.dtype).reshape(wanted.shape)


def _aligned(size: int) -> int:
    return -(-size // 64) * 64


def aligned_empty(size: int) -> NDArray[np.uint8]:
    """uint8[size] that starts at a multiple of 64 bytes."""
    memory = np.empty(size + 64, np.uint8)
    start = -memory.ctypes.data % 64
    return memory[start : start + size]
