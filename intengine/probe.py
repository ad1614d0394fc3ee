"""Which arithmetic a runtime uses, operator by operator: it runs inputs on which the known profiles differ."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from intengine import numerics
from intengine.comparison.metrics import difference
from intengine.discriminators import Discriminator, collection
from intengine.errors import InputError, IntEngineError
from intengine.interpreter import Interpreter
from intengine.model import Subgraph
from intengine.reader import load
from intengine.runners import RUNTIMES, CommandRunner, RunnerError, open_runner

Outputs = list[NDArray[Any]]
Progress = Callable[[int, int, str], None]


class Runtime(Protocol):
    """What is probed: gives the outputs of all invocations of a one-op model."""

    name: str

    def outputs(self, problem: Discriminator, graph: Subgraph) -> Outputs:
        """Raises RunnerError if it refuses or dies."""

    def close(self) -> None: ...


class LiveRuntime:
    """LiteRT under one of its resolvers, or tflite-micro."""

    def __init__(self, profile: str) -> None:
        self.runner = open_runner(profile)
        self.name = self.runner.name

    def outputs(self, problem: Discriminator, graph: Subgraph) -> Outputs:
        first = problem.invocations[0]
        pairs = list(zip(graph.inputs, first, strict=True))
        self.runner.load(problem.model, shapes={i: a.shape for i, a in pairs if a.shape != graph.tensors[i].shape})
        found: Outputs = []
        for inputs in problem.invocations:
            tensors = self.runner.run(dict(zip(graph.inputs, inputs, strict=True)), graph.outputs)
            found += [tensors.get(index, np.zeros(0, np.float32)) for index in graph.outputs]
        return found

    def close(self) -> None:
        self.runner.close()


class CommandRuntime:
    """A program; it keeps nothing between calls, so it is asked for the first invocation alone."""

    def __init__(self, command: str) -> None:
        self.runner = CommandRunner(command)
        self.name = f"cmd:{command}"

    def outputs(self, problem: Discriminator, graph: Subgraph) -> Outputs:
        names = [graph.tensors[i].name for i in graph.inputs]
        given = self.runner.run(problem.model, dict(zip(names, problem.invocations[0], strict=True)))
        found = []
        for index in graph.outputs:
            array = given.get(graph.tensors[index].name, given.get(str(index)))
            if array is None:
                raise RunnerError(f"The command gives no tensor {graph.tensors[index].name!r}.")
            found.append(array)
        return found

    def close(self) -> None:
        pass


@dataclass(frozen=True)
class Finding:
    """One operator with one combination of types.

    Attributes:
        problems: run. refused: of these, those that the runtime refused or died of; `message` is its last one.
        elements: of outputs compared.
        profiles: profiles that give the runtime's bytes in all problems.
        power: profile -> elements in which it differs from the runtime; what rules it out.
    """

    op: str
    signature: str
    problems: int
    refused: int
    message: str
    elements: int
    profiles: tuple[str, ...]
    power: Mapping[str, int]

    @property
    def is_known(self) -> bool:
        """Whether some profile gives its bytes."""
        return bool(self.profiles)


@dataclass
class _Sum:
    problems: int = 0
    refused: int = 0
    message: str = ""
    elements: int = 0
    power: dict[str, int] = field(default_factory=dict)


def probe(runtime: Runtime, *, only: str = "", progress: Progress | None = None) -> tuple[Finding, ...]:
    """Run the discriminating problems through a runtime and say which profiles it agrees with.

    Args:
        only: operators whose name contains this.
        progress: called as (problem, problems, operator).
    """
    chosen = [problem for problem in collection() if only.upper() in problem.op.upper()]
    sums: dict[tuple[str, str], _Sum] = {}
    for at, problem in enumerate(chosen):
        if progress:
            progress(at, len(chosen), problem.op)
        _look(problem, runtime, sums.setdefault((problem.op, problem.signature), _Sum()))
    return tuple(
        Finding(
            op, signature, found.problems, found.refused, found.message, found.elements,
            tuple(name for name, count in found.power.items() if not count), dict(found.power),
        )
        for (op, signature), found in sorted(sums.items())
    )  # fmt: skip


def _look(problem: Discriminator, runtime: Runtime, found: _Sum) -> None:
    found.problems += 1
    try:
        theirs = runtime.outputs(problem, load(problem.model).main)
    except RunnerError as error:
        found.refused += 1
        found.message = str(error).splitlines()[0][:200]
        return
    found.elements += sum(array.size for array in theirs)
    for name in numerics.PROFILES:
        ours = under(problem, name)
        # A runtime may give the first invocation alone.
        ours = None if ours is None else ours[: len(theirs)]
        count = sum(array.size for array in theirs) if ours is None else differing(ours, theirs)
        found.power[name] = found.power.get(name, 0) + count


def under(problem: Discriminator, profile: str) -> Outputs | None:
    """This engine's outputs of all invocations under a profile; None if it cannot run the model."""
    try:
        engine = Interpreter(problem.model, profile=profile)
        graph = engine.plan.subgraph
        found: Outputs = []
        for inputs in problem.invocations:
            found += engine.run(dict(zip(graph.inputs, inputs, strict=True))).values()
        return found
    except IntEngineError:
        return None


def differing(ours: Sequence[NDArray[Any]], theirs: Iterable[NDArray[Any]]) -> int:
    """Elements that are not equal bit for bit; all of an array whose type or shape differs."""
    total = 0
    for a, b in zip(ours, theirs, strict=True):
        if a.size == b.size == 0:
            continue
        total += difference(a, b).differing if a.dtype == b.dtype and a.shape == b.shape else max(a.size, 1)
    return total


def open_runtime(name: str) -> Runtime:
    """A runtime by the profile that it should equal, or "cmd:" and a command.

    Raises:
        MissingDependencyError: if it is not installed.
        InputError: for another name.
    """
    if name.startswith("cmd:"):
        return CommandRuntime(name.removeprefix("cmd:"))
    if name not in RUNTIMES:
        raise InputError(f"What is probed must be one of {', '.join(RUNTIMES)} or cmd:PROGRAM; got {name!r}.")
    return LiveRuntime(name)
