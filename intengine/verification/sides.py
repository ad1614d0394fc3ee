"""Whom the engine is verified against: each side shows what it can of one run."""

import re
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from intengine.cut import Cut
from intengine.errors import InputError, IntEngineError
from intengine.interpreter import Interpreter
from intengine.model import Subgraph
from intengine.runners import RUNTIMES, CommandRunner, Runner, RunnerError, open_runner
from intengine.trace import Trace

Tensors = dict[int, NDArray[Any]]


@dataclass(frozen=True, eq=False)
class Seen:
    """What a side shows of one run.

    Attributes:
        free: tensors of the whole model's run. alone: outputs of nodes that it ran alone, on this engine's tensors.
    """

    free: Tensors
    alone: Tensors = field(default_factory=dict)


class Side(Protocol):
    """The other runtime.

    Attributes:
        name: with its version. way: how it is looked into, in a sentence.
        runs_nodes: whether it runs nodes alone, and so wants them by `take`.
    """

    name: str
    way: str
    runs_nodes: bool

    def start(self, shapes: Mapping[int, tuple[int, ...]]) -> None:
        """Begin anew, with inputs of these shapes where they are not the declared ones."""

    def show(self, sample: Mapping[int, NDArray[Any]], ours: Trace, wanted: tuple[int, ...]) -> Seen:
        """Run one sample (by tensor index); show the wanted tensors as far as possible."""

    def take(self, cuts: Mapping[int, Cut]) -> None:
        """Node -> the node alone."""

    def close(self) -> None: ...


class Whole:
    """A runtime that keeps every tensor of a run: LiteRT's own kernels, tflite-micro."""

    runs_nodes = False

    def __init__(self, content: bytes, profile: str, runner: Runner | None = None) -> None:
        self.runner = runner or open_runner(profile)
        self._owned = runner is None
        self.content = content
        self.name = self.runner.name
        self.way = "one run of the whole model, every tensor kept"

    def start(self, shapes: Mapping[int, tuple[int, ...]]) -> None:
        self.runner.load(self.content, keep_all=True, shapes=dict(shapes))

    def show(self, sample: Mapping[int, NDArray[Any]], ours: Trace, wanted: tuple[int, ...]) -> Seen:
        return Seen(self.runner.run(sample, wanted))

    def take(self, cuts: Mapping[int, Cut]) -> None:
        pass

    def close(self) -> None:
        if self._owned:
            self.runner.close()


class Apart:
    """LiteRT with a delegate, which would split the graph otherwise if it had to keep every tensor.

    The whole model shows its outputs; each node shows its own as a one-node model on this engine's tensors.
    """

    runs_nodes = True

    def __init__(self, content: bytes, graph: Subgraph, profile: str) -> None:
        self.runner = open_runner(profile)
        self.nodes = open_runner(profile)
        self.content, self.graph = content, graph
        self.name = self.runner.name
        self.way = "the whole model's outputs, and each node as a one-node model on this engine's tensors"
        self.cuts: Mapping[int, Cut] = {}
        self._loaded: set[int] = set()
        self._refused: set[int] = set()

    def start(self, shapes: Mapping[int, tuple[int, ...]]) -> None:
        self.runner.load(self.content, shapes=dict(shapes))

    def take(self, cuts: Mapping[int, Cut]) -> None:
        self.cuts = cuts
        self.nodes.close()
        self._loaded, self._refused = set(), set()

    def show(self, sample: Mapping[int, NDArray[Any]], ours: Trace, wanted: tuple[int, ...]) -> Seen:
        outputs = tuple(i for i in dict.fromkeys(self.graph.outputs) if self.graph.tensors[i].type.bits)
        free = self.runner.run(sample, outputs)
        alone: Tensors = {}
        for at, piece in self.cuts.items():
            if at not in self._refused:
                alone.update(self._node(at, piece, ours))
        return Seen(free, alone)

    def _node(self, at: int, piece: Cut, ours: Trace) -> Tensors:
        try:
            if at not in self._loaded:
                self.nodes.load(piece.model, name=str(at))
                self._loaded.add(at)
            return self.nodes.run({i: ours[i] for i in piece.inputs}, piece.outputs, name=str(at))
        except RunnerError as error:
            self._refused.add(at)
            if error.crashed:
                self._loaded.clear()
            return {}

    def close(self) -> None:
        self.runner.close()
        self.nodes.close()


class Dump:
    """Tensors of one run that a file holds, by tensor index or name."""

    runs_nodes = False

    def __init__(self, path: Path, engine: Interpreter) -> None:
        self.name = str(path)
        self.way = "the tensors in the file"
        self.tensors = read_dump(path, engine)

    def sample(self, engine: Interpreter) -> Mapping[int, NDArray[Any]] | None:
        """The inputs, if the file holds them all."""
        inputs = engine.plan.subgraph.inputs
        return {i: self.tensors[i] for i in inputs} if all(i in self.tensors for i in inputs) else None

    def start(self, shapes: Mapping[int, tuple[int, ...]]) -> None:
        pass

    def show(self, sample: Mapping[int, NDArray[Any]], ours: Trace, wanted: tuple[int, ...]) -> Seen:
        return Seen({i: self.tensors[i] for i in wanted if i in self.tensors})

    def take(self, cuts: Mapping[int, Cut]) -> None:
        pass

    def close(self) -> None:
        pass


class Command:
    """A program that runs models."""

    runs_nodes = False

    def __init__(self, content: bytes, command: str, engine: Interpreter) -> None:
        self.runner = CommandRunner(command)
        self.content, self.engine = content, engine
        self.name = f"cmd:{command}"
        self.way = "the tensors that the command gives"

    def start(self, shapes: Mapping[int, tuple[int, ...]]) -> None:
        pass

    def show(self, sample: Mapping[int, NDArray[Any]], ours: Trace, wanted: tuple[int, ...]) -> Seen:
        names = {spec.index: name for name, spec in self.engine.inputs.items()}
        given = self.runner.run(self.content, {names[i]: array for i, array in sample.items()})
        found = _by_index(given, self.engine, self.name)
        return Seen({i: found[i] for i in wanted if i in found})

    def take(self, cuts: Mapping[int, Cut]) -> None:
        pass

    def close(self) -> None:
        pass


def open_side(against: str, content: bytes, engine: Interpreter) -> Side:
    """The side that `against` names: a profile with a live runtime, a file of tensors, or "cmd:" and a command.

    Raises:
        InputError: for anything else, or a file that holds no tensor of the model.
    """
    if against.startswith("cmd:"):
        return Command(content, against.removeprefix("cmd:"), engine)
    if against == "litert-xnnpack":
        return Apart(content, engine.plan.subgraph, against)
    if against in RUNTIMES:
        return Whole(content, against)
    if against.endswith(".npz"):
        return Dump(Path(against), engine)
    raise InputError(
        f"A model is verified against {', '.join(RUNTIMES)}, an .npz of tensors or cmd:PROGRAM; got {against!r}."
    )


def read_dump(path: Path, engine: Interpreter) -> Tensors:
    """Tensor index -> array of an npz: a saved trace, or arrays by tensor name or index.

    Raises:
        InputError: if it cannot be read, or holds nothing of the model.
    """
    try:
        with np.load(path, allow_pickle=False) as data:
            if "trace" in data.files:
                return dict(Trace.load(path).tensors)
            given = {name: data[name] for name in data.files}
    except IntEngineError:
        raise
    except (OSError, ValueError, zipfile.BadZipFile, AttributeError) as error:
        raise InputError(f"A dump of tensors must be a readable npz; {path}: {error}.") from error
    return _by_index(given, engine, str(path))


def _by_index(given: Mapping[str, NDArray[Any]], engine: Interpreter, source: str) -> Tensors:
    graph = engine.plan.subgraph
    names: dict[str, int] = {}
    for spec in graph.tensors:
        names.setdefault(spec.name, spec.index)
    for group in (engine.inputs, engine.outputs):
        names.update({name: spec.index for name, spec in group.items()})
    found: Tensors = {}
    for name, array in given.items():
        index = names.get(name)
        if index is None and re.fullmatch(r"\d{1,9}", name) and int(name) < len(graph.tensors):
            index = int(name)
        if index is not None:
            found[index] = array
    if not found:
        raise InputError(
            f"Tensors to compare must have names or indices of the model's tensors; {source} has none: "
            f"{', '.join(list(given)[:6]) or 'it is empty'}."
        )
    return found
