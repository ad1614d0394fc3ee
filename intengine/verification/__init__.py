"""This engine against another runtime: the same inputs through both, every tensor compared, op by op."""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from os import PathLike
from pathlib import Path
from typing import Any

from numpy.typing import ArrayLike, NDArray

from intengine import samples
from intengine.comparison import Report, TensorReport, Verdict, compare
from intengine.errors import InputError, UnsupportedError
from intengine.interpreter import Interpreter
from intengine.model import Model
from intengine.reader import load
from intengine.runners import RUNTIMES, Runner
from intengine.trace import Trace
from intengine.verification.judge import Judge
from intengine.verification.records import Cause, FirstDifference, NodeReport, Role, VerifyResult
from intengine.verification.sides import Dump, Seen, Side, Whole, open_side

Inputs = samples.Random | Path | str | Iterable[Mapping[Any, ArrayLike]]
Progress = Callable[[int, int | None, str], None]


def verify(
    model: str | PathLike[str] | bytes | Model,
    inputs: Inputs | None = None,
    *,
    against: str = "litert-reference",
    profile: str | None = None,
    runner: Runner | None = None,
    progress: Progress | None = None,
) -> VerifyResult:
    """Run a model's primary subgraph here and on another side, and compare every tensor that the other side shows.

    The outputs of every node are compared; those that this engine folds into constants once, the others in every run.
    A node that differs is run again here on the other side's inputs: if it differs still, it is a culprit.
    LiteRT runs in a child process, so a model that makes it abort is an error here, not the end of this process.

    Args:
        model: a path, bytes, or a Model that was read from a path.
        inputs: random samples, a path or text as in `samples.parse`, or samples as {input name: array}; by default
            those of the dump, else random ones.
        against: "litert-reference", "litert-optimized", "litert-xnnpack", "tflm", the path of an .npz of tensors, or
            "cmd:PROGRAM" (docs/runners.md).
        profile: of this engine; by default the one that should equal the other side.
        runner: a running runtime to use instead of a new one.
        progress: called as (run, runs or None if not known, what is happening).

    Raises:
        MissingDependencyError: without the runtime's package.
        RunnerError: if the other side refuses the model or an input, or crashes.
        UnsupportedError: as the engine does, and if there is nothing to compare.
        ModelError, InputError: as the engine and `samples` do.
    """
    content, read = _content(model)
    engine = _primary(read, profile or (against if against in RUNTIMES else "litert-reference"))
    side = Whole(content, against, runner) if runner is not None else open_side(against, content, engine)
    try:
        given = samples.parse(inputs) if isinstance(inputs, str) else inputs
        if given is None:
            found = side.sample(engine) if isinstance(side, Dump) else None
            given = samples.Random() if found is None else [found]
        return _Verification(engine, side, given, progress or (lambda run, runs, text: None)).result()
    finally:
        side.close()


def _primary(model: Model, profile: str) -> Interpreter:
    """The engine of the primary subgraph, with the names of its first signature if it has one."""
    reachable: dict[str, int] = {}
    for signature in model.signatures:
        reachable.setdefault(signature.key, signature.subgraph)
    key = next((key for key, subgraph in reachable.items() if subgraph == 0), None)
    if key is None:
        return Interpreter(model, profile=profile, subgraph=0)
    return Interpreter(model, profile=profile, signature=key)


def _content(model: str | PathLike[str] | bytes | Model) -> tuple[bytes, Model]:
    if isinstance(model, bytes):
        return model, load(model)
    read = model if isinstance(model, Model) else load(model)
    if not read.source:
        raise InputError("Verification needs the file: give a path, bytes, or a Model read from a path.")
    return Path(read.source).read_bytes(), read


class _Verification:
    """Runs of one model on both sides, and the sums of what they differ by."""

    def __init__(
        self,
        engine: Interpreter,
        side: Side,
        given: samples.Random | Path | Iterable[Mapping[Any, ArrayLike]],
        say: Progress,
    ) -> None:
        self.engine, self.side, self.given, self.say = engine, side, given, say
        self.runs = given.count if isinstance(given, samples.Random) else None
        self.judge = Judge(engine)
        self.sums: dict[int, TensorReport] = {}
        self.first: FirstDifference | None = None
        self.not_shown: set[int] = set()
        self.spent = [0.0, 0.0]
        self.shapes: dict[int, tuple[int, ...]] | None = None
        self.folded: frozenset[int] = frozenset()

    def result(self) -> VerifyResult:
        count = 0
        for run, sample in enumerate(_samples(self.engine, self.given)):
            count += 1
            self._run(run, sample)
        if not count:
            raise InputError("Verification needs at least one sample; there is none.")
        if not self.sums:
            hidden = f"{self.side.name} shows none of it." if self.not_shown else "this one computes nothing."
            raise UnsupportedError(f"Verification compares what a model computes; {hidden}")
        source = str(self.given) if isinstance(self.given, (samples.Random, Path)) else "given"
        return VerifyResult(
            self.engine.model.source, self.engine.numerics.name, self.side.name, self.side.way, count, source,
            tuple(self.sums.values()), self.judge.reports(), tuple(sorted(self.not_shown)), _quirks(self.engine),
            self.first, *self.spent,
        )  # fmt: skip

    def _run(self, run: int, sample: Mapping[Any, ArrayLike]) -> None:
        self.say(run, self.runs, "intengine")
        started = time.perf_counter()
        ours = self.engine.trace(sample)
        self.spent[0] += time.perf_counter() - started
        arrays = {i: ours[i] for i in self.engine.plan.subgraph.inputs}
        ours = self._in_step(ours, sample, arrays)
        self.say(run, self.runs, self.side.name)
        started = time.perf_counter()
        ours = replace(ours, tensors={i: array for i, array in ours.tensors.items() if i not in self.folded})
        if not len(ours):
            return  # a model without inputs, whose tensors are all constants: compared in the first run
        seen = self._seen(arrays, ours)
        self.spent[1] += time.perf_counter() - started
        theirs = {**seen.alone, **seen.free}
        report = compare(
            ours, Trace({i: theirs[i] for i in ours if i in theirs}, ours.names, ours.steps, self.side.name)
        )
        self.judge.look(ours, seen, self.folded)
        self.folded = frozenset(self.engine.plan.constants)
        self.not_shown.update(report.only_in_a)
        if self.first is None and report.first_difference:
            self.first = FirstDifference(run, report.first_difference)
        _add(self.sums, report)

    def _in_step(self, ours: Trace, sample: Mapping[Any, ArrayLike], arrays: Mapping[int, NDArray[Any]]) -> Trace:
        """Starts the other side anew where the inputs' shapes change; it forgets its state, and so does this side."""
        now = {i: array.shape for i, array in arrays.items()}
        if now == self.shapes:
            return ours
        changed = {i: shape for i, shape in now.items() if shape != self.engine.plan.subgraph.tensors[i].shape}
        self.side.start(changed)
        if self.shapes is not None:
            self.engine.reset()
            ours = self.engine.trace(sample)
        self.judge.restart()
        if self.side.runs_nodes:
            self.side.take(self.judge.cuts(ours))
        self.shapes, self.folded = now, frozenset()
        return ours

    def _seen(self, arrays: Mapping[int, NDArray[Any]], ours: Trace) -> Seen:
        """What the other side shows. Handles and strings are never asked for: LiteRT may crash on them."""
        graph = self.engine.plan.subgraph
        wanted = tuple(i for i in ours if graph.tensors[i].type.bits)
        seen = self.side.show(arrays, ours, wanted)
        inputs = {i: array for i, array in arrays.items() if i in wanted}
        return Seen({**inputs, **seen.free}, seen.alone)


def _quirks(engine: Interpreter) -> dict[str, tuple[int, ...]]:
    found: dict[str, tuple[int, ...]] = {}
    for step in engine.plan.steps:
        for name in step.quirks:
            found[name] = (*found.get(name, ()), step.node)
    return found


def _samples(
    engine: Interpreter, given: samples.Random | Path | Iterable[Mapping[Any, ArrayLike]]
) -> Iterator[Mapping[Any, ArrayLike]]:
    if isinstance(given, samples.Random):
        return samples.draw(engine, given)
    return samples.read(engine, given) if isinstance(given, Path) else iter(given)


_WORST = (Verdict.EQUAL, Verdict.WITHIN, Verdict.DIFFERS)


def _add(sums: dict[int, TensorReport], report: Report) -> None:
    for new in report.tensors:
        if not new.op:
            continue
        old = sums.get(new.index)
        if old is None:
            sums[new.index] = new
            continue
        worse = _WORST.index(new.verdict) > _WORST.index(old.verdict)
        keep = new if worse else old
        ulps = None if old.max_ulp is None or new.max_ulp is None else max(old.max_ulp, new.max_ulp)
        sums[new.index] = replace(
            keep,
            elements=old.elements + new.elements,
            nbytes=old.nbytes + new.nbytes,
            differing=old.differing + new.differing,
            max_abs=max(old.max_abs, new.max_abs),
            max_ulp=ulps,
        )


__all__ = ["Cause", "FirstDifference", "NodeReport", "Role", "VerifyResult", "verify"]
