"""Bound calls in a row, run with as little of Python as they allow."""

import functools
import itertools
from collections.abc import Callable, Sequence
from functools import partial

import numpy as np
from intengine_kernels.jit import specialize
from intengine_kernels.run_loop import run, share

from intengine.native import BoundCall, Check, Native
from intengine.touching import joined, needs
from intengine.workers import Session, Workers


def _call(checks: Sequence[Check], function: Callable[[], object]) -> None:
    """A function of Python, unless what kernels found before is bad: it need not know what they leave then."""
    for check in checks:
        check.raise_if_bad()
    function()


def _share(workers: Workers, session: Session, function: Callable[[], object]) -> None:
    """A function that shares its chunks with helpers: these may have gone to sleep while Python was at work."""
    workers.wake(session)
    function()


class Program:
    """Calls in order: kernels that follow each other are one call from Python.

    Args:
        calls: what to run. workers: threads that help with the calls that are in chunks; None for none.
        before, after: kernels that `run_whole` runs too.
    """

    def __init__(
        self,
        calls: Sequence[BoundCall],
        workers: Workers | None = None,
        before: Sequence[Native] = (),
        after: Sequence[Native] = (),
    ) -> None:
        self._workers = workers
        native = [*before, *(call.native for call in calls if call.native is not None), *after]
        groups: list[list[Native]] = []
        for one in native:
            if one.follows:
                groups[-1].append(one)
            else:
                groups.append([one])
        frames = [np.stack([one.addresses for one in group], axis=2).reshape(-1, 2) for group in groups]
        firsts = itertools.accumulate(map(len, frames), initial=0)
        needed = itertools.accumulate((group[0].chunks for group in groups), initial=0)
        rows = [
            (len(group), first, group[0].chunks, need)
            for group, first, need in zip(groups, firsts, needed, strict=False)
        ]
        self._program = np.array(rows, np.int64).reshape(-1, 4)
        self._frames = np.concatenate([np.zeros((0, 2), np.int64), *frames])
        self._session = None
        if workers is not None and (self._program[:, 2] > 1).any():
            touched = [functools.reduce(joined, (one.touched for one in group)) for group in groups]
            found = [needs(one, following) for one, following in itertools.pairwise(touched)]
            waits = np.concatenate([np.zeros(groups[0][0].chunks, np.int64), *found])
            self._session = Session(self._program, self._frames, waits, workers.count)
        self._checks = [check for call in calls for check in call.checks]
        #: What the addresses in program and frames are of.
        self._held = native
        # None for a row of the program, of which those that follow are a part.
        functions: list[Callable[[], object] | None] = []
        known: list[Check] = []
        for call in calls:
            if call.native is None:
                function = partial(call.function, *call.args)
                functions.append(partial(_call, tuple(known), function) if known else function)
            elif not call.native.follows:
                functions.append(None)
            known += call.checks
        self._alone = self._segments(functions, len(before))
        self._whole = self._segments([*(None for _ in before), *functions, *(None for _ in after)], 0)

    def _segments(self, functions: Sequence[Callable[[], object] | None], begin: int) -> list[Callable[[], object]]:
        """What to call from Python: these functions, and for each run of None kernels, from number `begin` on."""
        segments: list[Callable[[], object]] = []
        for is_native, group in itertools.groupby(functions, lambda function: function is None):
            some = list(group)
            if not is_native:
                segments += [function for function in some if function is not None]
                continue
            end = begin + len(some)
            workers, session = self._workers, self._session
            if workers is not None and session is not None and (self._program[begin:end, 2] > 1).any():
                shared = (*session.tables, begin, end, session.control, session.threads)
                segments.append(partial(_share, workers, session, partial(specialize(share, shared).call, *shared)))
            else:
                alone = (self._program[begin:end], self._frames)
                segments.append(partial(specialize(run, alone).call, *alone))
            begin = end
        return segments

    def run(self) -> None:
        """Run all calls once."""
        self._run(self._alone)

    def run_whole(self) -> None:
        """Run all calls once, and what comes before and after them."""
        self._run(self._whole)

    def _run(self, segments: Sequence[Callable[[], object]]) -> None:
        try:
            for segment in segments:
                segment()
            for check in self._checks:
                check.raise_if_bad()
        except BaseException:
            # What others have found is of this run too.
            for check in self._checks:
                check.forget()
            raise
