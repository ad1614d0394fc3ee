"""A float side and a quantized model over a set of samples: the error of every layer, and why."""

import platform
from collections.abc import Callable, Mapping, Sequence
from os import PathLike
from pathlib import Path
from typing import Any

import numba
import numpy as np
from numpy.typing import ArrayLike, NDArray

import intengine
from intengine.accuracy._kinds import MATRIX
from intengine.accuracy.data import Data, DataSource, Sample
from intengine.accuracy.graphs import Graph
from intengine.accuracy.layers import LayerWork
from intengine.accuracy.local import Rounded, is_quantized
from intengine.accuracy.records import Agreement, Comparison, Match
from intengine.accuracy.sides import ActivationSide, DequantSide, FloatSide, ModelSide, has_state
from intengine.errors import InputError
from intengine.execution import Execution
from intengine.interpreter import Interpreter
from intengine.model import Model
from intengine.reader import load
from intengine.samples import load_arrays

ModelSource = Model | str | PathLike[str] | bytes
Progress = Callable[[int, int], None]
#: Samples on which the error is split by source, unless the caller says otherwise.
ATTRIBUTED = 16


def compare(
    reference: ModelSource | Mapping[str, NDArray[Any]],
    quantized: ModelSource,
    data: DataSource,
    *,
    samples: int | None = None,
    labels: ArrayLike | None = None,
    profile: str = "litert-reference",
    names: Mapping[str, str] | None = None,
    mean: Sequence[float] | None = None,
    std: Sequence[float] | None = None,
    attributed: int = ATTRIBUTED,
    keep: int = 5,
    progress: Progress | None = None,
) -> Comparison:
    """Compare a quantized model with a float one, layer by layer.

    Args:
        reference: a float model (or any other of the same network); "dequant" for the quantized model itself, on real
            numbers; or activations: arrays [samples, ...] by name, or an .npz of them.
        quantized: the model to judge.
        data: an .npy, .npz or image file, a folder of them, "random:N:seed", or arrays. Integers of the quantized
            input's type are taken as they are, and the float side gets the real numbers they stand for; floats are
            real numbers, which the quantized side gets quantized; uint8 images for other inputs are mapped as
            `intengine run` does.
        samples: use this many at most.
        labels: int[n], the right answers; by default the array "labels" of an .npz, if there is one.
        profile: whose arithmetic the quantized model runs with.
        names: quantized tensor's name -> array's name, for activations whose names do not agree.
        mean, std: for images: real = (pixel - mean) / std.
        attributed: number of samples, spread over the data, on which local errors are split by source.
        keep: how many of the worst samples each layer keeps.
        progress: called with (samples done, samples).

    Raises:
        InputError: for data that fit no input, or no samples.
        ModelError, UnsupportedError: if a model cannot run.
    """
    model = quantized if isinstance(quantized, Model) else load(quantized)
    engine = Interpreter(model, profile=profile)
    source = Data(
        engine, data, samples, mean, std, None if labels is None else np.asarray(labels, np.int64).reshape(-1)
    )
    first = next(iter(source), None)
    if first is None:
        raise InputError("A comparison needs at least one sample; the data have none.")
    side = _side(reference, model, profile, names or {})
    graph = Graph(_run(engine, first).plan)
    alignment = side.align(graph, first)
    work = _Work(engine, graph, side, alignment.matches, profile, keep)
    total = len(source)
    stride = max(1, total // attributed) if attributed else 0
    done = 0
    for at, sample in enumerate(source):
        if progress:
            progress(at, total)
        split = bool(stride) and at % stride == 0 and at // stride < attributed
        work.add(at, sample, split=split)
        done += 1
    if progress:
        progress(done, done)
    return Comparison(
        side.name,
        _name(quantized),
        profile,
        done,
        alignment,
        tuple(layer.result(side.knows_weights) for layer in work.layers),
        work.outputs(),
        work.agreement(source.labels),
        (*source.assumed, *work.notes(min(attributed, done))),
        "" if isinstance(data, Mapping | np.ndarray) else str(data),
        _versions(),
    )


def _versions() -> dict[str, str]:
    return {
        "intengine": intengine.__version__,
        "numpy": np.__version__,
        "numba": numba.__version__,
        "Python": platform.python_version(),
    }


def _side(
    reference: ModelSource | Mapping[str, NDArray[Any]], model: Model, profile: str, names: Mapping[str, str]
) -> FloatSide:
    if isinstance(reference, Mapping):
        return ActivationSide(reference, name="activations", names_of=names)
    if isinstance(reference, str | PathLike) and Path(reference).suffix == ".npz":
        path = Path(reference)
        return ActivationSide(load_arrays(path), name=str(path), names_of=names)
    if names:
        raise InputError("A map of names is for activations; models are aligned by themselves.")
    if isinstance(reference, str) and reference == "dequant":
        return DequantSide(model, profile=profile)
    other = reference if isinstance(reference, Model) else load(reference)
    return ModelSide(other, profile=profile, name=_name(reference))


def _name(source: ModelSource) -> str:
    if isinstance(source, Model):
        return source.source or "model"
    return str(source) if isinstance(source, str | PathLike) else "model"


def _run(engine: Interpreter, sample: Sample) -> Execution:
    if has_state(engine):
        engine.reset()
    return engine.execute(sample.given, keep_all=True)


class _Work:
    """The loop over samples."""

    def __init__(
        self,
        engine: Interpreter,
        graph: Graph,
        side: FloatSide,
        matches: Sequence[Match],
        profile: str,
        keep: int,
    ) -> None:
        self.engine, self.graph, self.side = engine, graph, side
        self._by_tensor = {m.quantized_tensor: m for m in matches}
        self._rounded = Rounded(graph)
        fed = frozenset(self._by_tensor)
        self.layers = [
            LayerWork(engine.model, graph, side, match, fed, profile, keep)
            for match in matches
            if is_quantized(graph, match.quantized_tensor)
            or graph.tensors[match.quantized_tensor].type.dtype.kind == "f"
        ]
        self._answers: list[tuple[int, int]] = []
        self._output = self._scores()

    def _scores(self) -> int | None:
        """The first output, if it is a row of scores of which both sides are known."""
        outputs = self.graph.plan.subgraph.outputs
        if not outputs or outputs[0] not in self._by_tensor:
            return None
        shape = [n for n in self.graph.shape(outputs[0]) if n != 1]
        return outputs[0] if len(shape) == 1 else None

    def add(self, at: int, sample: Sample, *, split: bool) -> None:
        ours = _run(self.engine, sample)
        self.side.run(at, sample)
        self._rounded.start()
        real = _Lazy(self._by_tensor, self.side, sample)
        for layer in self.layers:
            layer.add(at, sample, ours, real, self._rounded, split=split)
        if self._output is not None:
            theirs = real[self._output].reshape(-1)
            self._answers.append((int(np.argmax(theirs)), int(np.argmax(ours.value(self._output).reshape(-1)))))

    def outputs(self) -> dict[str, float]:
        names = {spec.index: name for name, spec in self.engine.outputs.items()}
        found = {layer.tensor: layer.sqnr_db for layer in self.layers}
        return {name: found[i] for i, name in names.items() if i in found}

    def agreement(self, labels: NDArray[np.int64] | None) -> Agreement | None:
        if not self._answers:
            return None
        theirs, ours = np.array(self._answers).T
        share = float(np.mean(theirs == ours))
        if labels is None:
            return Agreement(len(ours), share)
        if labels.size < ours.size:
            raise InputError(f"There must be a label for each sample; there are {labels.size} for {ours.size}.")
        right = labels[: ours.size]
        return Agreement(ours.size, share, float(np.mean(theirs == right)), float(np.mean(ours == right)))

    def notes(self, attributed: int) -> list[str]:
        notes = [f"Local errors are split by source on {attributed} samples."]
        if isinstance(self.side, DequantSide):
            notes.append("Against its own dequantized weights a model shows no error of weights and biases.")
        elif isinstance(self.side, ModelSide) and (count := _hybrids(self.side.graph)):
            notes.append(
                f"The float side quantizes the inputs of {count} operators while it runs; what that costs counts here "
                "as error of their twins."
            )
        return notes


def _hybrids(graph: Graph) -> int:
    """How many nodes have float inputs and integer weights, and so quantize as they run."""
    kinds = [
        [graph.tensors[node.inputs[at]].type.dtype.kind for at in MATRIX[node.op][:2]]
        for node in graph.nodes
        if node.op in MATRIX
    ]
    return sum(source == "f" and filter_ in "iu" for source, filter_ in kinds)


class _Lazy(dict[int, NDArray[Any]]):
    """Float values of one sample by quantized tensor, computed when asked for."""

    def __init__(self, matches: Mapping[int, Match], side: FloatSide, sample: Sample) -> None:
        super().__init__(sample.real)
        self._matches, self._side = matches, side

    def __missing__(self, tensor: int) -> NDArray[Any]:
        self[tensor] = self._side.value(self._matches[tensor])
        return self[tensor]
