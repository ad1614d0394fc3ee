"""Threads that share a call's rows; what is computed never depends on their number."""

import threading
import weakref
from collections.abc import Callable, Sequence
from queue import SimpleQueue
from typing import Any

_Job = tuple[Callable[..., Any], tuple[Any, ...]]
_Jobs = SimpleQueue[_Job | None]
_Results = SimpleQueue[BaseException | None]


class Workers:
    """`count` - 1 threads beside the caller's; they end when nobody holds this any more.

    Attributes:
        count: of threads, the caller's included.
    """

    def __init__(self, count: int) -> None:
        self.count = count
        self._jobs: list[_Jobs] = [SimpleQueue() for _ in range(count - 1)]
        self._results: _Results = SimpleQueue()
        for jobs in self._jobs:
            threading.Thread(target=_work, args=(jobs, self._results), daemon=True, name="intengine").start()
        weakref.finalize(self, _stop, self._jobs)

    def share(self, *calls: _Job) -> None:
        """Run at most `count` calls at once, the first one here.

        Kernels release the GIL, so that calls of them run side by side.
        """
        others = calls[1:]
        for jobs, call in zip(self._jobs, others, strict=False):
            jobs.put(call)
        function, args = calls[0]
        try:
            function(*args)
        finally:
            failures = [self._results.get() for _ in others]
        for failure in failures:
            if failure is not None:
                raise failure


def _work(jobs: _Jobs, results: _Results) -> None:
    while (job := jobs.get()) is not None:
        function, args = job
        try:
            function(*args)
        except BaseException as error:
            results.put(error)
        else:
            results.put(None)


def _stop(queues: Sequence[_Jobs]) -> None:
    for jobs in queues:
        jobs.put(None)
