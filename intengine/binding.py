"""Steps + buffers -> calls: every reference replaced by the array it means, once, before running."""

import itertools
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
from intengine_kernels.frame import frame
from intengine_kernels.jit import Compiled, parameters, specialize
from numpy.lib.stride_tricks import as_strided
from numpy.typing import NDArray

from intengine.chunks import Cuts, chunks_of
from intengine.copying import cuts_of
from intengine.following import Leader
from intengine.native import BoundCall, Check, Native, native_copy
from intengine.scratch import ScratchPool
from intengine.shapes import contiguous_strides
from intengine.state import State
from intengine.step import Call, Finding, Held, Holder, Late, Memory, Ref, Scratch, Step, leaves
from intengine.touching import touched


def view(ref: Ref, buffer: NDArray[Any]) -> NDArray[Any]:
    """The array that a Ref means, inside a C-contiguous buffer."""
    flat = buffer.reshape(-1)
    if flat.dtype != ref.dtype:
        flat = flat.view(ref.dtype)
    if ref.strides is None:
        return flat.reshape(ref.shape)
    if 0 in ref.shape:
        return flat[:0].reshape(ref.shape)
    step = ref.dtype.itemsize
    return as_strided(flat[ref.offset :], ref.shape, [stride * step for stride in ref.strides])


class Binder:
    """Puts arrays in place of references.

    Args:
        buffers: tensor -> array. holders: tensor -> where late outputs go. state: what MEMORY, and the
            arrays of Held, stand for.
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
        self._threads = max(len(pools), 1)
        self._leader = Leader(self._threads)

    def bind(self, step: Step) -> list[BoundCall]:
        """The calls of one step; calls that name the same Scratch object share its memory."""
        used = [{id(arg) for arg in leaves(call.args) if isinstance(arg, Scratch)} for call in step.calls]
        named = Counter(key for keys in used for key in keys)
        common = next(self._common) if self._pools and max(named.values(), default=0) > 1 else None
        for pool in (*self._pools, *([common] if common else [])):
            pool.reset()
        taken: dict[tuple[int, int], NDArray[Any]] = {}
        checks: dict[int, Check] = {}

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
            if isinstance(arg, Held):
                assert self._state is not None
                return getattr(self._state.variables[arg.variable].place(arg.dtype, arg.shape), arg.part)
            if isinstance(arg, Finding):
                if id(arg) not in checks:
                    refuse = partial(arg.refuse, *resolve(arg.args, thread))
                    checks[id(arg)] = Check(np.zeros(4, np.int64), refuse)
                return checks[id(arg)].numbers
            if isinstance(arg, Ref):
                return view(arg, self._buffers[arg.tensor])
            if isinstance(arg, Scratch):
                key = (id(arg), thread if is_private(arg) else -1)
                if key not in taken:
                    pool = self._pools[thread] if self._pools and is_private(arg) else common
                    taken[key] = pool.take(arg) if pool else np.empty(arg.shape, arg.dtype)
                return taken[key]
            return arg

        def resolved(call: Call, thread: int) -> tuple[Any, ...]:
            return tuple(resolve(arg, thread) for arg in call.args)

        calls = []
        for call in step.calls:
            args = resolved(call, 0)
            compiled = specialize(call.kernel, args)
            native = None
            if call.kernel is np.copyto:
                target, source = args
                whole = cuts_of(target, self._threads)
                native = self._led(whole, partial(native_copy, target, source, self._threads))
            elif compiled.address:
                make = partial(self._native, call, compiled, resolved, is_private)
                native = self._led(self._cuts(call), make, is_cut=call.work > 0, block=call.block)
            else:
                self._leader.leave()
            own = tuple(checks[id(arg)] for arg in call.args if isinstance(arg, Finding))
            calls.append(BoundCall(compiled.call, args, native, own))
        return calls

    def _led(
        self, cuts: Cuts, make: Callable[[Cuts], Native | None], *, is_cut: bool = True, block: int = 1
    ) -> Native | None:
        """A call that goes along with the one before, or is cut by itself."""
        found = self._leader.cuts(cuts, is_cut=is_cut, block=block)
        native = None if found is None else make(found)
        if native is not None and self._leader.follow(native.touched):
            return native._replace(follows=True)
        if found is None or list(found) != list(cuts):
            native = make(cuts)
        if native is None:
            self._leader.leave()
        else:
            self._leader.lead(cuts, native.touched)
        return native

    def _native(
        self,
        call: Call,
        compiled: Compiled,
        resolved: Callable[[Call, int], tuple[Any, ...]],
        is_private: Callable[[Scratch], bool],
        cuts: Cuts,
    ) -> Native:
        chunks = _chunks(call, cuts)
        parts = [resolved(part, 0) for part in chunks]
        frames = np.stack([frame(part) for part in parts])[np.newaxis]
        if self._threads > 1:
            frames = self._of_all_threads(frames, frame(resolved(chunks[0], 1)))
        assert frames.shape[2] == compiled.words
        ranges = touched(chunks, parts, is_private)
        return Native(compiled.address, frames, ranges, parts, self._pools)

    def _of_all_threads(self, frames: NDArray[np.int64], other: NDArray[np.int64]) -> NDArray[np.int64]:
        """The frames of each thread, of which the first one's and one of the second are given.

        They differ in nothing but where the work space lies, whose order is the same for each.
        """
        begin = np.array([pool.address for pool in self._pools]) - self._pools[0].address
        moved = other != frames[0, 0]
        assert (other - frames[0, 0] == moved * begin[1]).all()
        return frames + moved * begin[:, np.newaxis, np.newaxis]

    def _cuts(self, call: Call) -> Cuts:
        """How threads share a call's rows; one that is not shared has a single one."""
        if not call.work or self._threads < 2:
            return [(0, 1)]
        begin, end = _rows(call)
        rows = end - begin
        cuts = chunks_of(rows, call.unit, call.work, self._threads)
        return [(0, rows)] if any(begin % call.block for begin, _ in cuts) else cuts


def _rows(call: Call) -> tuple[int, int]:
    """The first of a call's rows, and behind the last."""
    names, along = parameters(call.kernel), f"{call.along}_begin"
    return call.args[names.index(along) :][:2] if along in names else (0, call.args[-1].shape[0])


def _chunks(call: Call, cuts: Cuts) -> list[Call]:
    """A call's rows in chunks."""
    if len(cuts) == 1:
        return [call]
    names, along = parameters(call.kernel), f"{call.along}_begin"
    first, last = _rows(call)

    def part(begin: int, end: int) -> tuple[Any, ...]:
        if along not in names:
            return tuple(_cut(arg, last, begin, end) for arg in call.args)
        at = names.index(along)
        return *call.args[:at], first + begin, first + end, *call.args[at + 2 :]

    return [replace(call, args=part(*cut)) for cut in cuts]


def _cut(arg: Any, rows: int, begin: int, end: int) -> Any:
    """Rows begin..end of a reference that has so many; their number, where an array of one number gives it."""
    if isinstance(arg, np.ndarray) and arg.shape == (1,) and arg.dtype == np.int64 and arg[0] == rows:
        return np.array([end - begin], np.int64)
    if not isinstance(arg, Ref) or arg.shape[0] != rows:
        return arg
    strides = arg.strides or contiguous_strides(arg.shape)
    return replace(arg, shape=(end - begin, *arg.shape[1:]), strides=strides, offset=arg.offset + begin * strides[0])
