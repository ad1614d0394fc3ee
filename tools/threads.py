"""How many times as fast two threads are as one, here and in XNNPACK -> docs/threads.md.

    python tools/threads.py MODEL... [--threads 2] [--seconds 6]

Sides take turns of several runs, the first of which does not count: LiteRT's threads keep a core busy for a while
after a run. As a bound, two processes that know nothing of each other run the same model at once on one thread each.
"""

import argparse
import multiprocessing
import os
import platform
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from ai_edge_litert.interpreter import Interpreter as LiteRT
from ai_edge_litert.interpreter import OpResolverType

import intengine
from intengine.benchmark import cpu
from intengine.samples import Random, draw

PAGE = Path(__file__).parents[1] / "docs" / "threads.md"
#: Runs of a turn, the first of which does not count.
TURN = 6


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
    return {**found, "bound": threads * alone / together}


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
        "",
        f"{cpu()}, {platform.platform(terse=True)}, {os.cpu_count()} cores.",
        "",
        f"| model | ms, 1 thread | ms, {n} | faster | XNNPACK, 1 | XNNPACK, {n} | faster | bound |",
        "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    for path in options.models:
        t = measure(path, n, options.seconds)
        ours, theirs = (t[f"{side} 1"] / t[f"{side} {n}"] for side in ("ours", "xnnpack"))
        ms = [f"{t[side]:.2f}" for side in ("ours 1", f"ours {n}", "xnnpack 1", f"xnnpack {n}", "bound")]
        row = [path.stem, *ms[:2], f"{ours:.2f}", *ms[2:4], f"{theirs:.2f}", ms[4]]
        lines.append(f"| {' | '.join(row)} |")
        print(lines[-1], flush=True)
    PAGE.write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
