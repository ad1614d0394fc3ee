"""One quantized model with data and a reference: what the outputs become when some of its operators are float32."""

import math
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from intengine.accuracy._kinds import CONVERSIONS, MOVERS, real_tensors
from intengine.accuracy.dataset import Dataset, as_input, is_real, pair_tensors, to_real
from intengine.accuracy.floatize import Floatized, Twin, floatize
from intengine.accuracy.twins import float_twins
from intengine.errors import InputError
from intengine.interpreter import Interpreter
from intengine.model import Model, Node

#: What is being evaluated -> nothing; called before each evaluation.
Progress = Callable[[str], None]
Outputs = dict[str, NDArray[Any]]


class Metric(StrEnum):
    """What a model's outputs are judged by; more is better."""

    SQNR = "sqnr"
    AGREEMENT = "agreement"
    ACCURACY = "accuracy"


@dataclass(frozen=True)
class Scores:
    """A model's outputs against the reference's.

    Attributes:
        sqnr: dB, 10 log10(sum reference**2 / sum error**2) of the output that has the least; infinite without error.
        outputs: the same for each output.
        agreement: share of rows of the first output whose greatest element is at the reference's place (of equal
            elements, where the output holds integers that are no scores); None where it has no rows.
        accuracy: share of samples whose greatest element is at the label; None without labels.
    """

    sqnr: float
    outputs: Mapping[str, float] = field(default_factory=dict)
    agreement: float | None = None
    accuracy: float | None = None

    def value(self, metric: Metric) -> float:
        """The figure of a metric.

        Raises:
            InputError: if this model or data has none.
        """
        found: float | None = getattr(self, metric.value)
        if found is None:
            need = "labels, and one row of scores as the first output" if metric is Metric.ACCURACY else "scores"
            raise InputError(f"The metric {metric.value} needs {need}; this model and data have none.")
        return found


class Experiment:
    """Evaluates a model with any set of its operators in float32.

    Args:
        model: the quantized model; its first signature, or primary subgraph.
        data: read for it.
        reference: a float model of the same network; then operators in float32 have its weights, activations and
            options, where the two could be aligned. None: the model itself in float32 on dequantized weights.
        profile: whose arithmetic the integers have.
        progress: called before each evaluation.

    Attributes:
        model, data, reference, profile: as given.
        candidates: nodes that compute on quantized numbers and can do so in float32; operators that only move data
            follow their neighbours and are not among them.
        refused: node -> why it stays quantized.
        twins: node -> what the reference has in its place. float_names: node -> the name of its output there.
        runs: how many evaluations there were; the same set is evaluated once.
    """

    def __init__(
        self,
        model: Model,
        data: Dataset,
        *,
        reference: Model | None = None,
        profile: str = "litert-reference",
        progress: Progress | None = None,
    ) -> None:
        self.model, self.data, self.profile, self.reference = model, data, profile, reference
        self._say = progress or (lambda _: None)
        self._engine = Interpreter(model, profile=profile)
        self.graph = model.subgraphs[self._engine.signature.subgraph if self._engine.signature else 0]
        self.twins: dict[int, Twin] = {}
        self.float_names: dict[int, str] = {}
        if reference is not None:
            self.twins, alignment = float_twins(reference, model, self.graph.index)
            names = {match.quantized_tensor: match.float_name for match in alignment.matches}
            self.float_names = {n.index: names[n.outputs[0]] for n in self.graph.nodes if names.get(n.outputs[0])}
        everything = self.floatized(range(len(self.graph.nodes)))
        self.refused = everything.refused
        quantized = everything.nodes - self.floatized(()).nodes
        self.candidates = tuple(n.index for n in self.graph.nodes if n.index in quantized and self._does_compute(n))
        self.runs = 0
        self._kept: dict[frozenset[int], Scores] = {}
        self._say("reference")
        self._reference = self._run(Interpreter(everything.model if reference is None else reference, profile=profile))

    def floatized(self, nodes: Collection[int], *, keep_borders: bool = False) -> Floatized:
        """The model with these nodes in float32."""
        at = self.graph.index
        return floatize(self.model, nodes, subgraph=at, twins=self.twins, keep_borders=keep_borders)

    def name(self, node: int) -> str:
        """The name of a node's first output."""
        outputs = self.graph.nodes[node].outputs
        return self.graph.tensors[outputs[0]].name if outputs else ""

    def score(self, nodes: Collection[int]) -> Scores:
        """Scores with these nodes in float32; a set that came before is not run again."""
        key = frozenset(nodes)
        if key not in self._kept:
            self._say(f"{len(key)} of {len(self.candidates)} operators in float32")
            self.runs += 1
            self._kept[key] = self._scores(self._run(Interpreter(self.floatized(key).model, profile=self.profile)))
        return self._kept[key]

    def outputs(self, model: Model) -> dict[str, NDArray[Any]]:
        """Output name -> [samples, ...], as the model gives them, on all data."""
        self.runs += 1
        rows = self._run(Interpreter(model, profile=self.profile), real=False)
        return {name: np.stack([row[name] for row in rows]) for name in rows[0]}

    # -- inside -----------------------------------------------------------------------------------------------

    def _does_compute(self, node: Node) -> bool:
        """Whether a node's own arithmetic can lose accuracy: movers only where they change the scale."""
        if node.op in CONVERSIONS:
            return False
        if node.op not in MOVERS:
            return True
        real = real_tensors(self.graph)
        schemes = [self.graph.tensors[i].quantization for i in (*node.inputs, *node.outputs) if i in real]
        return len({(s.scale.tobytes(), s.zero_point.tobytes()) for s in schemes}) > 1

    def _run(self, engine: Interpreter, *, real: bool = True) -> list[Outputs]:
        """Outputs of every sample under this model's output names."""
        inputs = pair_tensors(self._engine.inputs, engine.inputs, "inputs")
        names = pair_tensors(self._engine.outputs, engine.outputs, "outputs")
        made = []
        for sample in self.data.samples:
            given = {
                theirs: as_input(sample, self._engine.inputs[ours], engine.inputs[theirs])
                for ours, theirs in inputs.items()
            }
            answer = engine.run(given)
            specs = engine.outputs
            made.append(
                {ours: to_real(answer[name], specs[name]) if real else answer[name] for ours, name in names.items()}
            )
        return made

    def _scores(self, rows: list[Outputs]) -> Scores:
        signal, noise = dict.fromkeys(self._engine.outputs, 0.0), dict.fromkeys(self._engine.outputs, 0.0)
        for mine, exact in zip(rows, self._reference, strict=True):
            for name in signal:
                a, b = (np.asarray(side[name], np.float64).reshape(-1) for side in (mine, exact))
                signal[name] += float(b @ b)
                noise[name] += float((a - b) @ (a - b))
        outputs = {name: _decibel(signal[name], noise[name]) for name in signal}
        return Scores(min(outputs.values()), outputs, self._agreement(rows), self._accuracy(rows))

    def _agreement(self, rows: list[Outputs]) -> float | None:
        name, spec = next(iter(self._engine.outputs.items()))
        if not (is_real(spec) or spec.type.dtype.kind == "f"):
            same = [np.array_equal(a[name], b[name]) for a, b in zip(rows, self._reference, strict=True)]
            return float(np.mean(same))
        if not rows[0][name].ndim or rows[0][name].shape[-1] < 2:
            return None
        pairs = [
            np.mean(a[name].argmax(-1).reshape(-1) == b[name].argmax(-1).reshape(-1))
            for a, b in zip(rows, self._reference, strict=True)
        ]
        return float(np.mean(pairs))

    def _accuracy(self, rows: list[Outputs]) -> float | None:
        name = next(iter(self._engine.outputs))
        scores = rows[0][name]
        if self.data.labels is None or scores.dtype.kind != "f" or not _is_row(scores):
            return None
        best = np.array([int(row[name].argmax()) for row in rows])
        return float(np.mean(best == self.data.labels))


def _is_row(scores: NDArray[Any]) -> bool:
    return scores.ndim > 0 and scores.shape[-1] == scores.size > 1


def _decibel(signal: float, noise: float) -> float:
    if not (math.isfinite(signal) and math.isfinite(noise)):
        return -math.inf
    if noise == 0:
        return math.inf
    return 10 * math.log10(signal / noise) if signal else -math.inf
