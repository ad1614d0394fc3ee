"""The time of every step."""

import time
from dataclasses import dataclass

from intengine.interpreter import Interpreter
from intengine.samples import Sample

_RUNS = 10


@dataclass(frozen=True)
class Timing:
    """One executed node and the least time it took."""

    node: int
    op: str
    milliseconds: float


def profile_steps(engine: Interpreter, sample: Sample, runs: int = _RUNS) -> list[Timing]:
    """The least time of each step over several runs; the first, which compiles, does not count."""
    engine.trace(sample)
    steps = engine.plan.steps
    best = [float("inf")] * len(steps)
    for _ in range(runs):
        marks: list[float] = []
        engine.trace(sample, progress=lambda at, count, op, marks=marks: marks.append(time.perf_counter()))
        # Where the last step ends is not told; a second mark of it would be the next run's.
        marks.append(time.perf_counter())
        for i in range(len(steps)):
            best[i] = min(best[i], marks[i + 1] - marks[i])
    return [Timing(step.node, step.op, 1000 * spent) for step, spent in zip(steps, best, strict=True)]
