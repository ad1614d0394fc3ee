"""Threads that help to run a program's calls; what is computed never depends on their number."""

import threading
import weakref
from collections.abc import Sequence
from queue import SimpleQueue

import numpy as np
from intengine_kernels.jit import specialize
from intengine_kernels.run_loop import control, help_out, shares
from numpy.typing import NDArray


class Session:
    """A program, and the words by which the threads that run it agree: see `run_loop`.

    Attributes:
        tables: program, frames, needs and shares, as the loop takes them. control: these words.
        helped, asleep: int64[threads - 1], chunks that each helper has done, whether it does not watch this session.
    """

    def __init__(
        self, program: NDArray[np.int64], frames: NDArray[np.int64], needs: NDArray[np.int64], threads: int
    ) -> None:
        self.program = program
        self.tables = (program, frames, needs, shares(program, threads))
        self.threads = threads
        self.control, self.helped, self.asleep = control(len(program), threads)


_Jobs = SimpleQueue[Session | None]


class Workers:
    """`count` - 1 threads beside the caller's, started when first needed; they end when nobody holds this any more.

    A thread that is awake watches one session without Python, for some milliseconds after it last found work there.

    Attributes:
        count: of threads, the caller's included.
    """

    def __init__(self, count: int) -> None:
        self.count = count
        self._jobs: list[_Jobs] = []

    def wake(self, session: Session) -> None:
        """Let the helpers that do not watch this session do so; whether they come in time decides no result."""
        if not self._jobs:
            self._start()
        for thread, jobs in enumerate(self._jobs):
            if session.asleep[thread]:
                session.asleep[thread] = 0
                jobs.put(session)

    def _start(self) -> None:
        for thread in range(1, self.count):
            jobs: _Jobs = SimpleQueue()
            self._jobs.append(jobs)
            threading.Thread(target=_work, args=(jobs, thread), daemon=True, name="intengine").start()
        weakref.finalize(self, _stop, self._jobs)


def _work(jobs: _Jobs, thread: int) -> None:
    while (session := jobs.get()) is not None:
        args = (*session.tables, session.control, session.threads, thread)
        specialize(help_out, args).call(*args)
        del session, args


def _stop(queues: Sequence[_Jobs]) -> None:
    for jobs in queues:
        jobs.put(None)
