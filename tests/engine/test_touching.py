"""What chunks say they touch is all that they touch, and chunks that wait for what they need give the same bytes."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from intengine_kernels.copying import copy_strided
from intengine_kernels.frame import frame
from intengine_kernels.jit import specialize
from intengine_kernels.run_loop import run
from numba.core import config
from numpy.typing import NDArray

import intengine
from intengine import chunks
from intengine.copying import strided
from intengine.following import Leader
from intengine.native import BoundCall, Native
from intengine.ops._window import Window
from intengine.program import Program
from intengine.touching import Touched, extent, needs, together
from intengine.workers import Workers
from tests.cases import Problem, problems

compiled_only = pytest.mark.skipif(bool(config.DISABLE_JIT), reason="there are no frames without machine code")
#: Every other one of these files.
NAMES = (
    "conv_2d",
    "depthwise_conv_2d",
    "fully_connected",
    "pool_2d",
    "resize",
    "binary",
    "unary",
    "movement",
    "reduce",
)
PROBLEMS = [problem for name in NAMES for problem in list(problems(name))[::2]]

WORKERS = {threads: Workers(threads) for threads in (2, 3, 4)}


def root(array: NDArray[Any]) -> NDArray[np.uint8]:
    """The bytes of the memory that an array is a view of."""
    base: Any = array
    while base is not None:
        # as_strided puts an object of its own in between.
        array, base = (base, base.base) if isinstance(base, np.ndarray) else (array, base.base)
    return array.reshape(-1).view(np.uint8)


def arrays_in(args: Any) -> Iterator[NDArray[Any]]:
    for arg in args:
        if isinstance(arg, tuple):
            yield from arrays_in(arg)
        elif isinstance(arg, np.ndarray) and arg.size:
            yield arg


def inside(memory: NDArray[np.uint8], ranges: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Which bytes of a memory lie in one of the ranges."""
    begin, _ = extent(memory)
    found = np.zeros(memory.size, bool)
    for first, last in ranges:
        found[max(first - begin, 0) : max(last - begin, 0)] = True
    return found


def run_chunk(native: Native, chunk: int) -> None:
    run(np.array([[1, 0, 1, 0]]), native.addresses[0, chunk : chunk + 1])


def check_chunk(native: Native, chunk: int, memories: list[NDArray[np.uint8]]) -> None:
    """Run a chunk twice: what it does not read is something else the second time, and decides nothing."""
    before = [memory.copy() for memory in memories]
    may_read, may_write = (
        [inside(memory, ranges[chunk]) for memory in memories]
        for ranges in (native.touched.reads, native.touched.writes)
    )
    run_chunk(native, chunk)
    after = [memory.copy() for memory in memories]
    for old, new, may in zip(before, after, may_write, strict=True):
        assert (old == new)[~may].all()
    for memory, old, may in zip(memories, before, may_read, strict=True):
        memory[:] = np.where(may, old, old ^ np.uint8(0x5A))
    others = [memory.copy() for memory in memories]
    run_chunk(native, chunk)
    for memory, other, old, new in zip(memories, others, before, after, strict=True):
        untouched = (new == old) & (memory == other)
        assert ((memory == new) | untouched).all()
        memory[:] = new


def check(problem: Problem) -> None:
    """Check all chunks of a model, in order."""
    engine = intengine.Interpreter(problem.model, num_threads=2)
    execution = engine.execute(dict(zip(engine.inputs, problem.inputs, strict=True)))
    buffers = [array for array in execution.buffers.values() if array.size and array.dtype != object]
    for calls in execution.calls:
        for call in calls:
            native = call.native
            if native is None:
                call.run()
                continue
            ranges = np.concatenate([some.reshape(-1, 2) for some in native.touched])
            named = [root(array) for array in (*buffers, *arrays_in(native.args))]
            found = {extent(memory)[0]: memory for memory in named if memory.flags.writeable}
            memories = [memory for memory in found.values() if inside(memory, ranges).any()]
            for chunk in range(native.chunks):
                check_chunk(native, chunk, memories)


@compiled_only
@pytest.mark.parametrize("problem", PROBLEMS, ids=lambda problem: problem.name)
def test_chunks_touch_no_more_than_they_say(problem: Problem, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chunks, "_LEAST_SHARE", 1)
    check(problem)


def test_a_chunk_needs_those_that_wrote_what_it_reads_or_touch_what_it_writes() -> None:
    before = Touched(np.array([[[0, 10]], [[10, 20]]]), np.array([[[100, 110]], [[110, 120]]]))
    after = Touched(
        np.array([[[100, 105]], [[105, 111]], [[120, 130]], [[120, 130]], [[0, 20]]]),
        np.array([[[200, 210]], [[210, 220]], [[19, 25]], [[119, 121]], [[220, 220]]]),
    )
    assert needs(before, after).tolist() == [0b01, 0b11, 0b10, 0b10, 0]


@compiled_only
def test_a_reach_that_is_too_short_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """The test above fails if convolutions say that they read one row of the image less than they do."""
    monkeypatch.setattr(chunks, "_LEAST_SHARE", 1)
    monkeypatch.setattr(Window, "reach", lambda *args, of=Window.reach: replace(of(*args), span=of(*args).span - 1))

    def check_all() -> None:
        for problem in problems("conv_2d"):
            check(problem)

    with pytest.raises(AssertionError):
        check_all()


@st.composite
def copies(draw: st.DrawFn) -> list[list[tuple[int, int, int]]]:
    """Calls as chunks (target, source, size) within 4096 bytes; the chunks of one have no byte in common.

    Some copy what the call before has written, chunk by chunk.
    """
    calls: list[list[tuple[int, int, int]]] = []
    for _ in range(draw(st.integers(1, 12))):
        size, count = draw(st.integers(1, 300)), draw(st.integers(1, 6))
        follows = calls and draw(st.booleans())
        if follows:
            size, count = calls[-1][0][2], len(calls[-1])
        low = draw(st.integers(0, 2048 - size * count))
        high = draw(st.integers(2048, 4096 - size * count))
        target, source = draw(st.permutations([low, high]))
        if follows:
            source = calls[-1][0][0]
            target = low if source >= 2048 else high
        calls.append([(target + i * size, source + i * size, size) for i in range(count)])
    return calls


@compiled_only
@given(copies(), st.integers(2, 4))
@settings(deadline=None)
def test_threads_that_run_ahead_give_the_same_bytes(calls: list[list[tuple[int, int, int]]], threads: int) -> None:
    start = np.random.default_rng(0).integers(0, 256, 4096, np.uint8)
    memory = start.copy()
    leader = Leader(threads)

    def bound(pieces: list[tuple[int, int, int]]) -> BoundCall:
        pairs = [(memory[to : to + size], memory[at : at + size]) for to, at, size in pieces]
        args = [arguments for pair in pairs if (arguments := strided(*pair)) is not None]
        compiled = specialize(copy_strided, args[0])
        by_chunk = together([[extent(source)] for _, source in pairs], [[extent(target)] for target, _ in pairs])
        words = np.stack([frame(some) for some in args] * threads).reshape(threads, len(args), -1)
        cuts = [(i, i + 1) for i in range(len(pieces))]
        follows = leader.cuts(cuts, is_cut=True) == cuts and leader.follow(by_chunk)
        if not follows:
            leader.lead(cuts, by_chunk)
        return BoundCall(compiled.call, args[0], Native(compiled.address, words, by_chunk, args, follows=follows))

    program = Program([bound(pieces) for pieces in calls], WORKERS[threads])
    expected = start.copy()
    for to, at, size in (piece for pieces in calls for piece in pieces):
        expected[to : to + size] = expected[at : at + size]
    for _ in range(5):
        memory[:] = start
        program.run()
        assert (memory == expected).all()
