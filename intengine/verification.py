"""This engine against a live LiteRT: the same inputs through both, every tensor compared, op by op."""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from os import PathLike
from pathlib import Path
from typing import Any

from numpy.typing import ArrayLike, NDArray

from intengine import samples
from intengine.comparison import Report, TensorReport, Verdict, compare
from intengine.errors import InputError, UnsupportedError
from intengine.interpreter import Interpreter
from intengine.model import Model, Subgraph
from intengine.reader import load
from intengine.runners import LiteRTRunner
from intengine.trace import Trace

Inputs = samples.Random | Path | str | Iterable[Mapping[Any, ArrayLike]]
Progress = Callable[[int, int | None, str], None]


@dataclass(frozen=True)
class FirstDifference:
    """Where a model first goes another way: which run (from 0), and the tensor."""

    run: int
    tensor: TensorReport

    def __str__(self) -> str:
        return f"run {self.run}, {self.tensor}"


@dataclass(frozen=True)
class VerifyResult:
    """All runs of one model together.

    Attributes:
        model: its path, "" for bytes.
        reference: the other runtime and its version.
        inputs: runs made. inputs_from: where their values came from.
        tensors: for each computed tensor in order of computation, the sums (elements, bytes, differing) and maxima over
            all runs; `first` and `values` are of the first run in which it differed, the verdict is the worst.
        not_shown: tensors that LiteRT cannot show (handles, strings, or not materialized); not compared.
        quirks: LiteRT's quirks -> nodes whose results may depend on them; `ops.QUIRKS` says what they are.
        first_difference: the earliest run's first tensor beyond its tolerance, or None.
        engine_seconds, reference_seconds: spent running, with keeping every tensor.
    """

    model: str
    reference: str
    inputs: int
    inputs_from: str
    tensors: tuple[TensorReport, ...]
    not_shown: tuple[int, ...]
    quirks: Mapping[str, tuple[int, ...]]
    first_difference: FirstDifference | None
    engine_seconds: float
    reference_seconds: float

    @property
    def ok(self) -> bool:
        """Whether no tensor differs beyond its tolerance in any run."""
        return self.first_difference is None

    @property
    def identical(self) -> bool:
        """Whether everything compared is equal bit for bit."""
        return not self.integer_differing and not self.float_differing and self.ok

    @property
    def integer_bytes(self) -> int:
        return sum(tensor.nbytes for tensor in self.tensors if not tensor.is_float)

    @property
    def integer_elements(self) -> int:
        return sum(tensor.elements for tensor in self.tensors if not tensor.is_float)

    @property
    def integer_differing(self) -> int:
        return sum(tensor.differing for tensor in self.tensors if not tensor.is_float)

    @property
    def float_elements(self) -> int:
        return sum(tensor.elements for tensor in self.tensors if tensor.is_float)

    @property
    def float_differing(self) -> int:
        return sum(tensor.differing for tensor in self.tensors if tensor.is_float)

    @property
    def max_ulp(self) -> int:
        """Greatest distance of two floats, 0 without floats."""
        return max((tensor.max_ulp or 0 for tensor in self.tensors), default=0)

    @property
    def max_abs_float(self) -> float:
        return max((tensor.max_abs for tensor in self.tensors if tensor.is_float), default=0.0)


def verify(
    model: str | PathLike[str] | bytes | Model,
    inputs: Inputs = samples.Random(),  # noqa: B008 - immutable
    *,
    runner: LiteRTRunner | None = None,
    progress: Progress | None = None,
) -> VerifyResult:
    """Run a model's primary subgraph here and in LiteRT's reference interpreter, and compare every tensor.

    LiteRT runs in a child process, so a model that makes it abort is an error here, not the end of this process.
    The outputs of every node are compared; those that this engine folds into constants once, the others in every run.

    Args:
        model: a path, bytes, or a Model that was read from a path.
        inputs: random samples, a path or text as in `samples.parse`, or samples as {input name: array}.
        runner: a runner to use (it must be a "reference" one for the engine's profile); by default a new one.
        progress: called as (run, runs or None if not known, what is happening).

    Raises:
        MissingDependencyError: without ai-edge-litert.
        RunnerError: if LiteRT refuses the model or an input, or crashes.
        UnsupportedError: as the engine does, and if there is nothing to compare.
        ModelError, InputError: as the engine and `samples` do.
    """
    content, read = _content(model)
    engine = _primary(read)
    given = samples.parse(inputs) if isinstance(inputs, str) else inputs
    if runner is not None:
        return _verify(content, engine, given, runner, progress)
    with LiteRTRunner("reference") as own:
        return _verify(content, engine, given, own, progress)


def _primary(model: Model) -> Interpreter:
    """The engine of the primary subgraph, with the names of its first signature if it has one."""
    reachable: dict[str, int] = {}
    for signature in model.signatures:
        reachable.setdefault(signature.key, signature.subgraph)
    key = next((key for key, subgraph in reachable.items() if subgraph == 0), None)
    return Interpreter(model, subgraph=0) if key is None else Interpreter(model, signature=key)


def _content(model: str | PathLike[str] | bytes | Model) -> tuple[bytes, Model]:
    if isinstance(model, bytes):
        return model, load(model)
    read = model if isinstance(model, Model) else load(model)
    if not read.source:
        raise InputError("Verification needs the file: give a path, bytes, or a Model read from a path.")
    return Path(read.source).read_bytes(), read


def _verify(
    content: bytes,
    engine: Interpreter,
    given: samples.Random | Path | Iterable[Mapping[Any, ArrayLike]],
    runner: LiteRTRunner,
    progress: Progress | None,
) -> VerifyResult:
    say = progress or (lambda run, runs, text: None)
    runs = given.count if isinstance(given, samples.Random) else None
    sums: dict[int, TensorReport] = {}
    first: FirstDifference | None = None
    not_shown: set[int] = set()
    spent = [0.0, 0.0]
    shapes: dict[int, tuple[int, ...]] | None = None
    folded: frozenset[int] = frozenset()
    count = 0
    for run, sample in enumerate(_samples(engine, given)):
        count += 1
        say(run, runs, "intengine")
        started = time.perf_counter()
        ours = engine.trace(sample)
        spent[0] += time.perf_counter() - started
        arrays = {i: ours[i] for i in engine.plan.subgraph.inputs}
        now = {i: array.shape for i, array in arrays.items()}
        if now != shapes:
            changed = {i: shape for i, shape in now.items() if shape != engine.plan.subgraph.tensors[i].shape}
            runner.load(content, keep_all=True, shapes=changed)
            if shapes is not None:
                # LiteRT starts anew; so does this side.
                engine.reset()
                ours = engine.trace(sample)
            shapes, folded = now, frozenset()
        say(run, runs, "LiteRT")
        started = time.perf_counter()
        ours = _without(ours, folded)
        if not len(ours):
            continue  # a model without inputs, whose tensors are all constants: compared in the first run
        theirs = _reference(engine.plan.subgraph, arrays, ours, runner)
        spent[1] += time.perf_counter() - started
        folded = frozenset(engine.plan.constants)
        report = compare(ours, theirs)
        not_shown.update(report.only_in_a)
        if first is None and report.first_difference:
            first = FirstDifference(run, report.first_difference)
        _add(sums, report)
    if not count:
        raise InputError("Verification needs at least one sample; there is none.")
    if not sums:
        raise UnsupportedError(
            "Verification compares what a model computes; "
            + ("LiteRT shows none of it." if not_shown else "this one computes nothing.")
        )
    source = str(given) if isinstance(given, (samples.Random, Path)) else "given"
    reference = f"LiteRT {runner.version()} {runner.resolver}"
    hidden, quirks = tuple(sorted(not_shown)), _quirks(engine)
    return VerifyResult(
        engine.model.source, reference, count, source, tuple(sums.values()), hidden, quirks, first, *spent
    )


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


def _without(trace: Trace, indices: frozenset[int]) -> Trace:
    return replace(trace, tensors={i: array for i, array in trace.tensors.items() if i not in indices})


def _reference(graph: Subgraph, arrays: Mapping[int, NDArray[Any]], ours: Trace, runner: LiteRTRunner) -> Trace:
    """LiteRT's trace. Handles and strings are never asked for: LiteRT may crash on them."""
    wanted = tuple(i for i in ours if graph.tensors[i].type.bits)
    tensors = runner.run(arrays, wanted)
    ordered = {i: tensors[i] for i in wanted if i in tensors}
    return Trace(ordered, ours.names, ours.steps, "LiteRT")


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
