"""A subgraph as rules see it: who makes and reads a tensor, what constants hold, what layers consist of."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from intengine.constants import unpack
from intengine.errors import IntEngineError
from intengine.linting._records import Finding, Severity
from intengine.model import Node, Subgraph, TensorSpec, TensorType

EIGHT_BIT = (TensorType.INT8, TensorType.UINT8)
QUANTIZED = (*EIGHT_BIT, TensorType.INT16)
NARROW = (TensorType.INT8, TensorType.INT4, TensorType.INT2)
#: Operator -> places of (input, weights, bias), axis of the weights' output channels.
_LAYERS = {
    "CONV_2D": ((0, 1, 2), 0),
    "DEPTHWISE_CONV_2D": ((0, 1, 2), 3),
    "FULLY_CONNECTED": ((0, 1, 2), 0),
    "TRANSPOSE_CONV": ((2, 1, 3), 0),
}
#: Rank of the weights.
_RANKS = {"FULLY_CONNECTED": 2}


@dataclass(frozen=True, eq=False)
class Layer:
    """A node with weights.

    Attributes:
        node: of the graph. source, weights, bias, out: its tensors. axis: of the weights' output channels.
        values: the weights' stored integers or numbers, None if they are computed.
    """

    node: Node
    source: TensorSpec
    weights: TensorSpec
    bias: TensorSpec | None
    out: TensorSpec
    axis: int
    values: NDArray[Any] | None
    bias_values: NDArray[Any] | None

    @property
    def channels(self) -> int:
        return self.weights.shape[self.axis]

    @property
    def is_integer(self) -> bool:
        """Whether activations are integers; else the layer is hybrid or real."""
        return self.source.type in QUANTIZED

    @cached_property
    def rows(self) -> NDArray[np.int64]:
        """int64[channels, taps] of the weights with their zero point taken off; empty if they are computed."""
        if self.values is None or self.values.dtype.kind not in "iu":
            return np.zeros((0, 0), np.int64)
        points = self.weights.quantization.zero_point
        rows = np.moveaxis(self.values, self.axis, 0).reshape(self.channels, -1).astype(np.int64)
        return rows - (int(points[0]) if points.size == 1 else 0)

    @cached_property
    def scales(self) -> NDArray[np.float64]:
        """float64[channels] of the weights; empty if they do not fit."""
        scale = self.weights.quantization.scale.astype(np.float64)
        return np.broadcast_to(scale, self.channels) if scale.size in (1, self.channels) else np.zeros(0)

    @cached_property
    def multipliers(self) -> NDArray[np.float64]:
        """float64[channels], s_in * s_w / s_out; empty unless all are there."""
        source, out = scale_of(self.source), scale_of(self.out)
        if not self.is_integer or source is None or not out or not self.scales.size:
            return np.zeros(0)
        return np.asarray(source * self.scales / out)


class GraphView:
    """One subgraph."""

    def __init__(self, graph: Subgraph) -> None:
        self.graph = graph
        self.producers: dict[int, Node] = {i: node for node in graph.nodes for i in node.outputs if i >= 0}
        self.consumers: dict[int, list[Node]] = {}
        for node in graph.nodes:
            for i in dict.fromkeys(i for i in node.inputs if i >= 0):
                self.consumers.setdefault(i, []).append(node)
        self._values: dict[int, NDArray[Any] | None] = {}

    def tensor(self, node: Node, i: int) -> TensorSpec | None:
        """Input i of a node, None if it has none."""
        index = node.inputs[i] if i < len(node.inputs) else -1
        return self.graph.tensors[index] if index >= 0 else None

    def out(self, node: Node, i: int = 0) -> TensorSpec | None:
        """Output i of a node, None if it has none."""
        index = node.outputs[i] if i < len(node.outputs) else -1
        return self.graph.tensors[index] if index >= 0 else None

    def value(self, spec: TensorSpec | None) -> NDArray[Any] | None:
        """The elements of a constant; None for others, and for one that cannot be read."""
        if spec is None or not spec.is_constant or spec.is_variable:
            return None
        if spec.index not in self._values:
            try:
                self._values[spec.index] = unpack(spec)
            except (IntEngineError, ValueError):
                self._values[spec.index] = None
        return self._values[spec.index]

    @cached_property
    def layers(self) -> list[Layer]:
        """Nodes with weights of the rank that their operator has."""
        return list(self._layers())

    def _layers(self) -> Iterator[Layer]:
        for node in self.graph.nodes:
            if node.op not in _LAYERS:
                continue
            places, axis = _LAYERS[node.op]
            source, weights, bias = (self.tensor(node, i) for i in places)
            out = self.out(node)
            if source is None or weights is None or out is None:
                continue
            if len(weights.shape) == _RANKS.get(node.op, 4) and min(weights.shape) > 0:
                yield Layer(node, source, weights, bias, out, axis, self.value(weights), self.value(bias))

    def found(self, rule: Any, message: str, node: Node | None = None, tensor: TensorSpec | None = None,
              *, severity: Severity | None = None, **details: Any) -> Finding:  # fmt: skip
        """A finding at a node, a tensor, or both."""
        return Finding(
            rule.id, rule.severity if severity is None else severity, message, self.graph.index,
            None if node is None else node.index, "" if node is None else node.op,
            None if tensor is None else tensor.index, "" if tensor is None else tensor.name, details,
        )  # fmt: skip


def scale_of(spec: TensorSpec) -> float | None:
    """The one scale of a tensor, None if it has none or several."""
    return float(spec.quantization.scale[0]) if spec.quantization.scale.size == 1 else None


def zero_point_of(spec: TensorSpec) -> int:
    """The first zero point, 0 if there is none."""
    points = spec.quantization.zero_point
    return int(points[0]) if points.size else 0


def some(items: list[int], count: int = 6) -> str:
    """The first few of a list in words."""
    text = ", ".join(map(str, items[:count]))
    return f"{text} and {len(items) - count} more" if len(items) > count else text
