"""Steps + buffers -> calls: every reference replaced by the array it means, once, before running."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from intengine_kernels.jit import specialize
from numpy.lib.stride_tricks import as_strided
from numpy.typing import NDArray

from intengine.state import State
from intengine.step import Holder, Late, Memory, Ref, Scratch, Step, leaves

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


def bind_step(
    step: Step,
    buffers: Mapping[int, NDArray[Any]],
    scratch: Callable[[Scratch], NDArray[Any]] | None = None,
    *,
    holders: Mapping[int, Holder] | None = None,
    state: State | None = None,
) -> list[BoundCall]:
    """The calls of one step on these buffers; calls that name the same Scratch object share its memory.

    Args:
        holders: tensor -> where late outputs go. state: what stands for MEMORY.
    """
    taken: dict[int, NDArray[Any]] = {}

    def resolve(arg: Any) -> Any:
        if isinstance(arg, tuple):
            parts = map(resolve, arg)
            return type(arg)(*parts) if hasattr(arg, "_fields") else tuple(parts)
        if isinstance(arg, Late):
            assert holders is not None
            return holders[arg.tensor]
        if isinstance(arg, Memory):
            return state
        if isinstance(arg, Ref):
            return view(arg, buffers[arg.tensor])
        if isinstance(arg, Scratch):
            if id(arg) not in taken:
                taken[id(arg)] = scratch(arg) if scratch else np.empty(arg.shape, arg.dtype)
            return taken[id(arg)]
        return arg

    calls = []
    for call in step.calls:
        args = tuple(resolve(arg) for arg in call.args)
        calls.append((specialize(call.kernel, args), args))
    return calls


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
