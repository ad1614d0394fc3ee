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


def interleave(runners: Mapping[str, Callable[[], object]], *, seconds: float, rounds: int = 3) -> dict[str, Spread]:
    """Call each in turn for so many seconds, and `rounds` times at least.

    Each is called twice before it counts. In a round, fast ones are sampled up to ten times as often as slow ones;
    every other round goes backwards.
    """
    alone = {}
    for name, function in runners.items():
        function()
        alone[name] = _call(function, 1)
    calls = {name: max(1, math.ceil(_SAMPLE / spent)) for name, spent in alone.items()}
    slowest = max(alone[name] * calls[name] for name in runners)
    turns = {name: min(_TURNS, max(1, int(slowest / (alone[name] * calls[name])))) for name in runners}
    samples: dict[str, list[float]] = {name: [] for name in runners}
    order = list(runners.items())
    end = time.perf_counter() + seconds
    done = 0
    while done < rounds or time.perf_counter() < end:
        for name, function in order:
            samples[name] += [1e3 * _call(function, calls[name]) for _ in range(turns[name])]
        order.reverse()
        done += 1
    return {name: spread(values) for name, values in samples.items()}


def _call(function: Callable[[], object], times: int) -> float:
    """Seconds of one call, the mean of several."""
    begin = time.perf_counter()
    for _ in range(times):
        function()
    return max(time.perf_counter() - begin, 1e-9) / times
