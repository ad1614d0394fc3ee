"""One layer of a comparison while samples go by."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from intengine.accuracy._kinds import MATRIX
from intengine.accuracy.attribution import Energies
from intengine.accuracy.causes import Findings, clips_by_a_step, find_causes, rounding_energy
from intengine.accuracy.data import Sample
from intengine.accuracy.graphs import Graph
from intengine.accuracy.histograms import TensorHistogram
from intengine.accuracy.local import (
    COPIERS,
    LocalNode,
    NotAloneError,
    Rounded,
    as_real,
    has_bias_input,
    is_quantized,
    stages,
)
from intengine.accuracy.metrics import TensorErrors, real_range
from intengine.accuracy.records import Layer, Match, Source
from intengine.accuracy.sides import FloatSide
from intengine.accuracy.weight_faults import Filter
from intengine.accuracy.weights import FloatWeights, by_channel, weight_slot
from intengine.execution import Execution
from intengine.model import Model, Node, TensorSpec
from intengine.quantization import INTEGER_RANGE


class LayerWork:
    """Errors of one matched tensor: propagated, local, by source.

    Args:
        model, graph: the quantized side. fed: quantized tensors that have float twins.
        keep: how many of the worst samples are kept.
    """

    def __init__(
        self, model: Model, graph: Graph, side: FloatSide, match: Match, fed: frozenset[int], profile: str, keep: int
    ) -> None:
        self.tensor = match.quantized_tensor
        self._graph, self._match = graph, match
        self._spec, self._shape = graph.tensors[self.tensor], graph.shape(self.tensor)
        self._node = graph.producer.get(self.tensor)
        self._float_op = side.op(match)
        self._propagated = TensorErrors(self._shape, self._spec.quantization, self._spec.type, keep=keep)
        self._local_errors = TensorErrors(self._shape, self._spec.quantization, self._spec.type, keep=keep)
        self._histogram = TensorHistogram(self._spec.quantization, self._spec.type)
        self._energies = Energies(self._shape[-1] if len(self._shape) > 1 else 1)
        self._note = ""
        self._local: LocalNode | None = None
        self._twin: FloatWeights | None = None
        self._splits = True
        if self._node is None:
            return
        if self._node.outputs[0] != self.tensor:
            self._note = "No local error: it is not its operator's first output."
            return
        try:
            self._local = LocalNode(model, graph, self._node, fed, profile)
            self._twin = side.weights(self._node, match, graph)
        except NotAloneError as reason:
            self._note = f"No local error: {reason}."

    @property
    def sqnr_db(self) -> float:
        return self._propagated.result().sqnr_db

    def add(
        self,
        at: int,
        sample: Sample,
        ours: Execution,
        real: Mapping[int, NDArray[Any]],
        rounded: Rounded,
        *,
        split: bool,
    ) -> None:
        """Add one sample.

        Args:
            ours: the quantized model's run. real: the float side's values by quantized tensor.
            split: whether to split the local error by source too.
        """
        truth = real[self.tensor]
        mine = ours.value(self.tensor)
        self._propagated.add(at, truth, mine)
        self._histogram.add(truth, mine)
        if self._node is None:
            self._add_input(at, truth, mine, split=split)
        if self._local is None:
            return
        elements = {i: self._element(i, sample, ours, real, rounded) for i in self._local.inputs}
        out = self._local.run(elements)
        self._local_errors.add(at, truth, out)
        if split and self._splits:
            self._split(out, elements, real, ours)

    def _split(
        self, out: NDArray[Any], elements: dict[int, NDArray[Any]], real: Mapping[int, NDArray[Any]], ours: Execution
    ) -> None:
        assert self._local is not None
        known = {i: real[i] if i in self._local.fed else ours.value(i) for i in self._local.inputs}
        known[self.tensor] = real[self.tensor]
        try:
            sources, values = stages(self._local, self._graph, self._twin, known, elements, out)
        except NotAloneError as reason:
            self._splits, self._note = False, f"Local error {reason}."
            return
        self._energies.add(sources, values)

    def _element(
        self, tensor: int, sample: Sample, ours: Execution, real: Mapping[int, NDArray[Any]], rounded: Rounded
    ) -> NDArray[Any]:
        assert self._local is not None
        if tensor in sample.given:
            return sample.given[tensor]
        if tensor not in self._local.fed or self._graph.tensors[tensor].type.dtype.kind not in "iuf":
            return ours.value(tensor)
        if not is_quantized(self._graph, tensor) and self._graph.tensors[tensor].type.dtype.kind != "f":
            return ours.value(tensor)
        return rounded.value(tensor, real[tensor])

    def _add_input(self, at: int, truth: NDArray[Any], mine: NDArray[Any], *, split: bool) -> None:
        """An input of the graph: its error is its own quantization."""
        self._local_errors.add(at, truth, mine)
        if split and is_quantized(self._graph, self.tensor):
            start = np.asarray(truth, np.float64).reshape(-1)
            lo, hi = real_range(self._spec.quantization, self._spec.type)
            steps = [start, np.clip(start, lo, hi), as_real(self._graph, self.tensor, mine)]
            self._energies.add([Source.CLIPPING, Source.OUTPUT_ROUNDING], steps)

    # -- the result -------------------------------------------------------------------------------------------

    def result(self, knows_weights: bool) -> Layer:
        """The layer's record so far.

        Args:
            knows_weights: whether the float side's weights can be known at all.
        """
        match, spec = self._match, self._spec
        one = spec.quantization.scale.size == 1
        layer = Layer(
            node=self._node.index if self._node is not None else -1,
            op=self._node.op if self._node is not None else "INPUT",
            tensor=self.tensor,
            name=match.quantized_name,
            dtype=str(spec.type.dtype),
            shape=self._shape,
            scale=float(spec.quantization.scale[0]) if one else None,
            zero_point=int(spec.quantization.zero_point[0]) if one and spec.quantization.zero_point.size else None,
            float_tensor=match.float_tensor,
            float_name=match.float_name,
            float_op=self._float_op,
            evidence=match.evidence,
            propagated=self._propagated.result(),
            note=self._note,
            histogram=self._histogram.result(),
        )
        if not self._local_errors.samples:
            return layer
        local = self._local_errors.result()
        total = layer.propagated.rmse
        upstream = max(0.0, 1.0 - (local.rmse / total) ** 2) if total else None
        layer = replace(layer, local=local, local_samples=local.samples, upstream=upstream)
        if not self._energies.samples:
            return layer
        energies = self._energies
        filter_ = self._filter()
        found = Findings(
            spec, layer.op, self._float_op, local, energies, filter_, knows_weights and self._weights_are_known(),
            self._copied(),
        )  # fmt: skip
        needed = rounding_energy(spec, layer.op, local, energies.square(Source.OUTPUT_ROUNDING), energies.count)
        if clips_by_a_step(spec, local):
            needed += energies.square(Source.CLIPPING)
        if filter_ is not None:
            for source, least in ((Source.WEIGHTS, filter_.needed), (Source.BIAS, filter_.needed_bias)):
                energy = energies.by_channel(source)
                needed += float(least(energy).sum()) if energy.size == filter_.real.shape[0] else float(energy.sum())
        return replace(layer, attribution=energies.result(needed), causes=find_causes(found))

    def _copied(self) -> TensorSpec | None:
        """The input whose integers the node hands on, if that is what it does."""
        if self._node is None or self._local is None or self._node.op not in COPIERS:
            return None
        fed = [i for i in self._local.fed if is_quantized(self._graph, i)]
        return self._graph.tensors[fed[0]] if len(fed) == 1 and is_quantized(self._graph, self.tensor) else None

    def _weights_are_known(self) -> bool:
        slot = weight_slot(self._graph, self._node) if self._node is not None else None
        return slot is None or self._twin is not None

    def _filter(self) -> Filter | None:
        node = self._node
        if node is None or self._twin is None or node.op not in MATRIX:
            return None
        graph = self._graph
        spec = graph.tensors[node.inputs[MATRIX[node.op][1]]]
        used = graph.weights(node)
        scale = spec.quantization.scale
        if used is None or not scale.size or spec.type not in INTEGER_RANGE or spec.quantization.details is not None:
            return None
        rows = by_channel(node.op, used)
        if scale.size not in (1, rows.shape[0]):
            return None
        scales = np.broadcast_to(scale.astype(np.float64), (rows.shape[0],))
        lo, hi = INTEGER_RANGE[spec.type]
        levels = hi if lo < 0 else (hi + 1) // 2
        made = Filter(by_channel(node.op, self._twin.weights), rows, scales, levels)
        bias = graph.bias(node) if has_bias_input(node) else None
        return made if bias is None else replace(made, **self._bias(node, bias, scales))

    def _bias(self, node: Node, bias: NDArray[Any], scales: NDArray[np.float64]) -> dict[str, Any]:
        assert self._twin is not None
        real = self._twin.bias if self._twin.bias is not None else np.zeros(bias.size)
        source = self._graph.tensors[node.inputs[MATRIX[node.op][0]]].quantization.scale
        step = scales * float(source[0]) if source.size == 1 else np.zeros(scales.size)
        # The scale that the bias was made for, where its tensor states another than it counts with.
        stated = self._graph.tensors[node.inputs[MATRIX[node.op][2]]].quantization.scale.astype(np.float64)
        if stated.size in (1, scales.size) and np.all(step > 0):
            bias, step = bias.reshape(-1) * (stated / step), np.broadcast_to(stated, scales.shape)
        return {"bias": real, "used_bias": bias.reshape(-1), "bias_scale": step}
