"""The float side of a comparison: a model, the quantized model on real numbers, or arrays that someone dumped."""

from collections.abc import Mapping
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from intengine.accuracy import names
from intengine.accuracy.alignment import align, permutation
from intengine.accuracy.data import Sample
from intengine.accuracy.floatize import floatize
from intengine.accuracy.graphs import Graph
from intengine.accuracy.records import Alignment, Match, Unmatched
from intengine.accuracy.weights import FloatWeights, find
from intengine.errors import InputError
from intengine.execution import Execution
from intengine.interpreter import Interpreter
from intengine.model import Model, Node
from intengine.quantization import dequantize, quantize


class FloatSide(Protocol):
    """What gives the values that the quantized model is compared with.

    Attributes:
        knows_weights: whether it has the weights of its operators, or they are the quantized model's.
    """

    name: str
    knows_weights: bool

    def align(self, quantized: Graph, first: Sample) -> Alignment:
        """Which of its tensors stand for which of the quantized graph; called once, before `run`."""

    def run(self, at: int, sample: Sample) -> None:
        """Compute sample number `at`."""

    def value(self, match: Match) -> NDArray[Any]:
        """The real numbers of a matched tensor in the last sample, in the quantized model's layout."""

    def weights(self, node: Node, match: Match, quantized: Graph) -> FloatWeights | None:
        """The float weights of a quantized node whose output is matched, if they are known."""

    def op(self, match: Match) -> str:
        """The operator that computes a matched tensor, "" if unknown."""


class ModelSide:
    """Another model of the same network, usually the float one; values that it quantizes are dequantized."""

    knows_weights = True

    def __init__(self, model: Model, *, profile: str, name: str, inputs: Mapping[int, int] | None = None) -> None:
        self.name = name
        self.engine = Interpreter(model, profile=profile)
        self._inputs = dict(inputs or {})
        self._axes: dict[int, tuple[int, ...]] = {}
        self._last: Execution | None = None
        self.graph = Graph(self.engine.plan)

    def align(self, quantized: Graph, first: Sample) -> Alignment:
        found = align(self.graph, quantized)
        self._inputs = {
            m.quantized_tensor: m.float_tensor
            for m in found.matches
            if m.quantized_tensor in first.given and m.float_tensor in self.engine.plan.subgraph.inputs
        }
        if len(self._inputs) != len(first.given):
            raise InputError(
                f"Both models must have the same inputs; the float model has "
                f"{_shapes(self.graph)}, the quantized one {_shapes(quantized)}."
            )
        self._axes = {
            m.float_tensor: axes
            for m in found.matches
            if m.quantized_tensor in self._inputs
            and (axes := permutation(quantized.shape(m.quantized_tensor), self.graph.shape(m.float_tensor)))
        }
        if not self.engine.plan.is_whole:
            self.run(0, first)
            assert self._last is not None
            self.graph = Graph(self._last.plan)
            found = align(self.graph, quantized)
        return found

    def run(self, at: int, sample: Sample) -> None:
        given: dict[int, NDArray[Any]] = {}
        for q, r in self._inputs.items():
            spec = self.graph.tensors[r]
            values = sample.real.get(q, sample.given[q])
            values = values.transpose(self._axes[r]) if r in self._axes else values
            if spec.quantization and spec.type.dtype.kind in "iu":
                values = quantize(values.astype(np.float32), spec.quantization, spec.type)
            given[r] = np.ascontiguousarray(values, spec.type.dtype).reshape(self.graph.shape(r))
        if has_state(self.engine):
            self.engine.reset()
        self._last = self.engine.execute(given, keep_all=True)

    def value(self, match: Match) -> NDArray[Any]:
        assert self._last is not None
        values = self._last.value(match.float_tensor)
        spec = self.graph.tensors[match.float_tensor]
        if spec.quantization and values.dtype.kind in "iu":
            values = dequantize(values, spec.quantization)
        return values.transpose(match.permutation) if match.permutation else values

    def weights(self, node: Node, match: Match, quantized: Graph) -> FloatWeights | None:
        return find(self.graph, node, match.float_tensor, quantized)

    def op(self, match: Match) -> str:
        node = self.graph.producer.get(match.float_tensor)
        return node.op if node is not None else "INPUT"


class DequantSide(ModelSide):
    """The quantized model itself, on real numbers with dequantized weights; it cannot show what rounding these cost."""

    def __init__(self, model: Model, *, profile: str, subgraph: int = 0) -> None:
        made = floatize(model, subgraph=subgraph)
        super().__init__(made.model, profile=profile, name="dequant")
        self._twins, self._refused = made.float_of, made.refused

    def align(self, quantized: Graph, first: Sample) -> Alignment:
        inputs = self.engine.plan.subgraph.inputs
        self._inputs = dict(zip(quantized.plan.subgraph.inputs, inputs, strict=True))
        self.run(0, first)
        assert self._last is not None
        self.graph = Graph(self._last.plan)
        here = {*self.graph.computed, *inputs}
        matches = []
        for q in quantized.computed:
            r = self._inputs.get(q, self._twins.get(q, q))
            if r in here:
                matches.append(Match(r, self.graph.name(r), q, quantized.name(q), "same graph"))
        matched = {m.quantized_tensor for m in matches if self._is_real(m)}
        nodes = quantized.compute_nodes
        missing = [n for n in nodes if n.outputs[0] not in matched]
        return Alignment(
            tuple(m for m in matches if m.quantized_tensor in matched),
            len(nodes),
            len(nodes) - len(missing),
            tuple(
                Unmatched(
                    n.index, n.op, quantized.name(n.outputs[0]), self._refused.get(n.index, "it holds no real numbers")
                )
                for n in missing
            ),
        )

    def _is_real(self, match: Match) -> bool:
        return self.graph.tensors[match.float_tensor].type.dtype.kind == "f"

    def weights(self, node: Node, match: Match, quantized: Graph) -> FloatWeights | None:
        return None


class ActivationSide:
    """Arrays [samples, ...] by name, as dumped from PyTorch, Keras or another runtime.

    Args:
        names_of: quantized tensor's name -> array's name, for those that do not agree.
    """

    knows_weights = False

    def __init__(self, arrays: Mapping[str, NDArray[Any]], *, name: str, names_of: Mapping[str, str]) -> None:
        self.name = name
        self._arrays, self._names_of = arrays, names_of
        self._at = 0

    def align(self, quantized: Graph, first: Sample) -> Alignment:
        unknown = [name for name in self._names_of.values() if name not in self._arrays]
        known = {quantized.name(i) for i in quantized.computed}
        unknown += [name for name in self._names_of if name not in known]
        if unknown:
            raise InputError(f"A map is from a tensor's name to an array's; there is no {unknown[0]!r}.")
        matches = []
        for q in quantized.computed:
            found, why = self._find(quantized.name(q))
            if found is None:
                continue
            axes = permutation((1, *self._arrays[found].shape[1:]), quantized.shape(q))
            if axes is not None:
                matches.append(Match(-1, found, q, quantized.name(q), why, axes))
        matched = {m.quantized_tensor for m in matches}
        nodes = quantized.compute_nodes
        missing = [n for n in nodes if n.outputs[0] not in matched]
        return Alignment(
            tuple(matches),
            len(nodes),
            len(nodes) - len(missing),
            tuple(
                Unmatched(n.index, n.op, quantized.name(n.outputs[0]), "no array of its name and shape")
                for n in missing
            ),
        )

    def _find(self, tensor: str) -> tuple[str | None, str]:
        if tensor in self._names_of:
            return self._names_of[tensor], "map"
        if tensor in self._arrays:
            return tensor, "names"
        alike = [name for name in self._arrays if names.same_module(name, tensor)]
        if len(alike) != 1:
            parts = set(names.parts(tensor))
            alike = [name for name in self._arrays if any(names.same_module(name, part) for part in parts)]
        return (alike[0], "names") if len(alike) == 1 else (None, "")

    def run(self, at: int, sample: Sample) -> None:
        self._at = at

    def value(self, match: Match) -> NDArray[Any]:
        array = self._arrays[match.float_name]
        if self._at >= len(array):
            raise InputError(
                f"The activations must have every sample; {match.float_name!r} has {len(array)}, and the data more."
            )
        values = np.asarray(array[self._at], np.float32)
        return values[None].transpose(match.permutation) if match.permutation else values

    def weights(self, node: Node, match: Match, quantized: Graph) -> FloatWeights | None:
        return None

    def op(self, match: Match) -> str:
        return ""


def has_state(engine: Interpreter) -> bool:
    """Whether a run depends on those before it."""
    graph = engine.plan.subgraph
    return any(spec.is_variable for spec in graph.tensors) or any(node.op == "VAR_HANDLE" for node in graph.nodes)


def _shapes(graph: Graph) -> str:
    found = (f"{graph.name(i)!r} {list(graph.shape(i))}" for i in graph.plan.subgraph.inputs)
    return ", ".join(found)
