"""Any set of operators in float32 inside a quantized model, and sweeps over single operators."""

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any

from intengine.accuracy.experiment import Experiment, Metric, Scores
from intengine.errors import InputError
from intengine.model import Subgraph
from intengine.plain import plain

#: Name and version of what `to_json` writes.
SCHEMA = "intengine.accuracy.whatif/1"


@dataclass(frozen=True)
class Trial:
    """One set of nodes in float32.

    Attributes:
        nodes: what distinguishes this trial from the others of its sweep.
        op, name: of the first of them.
        scores: of the whole model.
        gain: by how much float32 in these nodes raises the metric, with all else as in the rest of the sweep; None
            where both figures are infinite.
    """

    nodes: tuple[int, ...]
    op: str
    name: str
    scores: Scores
    gain: float | None


@dataclass(frozen=True)
class WhatIf:
    """What was tried, best first.

    Attributes:
        kind: "float" (one set), "enable-one" (each operator alone in float32) or "disable-one" (each operator alone
            quantized, all others in float32).
        metric: what trials are sorted by.
        quantized: the model as it is. all_float: every operator that can in float32.
        refused: node -> why it stays quantized in all of them.
        runs: evaluations of the whole data. samples: in the data.
        notes: what was assumed.
    """

    kind: str
    metric: Metric
    quantized: Scores
    all_float: Scores
    trials: tuple[Trial, ...]
    refused: dict[int, str] = field(default_factory=dict)
    runs: int = 0
    samples: int = 0
    notes: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """All figures as JSON data; infinities are "inf" and "-inf"."""
        return {"schema": SCHEMA, **plain(self)}


def what_if(experiment: Experiment, nodes: Collection[int], metric: Metric = Metric.SQNR) -> WhatIf:
    """One set of nodes in float32."""
    quantized, whole = experiment.score(()), experiment.score(experiment.candidates)
    trial = _trial(experiment, tuple(sorted(nodes)), experiment.score(nodes), quantized, metric, 1)
    return _result("float", experiment, metric, quantized, whole, [trial])


def enable_one(experiment: Experiment, metric: Metric = Metric.SQNR, nodes: Sequence[int] | None = None) -> WhatIf:
    """Each operator alone in float32: what keeping it in float32 would bring. Sorted by the metric, greatest first."""
    quantized, whole = experiment.score(()), experiment.score(experiment.candidates)
    trials = [
        _trial(experiment, (node,), experiment.score({node}), quantized, metric, 1)
        for node in (experiment.candidates if nodes is None else nodes)
    ]
    trials.sort(key=lambda trial: -trial.scores.value(metric))
    return _result("enable-one", experiment, metric, quantized, whole, trials)


def disable_one(experiment: Experiment, metric: Metric = Metric.SQNR, nodes: Sequence[int] | None = None) -> WhatIf:
    """Each operator alone quantized: what it costs by itself. Sorted by the metric, least first."""
    quantized, whole = experiment.score(()), experiment.score(experiment.candidates)
    everything = set(experiment.candidates)
    trials = [
        _trial(experiment, (node,), experiment.score(everything - {node}), whole, metric, -1)
        for node in (experiment.candidates if nodes is None else nodes)
    ]
    trials.sort(key=lambda trial: trial.scores.value(metric))
    return _result("disable-one", experiment, metric, quantized, whole, trials)


def _trial(
    experiment: Experiment, nodes: tuple[int, ...], scores: Scores, other: Scores, metric: Metric, sign: int
) -> Trial:
    a, b = scores.value(metric), other.value(metric)
    first = nodes[0] if nodes else -1
    op = experiment.graph.nodes[first].op if nodes else ""
    return Trial(
        nodes, op, experiment.name(first) if nodes else "", scores, None if a == b == float("inf") else sign * (a - b)
    )


def _result(
    kind: str, experiment: Experiment, metric: Metric, quantized: Scores, whole: Scores, trials: list[Trial]
) -> WhatIf:
    return WhatIf(
        kind,
        metric,
        quantized,
        whole,
        tuple(trials),
        dict(experiment.refused),
        experiment.runs,
        len(experiment.data),
        experiment.data.notes,
    )


def select(graph: Subgraph, texts: Sequence[str]) -> frozenset[int]:
    """Nodes that words name: an index ("12"), a range ("3-7"), an operator ("CONV_2D"), an output's name or a pattern
    of names with * and ?.

    Raises:
        InputError: for a word that names no node.
    """
    found: set[int] = set()
    for text in texts:
        nodes = _named(graph, text)
        if not nodes:
            raise InputError(
                f"Operators are named by index (0..{len(graph.nodes) - 1}), range (3-7), kind (CONV_2D) or the name of "
                f"their output; {text!r} names none."
            )
        found |= nodes
    return frozenset(found)


def _named(graph: Subgraph, text: str) -> set[int]:
    spans = re.fullmatch(r"(\d+)(?:-(\d+))?", text)
    if spans:
        first = int(spans[1])
        last = int(spans[2] or first)
        return set(range(first, last + 1)) if first <= last < len(graph.nodes) else set()
    return {
        node.index
        for node in graph.nodes
        if node.op == text
        or any(
            i >= 0 and (graph.tensors[i].name == text or fnmatchcase(graph.tensors[i].name, text)) for i in node.outputs
        )
    }
