"""How many times as fast two threads are as one, here and in XNNPACK -> docs/threads.md.

    python tools/threads.py MODEL... [--threads 2] [--seconds 6]

Sides take turns of several runs, the first of which does not count: LiteRT's threads keep a core busy for a while
after a run. As a bound, two processes that know nothing of each other run the same model at once on one thread each.
Then each call of the model is timed by itself in its place, by one thread and by all.
"""

import argparse
import multiprocessing
import os
import platform
import statistics
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from ai_edge_litert.interpreter import Interpreter as LiteRT
from ai_edge_litert.interpreter import OpResolverType
from intengine_kernels.jit import specialize
from intengine_kernels.run_loop import share

import intengine
from intengine.benchmark import cpu
from intengine.execution import Execution
from intengine.program import Program
from intengine.samples import Random, draw

PAGE = Path(__file__).parents[1] / "docs" / "threads.md"
#: Runs of a turn, the first of which does not count.
TURN = 6
#: Times that each call is timed.
ROUNDS = 40


def sample_of(engine: intengine.Interpreter) -> dict[str, np.ndarray]:
    return next(iter(draw(engine, Random(1, 0))))


def litert(path: str, engine: intengine.Interpreter, sample: dict[str, np.ndarray], threads: int) -> LiteRT:
    made = LiteRT(path, experimental_op_resolver_type=OpResolverType.BUILTIN, num_threads=threads)
    made.allocate_tensors()
    for name, spec in engine.inputs.items():
        made.set_tensor(spec.index, sample[name])
    return made


def turns(sides: dict[str, Callable[[], object]], seconds: float) -> dict[str, float]:
    """Median milliseconds of a run of each."""
    times: dict[str, list[float]] = {name: [] for name in sides}
    end = time.perf_counter() + seconds
    while time.perf_counter() < end or min(map(len, times.values())) < TURN:
        for name, run in sides.items():
            for i in range(TURN):
                begin = time.perf_counter()
                run()
                if i:
                    times[name].append(1e3 * (time.perf_counter() - begin))
    return {name: statistics.median(some) for name, some in times.items()}


def _alone(path: str, start: Any, results: Any, seconds: float) -> None:
    engine = intengine.Interpreter(path)
    sample = sample_of(engine)
    engine.run(sample)
    start.wait()
    results.put(turns({"": lambda: engine.run(sample)}, seconds)[""])


def at_once(path: str, processes: int, seconds: float) -> float:
    """Median milliseconds of a run while so many processes run the same."""
    context = multiprocessing.get_context("spawn")
    start, results = context.Barrier(processes), context.Queue()
    started = [context.Process(target=_alone, args=(path, start, results, seconds)) for _ in range(processes)]
    for process in started:
        process.start()
    times = [results.get() for _ in started]
    for process in started:
        process.join()
    return statistics.mean(times)


def one_by_one(
    engine: intengine.Interpreter, sample: dict[str, np.ndarray]
) -> tuple[Execution, list[Callable[[], object]]]:
    """An execution, and each of its calls without Python, in order: shared as in a run, or by the caller's thread."""
    execution = engine.execute(sample)
    session = execution._program._session
    if session is None:
        calls = [call for calls in execution.calls for call in calls if call.native]
        return execution, [Program([call]).run for call in calls]
    made: list[Callable[[], object]] = []
    for i in range(len(session.program)):
        args = (session.program, session.frames, i, i + 1, session.control, session.threads)
        made.append(partial(specialize(share, args).call, *args))
    return execution, made


def calls_alone_and_shared(
    engines: dict[int, intengine.Interpreter], sample: dict[str, np.ndarray]
) -> tuple[float, float, float]:
    """Microseconds of the calls that are not shared, and of those that are, by one thread and by all."""
    sides = [one_by_one(engine, sample) for engine in engines.values()]
    times = [np.full((ROUNDS, len(calls)), np.inf) for _, calls in sides]
    for turn in range(ROUNDS):
        for (execution, calls), found in zip(sides, times, strict=True):
            program = execution._program
            for _ in range(2):
                if program._session is not None:
                    program._workers.wake(program._session)
                for i, call in enumerate(calls):
                    begin = time.perf_counter()
                    call()
                    found[turn, i] = 1e6 * (time.perf_counter() - begin)
    one, more = (np.median(found, axis=0) for found in times)
    session = sides[-1][0]._program._session
    if session is None:
        raise SystemExit("None of the model's calls is great enough to be shared.")
    shared = session.program[:, 2] > 1
    return float(one[~shared].sum()), float(one[shared].sum()), float(more[shared].sum())


def measure(path: Path, threads: int, seconds: float) -> dict[str, float]:
    engines = {n: intengine.Interpreter(path, num_threads=n) for n in (1, threads)}
    sample = sample_of(engines[1])
    one, more = (engine.run(sample) for engine in engines.values())
    if not all(np.array_equal(one[name], more[name], equal_nan=one[name].dtype.kind == "f") for name in one):
        raise SystemExit(f"Any number of threads must give the same bytes; {path.name} does not.")
    others = {n: litert(str(path), engines[1], sample, n) for n in engines}
    sides: dict[str, Callable[[], object]] = {f"ours {n}": lambda e=e: e.run(sample) for n, e in engines.items()}
    sides |= {f"xnnpack {n}": other.invoke for n, other in others.items()}
    found = turns(sides, seconds)
    alone, together = (at_once(str(path), n, seconds / 4) for n in (1, threads))
    whole, one, more = calls_alone_and_shared(engines, sample)
    return {**found, "bound": threads * alone / together, "serial": whole / (whole + one), "calls": one / more}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("models", nargs="+", type=Path)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--seconds", type=float, default=6.0, help="for each model")
    options = parser.parse_args()
    n = options.threads
    lines = [
        f"# {n} threads against one",
        "",
        "Made by `python tools/threads.py MODEL...`. Outputs are first compared: any number of threads gives the same",
        f"bytes. Medians; the bound is what {n} processes reach that run the model at once and share nothing.",
        "The last columns say where the rest goes: the part of one thread's time that is in calls which threads do not",
        "share, and how many times as fast the shared ones are together, each timed in its place.",
        "",
        f"{cpu()}, {platform.platform(terse=True)}, {os.cpu_count()} cores.",
        "",
        f"| model | ms, 1 | ms, {n} | faster | XNNPACK, 1 | XNNPACK, {n} | faster | bound | not shared | shared |",
        "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    for path in options.models:
        t = measure(path, n, options.seconds)
        ours, theirs = (t[f"{side} 1"] / t[f"{side} {n}"] for side in ("ours", "xnnpack"))
        ms = [f"{t[side]:.2f}" for side in ("ours 1", f"ours {n}", "xnnpack 1", f"xnnpack {n}", "bound")]
        rest = f"{t['serial']:.1%}", f"{t['calls']:.2f}"
        row = [path.stem, *ms[:2], f"{ours:.2f}", *ms[2:4], f"{theirs:.2f}", ms[4], *rest]
        lines.append(f"| {' | '.join(row)} |")
        print(lines[-1], flush=True)
    PAGE.write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
