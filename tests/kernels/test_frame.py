"""A kernel called by its entry with a frame does what it does when Python calls it."""

from typing import Any, NamedTuple

import numba
import numpy as np
import pytest
from intengine_kernels.frame import frame
from intengine_kernels.jit import kernel, specialize
from intengine_kernels.run_loop import run

COMPILED = not numba.config.DISABLE_JIT


class Both(NamedTuple):
    values: Any
    factor: float


@kernel
def everything(a, walk, pair, flag, small, half, nothing, real, out):
    """Uses each kind of argument."""
    total = np.float64(0)
    for i in range(a.shape[0]):
        for j in range(a.shape[1]):
            total += np.float64(a[i, j]) * pair.values[0][j]
    total += np.float64(walk[0]) + np.float64(small) + np.float64(half) * pair.factor + real
    if flag and nothing is None:
        total = -total
    out[0] = total


def arguments() -> tuple[Any, ...]:
    a = np.arange(24, dtype=np.int16).reshape(4, 6)[::-2, 1::2]
    pair = Both((np.array([0.5, -1.25, 3.0]), np.float32(1)), 2.5)
    return a, (-7, 8), pair, True, np.int8(-3), np.float32(0.1), None, -1e300


@pytest.mark.skipif(not COMPILED, reason="there are no entries without machine code")
def test_an_entry_with_a_frame_is_the_call() -> None:
    expected, found = np.zeros(1), np.zeros(1)
    everything(*arguments(), expected)
    args = (*arguments(), found)
    compiled = specialize(everything, args)
    words = frame(args)
    assert compiled.address
    assert words.size == compiled.words
    program, frames = np.array([[1, 0, 1, 0]]), np.array([[compiled.address, words.ctypes.data]])
    run(program, frames)
    assert found[0] == expected[0] != 0


def test_a_frame_holds_arrays_and_numbers_alone() -> None:
    with pytest.raises(TypeError, match="got str"):
        frame((np.zeros(1), "text"))


def test_numbers_lie_in_the_first_bytes_of_their_word() -> None:
    words = frame((True, -1, np.uint8(200), np.float32(1.5), 1.5, None))
    assert words.dtype == np.int64
    assert words.tolist()[:3] == [1, -1, 200]
    assert words[3:4].view(np.float32)[0] == 1.5
    assert words[4:5].view(np.float64)[0] == 1.5
    assert words[5] == 0


def test_what_is_no_kernel_has_no_entry() -> None:
    assert specialize(np.copyto, ()).address == 0
