"""The time of every step."""

import time
from dataclasses import dataclass
from itertools import pairwise

from intengine.interpreter import Interpreter
from intengine.samples import Sample

_RUNS = 10


@dataclass(frozen=True)
class Timing:
    """One executed node and the least time it took."""

    node: int
    op: str
    milliseconds: float


def time_steps(engine: Interpreter, sample: Sample, runs: int = _RUNS) -> list[Timing]:
    """The least time of each step over several runs; the first, which compiles, does not count."""
    engine.trace(sample)
    steps = engine.plan.steps
    best = [float("inf")] * len(steps)
    for _ in range(runs):
        marks: list[float] = []

        def mark(at: int, count: int, op: str, marks: list[float] = marks) -> None:
            marks.append(time.perf_counter())

        engine.trace(sample, progress=mark)
        best = [min(least, end - begin) for least, (begin, end) in zip(best, pairwise(marks), strict=True)]
    return [Timing(step.node, step.op, 1000 * spent) for step, spent in zip(steps, best, strict=True)]
