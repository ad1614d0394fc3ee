"""Memory for work space, of which each step uses what it names."""

from typing import Any

import numpy as np
from intengine_kernels.frame import address
from numpy.typing import NDArray

from intengine.step import Scratch, Step, leaves


class ScratchPool:
    """Work space shared by all steps: grows to the greatest step, handed out again from the start for each."""

    def __init__(self, steps: tuple[Step, ...]) -> None:
        def need(step: Step) -> int:
            wanted = {id(arg): arg for call in step.calls for arg in leaves(call.args) if isinstance(arg, Scratch)}
            return sum(_aligned(int(np.prod(arg.shape)) * arg.dtype.itemsize) for arg in wanted.values())

        self._memory = aligned_empty(max(map(need, steps), default=0))
        self._used = 0

    @property
    def address(self) -> int:
        """Of its first byte."""
        return address(self._memory)

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
