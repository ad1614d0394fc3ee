"""Timing several things in turn, so that what disturbs the machine disturbs them all."""

import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

#: A sample is the mean of as many calls as take this long, in seconds: much longer than reading the clock.
_SAMPLE = 2e-4
#: Samples of the fastest for one of the slowest, at most.
_TURNS = 10


@dataclass(frozen=True)
class Spread:
    """Milliseconds of one call: the median of the samples, and their quartiles."""

    median: float
    low: float
    high: float
    samples: int


def spread(samples: list[float]) -> Spread:
    """Of milliseconds."""
    low, median, high = (float(value) for value in np.percentile(samples, (25, 50, 75)))
    return Spread(median, low, high, len(samples))


class Sampler:
    """Times one thing again and again; it is called twice before it counts.

    Attributes:
        samples: milliseconds of one call. cost: seconds that a sample takes, about.
    """

    def __init__(self, function: Callable[[], object]) -> None:
        self._function = function
        self.samples: list[float] = []
        function()
        alone = self._call(1)
        self._calls = max(1, math.ceil(_SAMPLE / alone))
        self.cost = alone * self._calls

    def take(self, count: int = 1) -> None:
        """Take so many samples."""
        self.samples += [1e3 * self._call(self._calls) for _ in range(count)]

    def _call(self, times: int) -> float:
        """Seconds of one call, the mean of several."""
        function = self._function
        begin = time.perf_counter()
        for _ in range(times):
            function()
        return max(time.perf_counter() - begin, 1e-9) / times


def interleave(runners: Mapping[str, Callable[[], object]], *, seconds: float, rounds: int = 3) -> dict[str, Spread]:
    """Call each in turn for so many seconds, and `rounds` times at least.

    In a round, fast ones are sampled up to ten times as often as slow ones; every other round goes backwards.
    """
    samplers = {name: Sampler(function) for name, function in runners.items()}
    slowest = max(sampler.cost for sampler in samplers.values())
    order = [(one, min(_TURNS, max(1, int(slowest / one.cost)))) for one in samplers.values()]
    end = time.perf_counter() + seconds
    done = 0
    while done < rounds or time.perf_counter() < end:
        for sampler, turns in order:
            sampler.take(turns)
        order.reverse()
        done += 1
    return {name: spread(sampler.samples) for name, sampler in samplers.items()}
