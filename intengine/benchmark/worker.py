"""The process that measures one model: pinned, with LiteRT beside intengine; what LiteRT aborts is this process."""

import os
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from intengine import samples
from intengine.benchmark import nodes
from intengine.benchmark.measure import interleave
from intengine.benchmark.peak import higher, peaks
from intengine.benchmark.records import OURS, ModelResult, Options, State, Work
from intengine.benchmark.sides import LiteRT
from intengine.comparison.metrics import difference
from intengine.errors import InputError, IntEngineError, MissingDependencyError, UnsupportedError
from intengine.interpreter import Interpreter
from intengine.runners import RUNTIMES, RunnerError, open_runner
from intengine.runners._child import receive, send
from intengine.samples import Sample
from intengine.warmup import listen

Say = Callable[[str], None]


def measure(path: Path, options: Options, known: dict[str, float], say: Say) -> tuple[ModelResult, dict[str, float]]:
    """One model, and the peaks of this core, at least the known ones."""
    with listen(lambda event: None if event.is_loaded or event.seconds else say(f"compiling {event.kernel}")):
        return _measure(path, options, known, say)


def _measure(path: Path, options: Options, known: dict[str, float], say: Say) -> tuple[ModelResult, dict[str, float]]:
    found = known
    try:
        engine = Interpreter(path, profile=options.profile, num_threads=options.threads)
        if options.batch > 1:
            engine.resize(_batched(engine, options.batch))
        sample = next(samples.draw(engine, samples.Random(1, 0)))
        say("comparing")
        equal, note = _check(engine, path.read_bytes(), sample, options)
        if equal is False:
            return ModelResult(path.name, str(path), State.DIFFERS, note, equal), found
        found = higher(peaks(), found)
        refused, result = _time(engine, path, sample, options, found, say)
        found = higher(peaks(), found)
        note = "; ".join(filter(None, (note, refused)))
        return ModelResult(path.name, str(path), State.TIMED, note, equal, **result), found
    except IntEngineError as error:
        state = State.UNSUPPORTED if isinstance(error, UnsupportedError | InputError) else State.BAD_MODEL
        text = " ".join([str(error).strip(), *getattr(error, "__notes__", ())])
        return ModelResult(path.name, str(path), state, text), found
    except Exception as error:
        text = f"internal error, please report it ({type(error).__name__}: {error})"
        return ModelResult(path.name, str(path), State.FAILED, text), found


def _batched(engine: Interpreter, batch: int) -> dict[str, tuple[int, ...]]:
    shapes = engine.input_shapes
    if any(not shape or shape[0] != 1 for shape in shapes.values()):
        raise InputError(f"A batch is for inputs whose first axis is 1; they have {list(map(list, shapes.values()))}.")
    return {name: (batch, *shape[1:]) for name, shape in shapes.items()}


def _check(engine: Interpreter, content: bytes, sample: Sample, options: Options) -> tuple[bool | None, str]:
    """Whether all outputs are equal bit for bit to those of the profile's runtime; and why not, or why not asked."""
    ours = engine.run(sample)
    if options.profile not in RUNTIMES:
        return None, f"not compared: no installed runtime has the arithmetic of {options.profile}"
    inputs = {spec.index: sample[name] for name, spec in engine.inputs.items()}
    shapes = {i: array.shape for i, array in inputs.items()} if options.batch > 1 else {}
    outputs = {name: spec.index for name, spec in engine.outputs.items()}
    try:
        with open_runner(options.profile) as runner:
            runner.load(content, shapes=shapes)
            theirs = runner.run(inputs, tuple(outputs.values()))
    except MissingDependencyError as error:
        return None, f"not compared: {error}"
    except RunnerError as error:
        return None, f"not compared: {_short(error)}"
    for name, index in outputs.items():
        a, b = ours[name], theirs.get(index)
        if b is None:
            return None, f"not compared: {options.profile} does not show output {name!r}"
        if a.dtype != b.dtype or a.shape != b.shape:
            return False, f"output {name!r}: {a.dtype}{list(a.shape)}, {options.profile} gives {b.dtype}{list(b.shape)}"
        found = difference(np.ascontiguousarray(a), np.ascontiguousarray(b))
        if found.differing:
            return False, f"output {name!r}: {found.differing} of {a.size} elements differ from {options.profile}'s"
    return True, ""


def _time(
    engine: Interpreter, path: Path, sample: Sample, options: Options, peaks: dict[str, float], say: Say
) -> tuple[str, dict[str, Any]]:
    """Whom LiteRT refuses, and the fields of a ModelResult that are measured."""
    content = path.read_bytes()
    inputs = {spec.index: sample[name] for name, spec in engine.inputs.items()}
    shapes = {i: array.shape for i, array in inputs.items()} if options.batch > 1 else {}
    outputs = [spec.index for spec in engine.outputs.values()]
    runners: dict[str, Callable[[], object]] = {OURS: lambda: engine.run(sample)}
    refused = ""
    for name in options.against:
        say(f"LiteRT {name}")
        try:
            other = LiteRT(content, name, threads=options.threads, inputs=inputs, outputs=outputs, shapes=shapes)
            runners[name] = other.run
        except (ValueError, RuntimeError) as error:
            refused = f"LiteRT {name} refuses it: {_short(error)}"
    say("timing")
    times = interleave(runners, seconds=options.seconds)
    plan = engine.plan
    total: dict[str, int] = {}
    for step in plan.steps:
        for kind, count in nodes.work(plan.subgraph.nodes[step.node], plan).macs.items():
            total[kind] = total.get(kind, 0) + count
    whole = Work(total)
    rated = times if whole.total else {}
    made: dict[str, Any] = {
        "macs": whole.total,
        "times": times,
        "gmacs": {name: whole.total / one.median / 1e6 for name, one in rated.items()},
        "share": {name: whole.least_ms(peaks) / one.median / options.threads for name, one in rated.items()},
    }
    if options.ops:
        say("timing operators")
        made["nodes"] = nodes.time_nodes(engine, sample, options, peaks)
    if options.trace:
        made["trace"] = nodes.events(engine, sample)
    return refused, made


def _short(error: Exception, limit: int = 120) -> str:
    text = (str(error).strip() or type(error).__name__).splitlines()[0]
    return text if len(text) <= limit else f"{text[:limit]}..."


def _pin(threads: int) -> None:
    if hasattr(os, "sched_setaffinity"):
        cores = sorted(os.sched_getaffinity(0))
        os.sched_setaffinity(0, set(cores[:threads]))


def _end_with_parent() -> None:
    """End when the process that asked does: nothing comes from it any more but the end of the stream."""
    os.read(0, 1)
    os._exit(1)


def main() -> None:
    """Answer one request (path, options, known peaks) on the standard streams."""
    # Runtimes print to file descriptor 1; answers go to a private copy of it.
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    path, options, known = receive(sys.stdin.buffer)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    _pin(options.threads)
    result = measure(Path(path), options, known, lambda text: send(answers, ("say", text)))
    send(answers, ("done", result))


if __name__ == "__main__":
    main()
