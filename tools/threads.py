"""How many times as fast two threads are as one, here and in XNNPACK -> docs/threads.md.

    python tools/threads.py MODEL... [--threads 2] [--seconds 20]

Rows of other models stay on the page if they are of the same machine and number of threads.
Sides take turns, of which the beginning does not count: threads wake up, caches fill, and LiteRT's threads keep a core
busy for a while after a run. As a bound, processes that know nothing of each other run the same model at once, on one
thread each.
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
from intengine.native import BoundCall
from intengine.program import Program
from intengine.samples import Random, draw

PAGE = Path(__file__).parents[1] / "docs" / "threads.md"
#: Seconds of a turn, and those at its beginning that do not count.
TURN, BEGINNING = 0.3, 0.1
#: Seconds to wait for processes that should have answered.
PATIENCE = 120
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


def turn(run: Callable[[], object]) -> list[float]:
    """Milliseconds of the runs of a turn, one at least."""
    times: list[float] = []
    begin = now = time.perf_counter()
    while now < begin + TURN or not times:
        run()
        then, now = now, time.perf_counter()
        if then > begin + BEGINNING:
            times.append(1e3 * (now - then))
    return times


def turns(sides: dict[str, Callable[[], object]], seconds: float) -> dict[str, float]:
    """Median milliseconds of a run of each."""
    times: dict[str, list[float]] = {name: [] for name in sides}
    end = time.perf_counter() + seconds
    while time.perf_counter() < end or not all(times.values()):
        for name, run in sides.items():
            times[name] += turn(run)
    return {name: statistics.median(some) for name, some in times.items()}


def _one_of(number: int, path: str, together: Any, results: Any, rounds: int) -> None:
    engine = intengine.Interpreter(path)
    sample = sample_of(engine)
    engine.run(sample)
    found: list[list[float]] = [[], []]
    for _ in range(rounds):
        for who in range(together.parties + 1):
            together.wait()
            if who in (number, together.parties):
                found[who == together.parties] += turn(lambda: engine.run(sample))
    results.put([statistics.median(times) for times in found])


def bound(path: str, processes: int, seconds: float) -> float:
    """How many times as much so many processes do at once as one of them alone; they take turns with themselves."""
    context = multiprocessing.get_context("spawn")
    together, results = context.Barrier(processes), context.Queue()
    rounds = max(round(seconds / (TURN * (processes + 1))), 1)
    started = [
        context.Process(target=_one_of, args=(number, path, together, results, rounds), daemon=True)
        for number in range(processes)
    ]
    for process in started:
        process.start()
    found = [results.get(timeout=PATIENCE + 10 * seconds) for _ in started]
    for process in started:
        process.join()
    return sum(alone / at_once for alone, at_once in found)


def native_calls(execution: Execution) -> list[BoundCall]:
    return [call for calls in execution.calls for call in calls if call.native]


def calls_alone_and_shared(
    engines: dict[int, intengine.Interpreter], sample: dict[str, np.ndarray]
) -> tuple[float, float, float]:
    """Microseconds of the calls that are not shared, and of those that are, by one thread and by all.

    A call, and those whose chunks go along with its own, count as one. Each is called without Python, in order.
    """
    alone, together = (engine.execute(sample) for engine in engines.values())
    session = together._program._session
    if session is None:
        raise SystemExit("None of the model's calls is great enough to be shared.")
    groups: list[list[BoundCall]] = []
    for call, other in zip(native_calls(alone), native_calls(together), strict=True):
        if other.native and other.native.follows:
            groups[-1].append(call)
        else:
            groups.append([call])
    # Without the copies from and to the caller's arrays.
    own = range(len(together._inputs), len(session.program) - len(together._outputs))
    shares = [(*session.tables, i, i + 1, session.control, session.threads) for i in own]
    sides: list[list[Callable[[], object]]] = [
        [Program(group).run for group in groups],
        [partial(specialize(share, args).call, *args) for args in shares],
    ]
    times = [np.full((ROUNDS, len(calls)), np.inf) for calls in sides]
    for turn in range(ROUNDS):
        for calls, found, program in zip(sides, times, (None, together._program), strict=True):
            for _ in range(2):
                if program is not None:
                    program._workers.wake(session)
                for i, call in enumerate(calls):
                    begin = time.perf_counter()
                    call()
                    found[turn, i] = 1e6 * (time.perf_counter() - begin)
    one, more = (np.median(found, axis=0) for found in times)
    shared = session.program[own, 2] > 1
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
    whole, one, more = calls_alone_and_shared(engines, sample)
    return {
        **found,
        "bound": bound(str(path), threads, seconds / 2),
        "serial": whole / (whole + one),
        "calls": one / more,
    }


def kept(head: list[str]) -> dict[str, str]:
    """Model -> row of the page there is, if that begins with these lines."""
    lines = PAGE.read_text().splitlines() if PAGE.exists() else []
    return {line.split(" | ")[0][2:]: line for line in lines[len(head) :]} if lines[: len(head)] == head else {}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("models", nargs="+", type=Path)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--seconds", type=float, default=20.0, help="for each model")
    options = parser.parse_args()
    n = options.threads
    lines = [
        f"# {n} threads against one",
        "",
        "Made by `python tools/threads.py MODEL...`. Outputs are first compared: any number of threads gives the same",
        f"bytes. Medians of sides that take turns; the bound is what {n} processes reach that share nothing and run",
        "the model at once, in turns with each of them alone. The last columns say where the rest goes: the part of",
        "one thread's time that is in calls which threads do not share, and how many times as fast the shared ones are",
        "together, each timed in its place.",
        "",
        f"{cpu()}, {platform.platform(terse=True)}, {os.cpu_count()} cores.",
        "",
        f"| model | ms, 1 | ms, {n} | faster | XNNPACK, 1 | XNNPACK, {n} | faster | bound | not shared | shared |",
        "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    rows = kept(lines)
    for path in options.models:
        t = measure(path, n, options.seconds)
        ours, theirs = (t[f"{side} 1"] / t[f"{side} {n}"] for side in ("ours", "xnnpack"))
        ms = [f"{t[side]:.2f}" for side in ("ours 1", f"ours {n}", "xnnpack 1", f"xnnpack {n}", "bound")]
        rest = f"{t['serial']:.1%}", f"{t['calls']:.2f}"
        row = [path.stem, *ms[:2], f"{ours:.2f}", *ms[2:4], f"{theirs:.2f}", ms[4], *rest]
        rows[path.stem] = f"| {' | '.join(row)} |"
        print(rows[path.stem], flush=True)
        PAGE.write_text("\n".join([*lines, *(rows[name] for name in sorted(rows))]) + "\n")


if __name__ == "__main__":
    main()
