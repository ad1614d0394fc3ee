"""Steps + buffers -> calls: every reference replaced by the array it means, once, before running."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from intengine_kernels.jit import specialize
from numpy.lib.stride_tricks import as_strided
from numpy.typing import NDArray

from intengine.state import State
from intengine.step import Call, Holder, Late, Memory, Ref, Scratch, Step, leaves
from intengine.workers import Workers

BoundCall = tuple[Callable[..., Any], tuple[Any, ...]]


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


#: Multiply-accumulates that a thread must get, so that waking it costs no more than it brings.
_LEAST_WORK = 16_000_000


class Binder:
    """Puts arrays in place of references.

    Args:
        buffers: tensor -> array. holders: tensor -> where late outputs go. state: what stands for MEMORY.
        pools: work space for each thread; new arrays if there is none. workers: who shares calls that can be split.
    """

    def __init__(
        self,
        buffers: Mapping[int, NDArray[Any]],
        *,
        holders: Mapping[int, Holder] | None = None,
        state: State | None = None,
        pools: "Sequence[ScratchPool]" = (),
        workers: Workers | None = None,
    ) -> None:
        self._buffers = buffers
        self._holders = holders or {}
        self._state = state
        self._pools = pools
        self._workers = workers

    def bind(self, step: Step) -> list[BoundCall]:
        """The calls of one step; calls that name the same Scratch object share its memory."""
        for pool in self._pools:
            pool.reset()
        used = [{id(arg) for arg in leaves(call.args) if isinstance(arg, Scratch)} for call in step.calls]
        named = Counter(key for keys in used for key in keys)
        taken: dict[tuple[int, int], NDArray[Any]] = {}

        def resolve(arg: Any, part: int) -> Any:
            if isinstance(arg, tuple):
                items = [resolve(item, part) for item in arg]
                return type(arg)(*items) if hasattr(arg, "_fields") else tuple(items)
            if isinstance(arg, Late):
                return self._holders[arg.tensor]
            if isinstance(arg, Memory):
                return self._state
            if isinstance(arg, Ref):
                return view(arg, self._buffers[arg.tensor])
            if isinstance(arg, Scratch):
                owner = part if named[id(arg)] == 1 else 0
                key = (id(arg), owner)
                if key not in taken:
                    taken[key] = self._pools[owner].take(arg) if self._pools else np.empty(arg.shape, arg.dtype)
                return taken[key]
            return arg

        def bound(call: Call, part: int) -> BoundCall:
            args = tuple(resolve(arg, part) for arg in call.args)
            return specialize(call.kernel, args), args

        calls = []
        for call in step.calls:
            parts = self._parts(call)
            if len(parts) == 1:
                calls.append(bound(call, 0))
            else:
                assert self._workers is not None
                calls.append((self._workers.share, tuple(bound(part, i) for i, part in enumerate(parts))))
        return calls

    def _parts(self, call: Call) -> list[Call]:
        """A call's rows, shared out among the threads that it pays to wake."""
        split = call.split
        if split is None or self._workers is None:
            return [call]
        begin, end = call.args[split.at], call.args[split.at + 1]
        count = max(min(self._workers.count, end - begin, split.work // _LEAST_WORK), 1)
        ends = [begin + (end - begin) * i // count for i in range(count + 1)]
        before, after = call.args[: split.at], call.args[split.at + 2 :]
        return [Call(call.kernel, (*before, *rows, *after)) for rows in pairwise(ends)]


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
