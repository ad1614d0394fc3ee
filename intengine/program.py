"""Bound calls in a row, run with as little of Python as they allow."""

import itertools
from collections.abc import Callable, Sequence
from functools import partial

import numpy as np
from intengine_kernels.jit import specialize
from intengine_kernels.run_loop import run, share

from intengine.binding import BoundCall
from intengine.touching import needs
from intengine.workers import Session, Workers


class Program:
    """Calls in order: kernels that follow each other are one call from Python.

    Args:
        calls: what to run. workers: threads that help with the calls that are in chunks; None for none.
    """

    def __init__(self, calls: Sequence[BoundCall], workers: Workers | None = None) -> None:
        self._workers = workers
        native = [call.native for call in calls if call.native is not None]
        firsts = itertools.accumulate((len(one.frames) for one in native), initial=0)
        needed = itertools.accumulate((one.chunks for one in native), initial=0)
        rows = [
            (one.address, first, one.chunks, need) for one, first, need in zip(native, firsts, needed, strict=False)
        ]
        program = np.array(rows, np.int64).reshape(-1, 4)
        frames = np.array([words.ctypes.data for one in native for words in one.frames], np.int64)
        self._session = None
        if workers is not None and (program[:, 2] > 1).any():
            found = [needs(before.touched, after.touched) for before, after in itertools.pairwise(native)]
            waits = np.concatenate([np.zeros(native[0].chunks, np.int64), *found])
            self._session = Session(program, frames, waits, workers.count)
        #: What the addresses in program and frames are of.
        self._held = native
        self._segments: list[Callable[[], object]] = []
        end = 0
        for is_native, group in itertools.groupby(calls, lambda call: call.native is not None):
            some = list(group)
            if not is_native:
                self._segments += [partial(call.function, *call.args) for call in some]
                continue
            begin, end = end, end + len(some)
            if self._session is not None and (program[begin:end, 2] > 1).any():
                session = self._session
                shared = (program, frames, session.needs, begin, end, session.control, session.threads)
                self._segments.append(partial(specialize(share, shared).call, *shared))
            else:
                alone = (program[begin:end], frames)
                self._segments.append(partial(specialize(run, alone).call, *alone))

    def run(self) -> None:
        """Run all calls once."""
        if self._session is not None and self._workers is not None:
            self._workers.wake(self._session)
        for segment in self._segments:
            segment()
