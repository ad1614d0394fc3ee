"""Weights of two models: how alike they are, and the float weights that a quantized operator stands for."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from intengine.accuracy._kinds import MATRIX
from intengine.accuracy.graphs import Graph, is_activation
from intengine.model import Node

#: Elementwise operators with a constant that converters fold into the weights and bias before them.
FOLDABLE = frozenset({"MUL", "ADD", "SUB", "DIV"})


def by_channel(op: str, weights: NDArray[Any]) -> NDArray[np.float64]:
    """Weights as rows, one for each output channel: float64[C, K]."""
    last = op == "DEPTHWISE_CONV_2D"
    rows = np.moveaxis(weights, -1, 0) if last else weights
    return np.ascontiguousarray(rows.reshape(rows.shape[0], -1), np.float64)


def likeness(op: str, a: NDArray[Any], b: NDArray[Any]) -> float:
    """Cosine of two filters with every channel scaled to length 1: the mean of the channels' cosines.

    Channels that are zero on a side are left out. NaN if the filters have other sizes.
    """
    if (
        a.size != b.size
        or a.shape[-1 if op == "DEPTHWISE_CONV_2D" else 0] != b.shape[-1 if op == "DEPTHWISE_CONV_2D" else 0]
    ):
        return float("nan")
    x, y = by_channel(op, a), by_channel(op, b)
    lengths = np.sqrt((x * x).sum(axis=1) * (y * y).sum(axis=1))
    live = lengths > 0
    if not live.any():
        return float("nan")
    return float(np.mean((x * y).sum(axis=1)[live] / lengths[live]))


def weight_slot(graph: Graph, node: Node) -> int | None:
    """Which input of a node is its weights: the filter, or the only constant that stands for real numbers."""
    if node.op in MATRIX:
        place = MATRIX[node.op][1]
        return place if node.inputs[place] in graph.plan.constants else None
    found = [
        at
        for at, i in enumerate(node.inputs)
        if i in graph.plan.constants and (graph.tensors[i].quantization or graph.plan.constants[i].dtype.kind == "f")
    ]
    return found[0] if len(found) == 1 else None


@dataclass(frozen=True, eq=False)
class FloatWeights:
    """What a quantized operator's weights and bias would be without quantization, in its own layout."""

    weights: NDArray[np.float32]
    bias: NDArray[np.float64] | None


def find(graph: Graph, node: Node, tensor: int, quantized: Graph) -> FloatWeights | None:
    """The weights behind a float tensor that is the twin of a quantized operator's output.

    Walks back over activations and over arithmetic with constants (an unfolded batch normalization), which is folded.

    Args:
        graph: of the float model. node: of the quantized one. tensor: the float twin of its output.
    """
    slot = weight_slot(quantized, node)
    if slot is None:
        return None
    shape = quantized.plan.constants[node.inputs[slot]].shape
    if node.op not in MATRIX:
        other = graph.producer.get(graph.root(tensor))
        if other is None or other.op != node.op or len(other.inputs) != len(node.inputs):
            return None
        constant = graph.constant(other.inputs[slot])
        if constant is None or constant.dtype.kind != "f" or constant.shape != shape:
            return None
        return FloatWeights(np.asarray(constant, np.float32), None)
    scale: Any = 1.0
    shift: Any = 0.0
    current = graph.producer.get(graph.root(tensor))
    while current is not None and current.op != node.op:
        if is_activation(current):
            current = graph.producer.get(graph.root(current.inputs[0]))
            continue
        if current.op not in FOLDABLE or len(current.inputs) != 2:
            return None
        sides = [graph.constant(i) for i in current.inputs]
        at = 1 if sides[1] is not None else 0
        value = sides[at]
        if value is None or (at == 0 and current.op == "DIV"):
            return None
        value = np.asarray(value, np.float64).reshape(-1)
        # y = a * x + b is what this node makes of x; (scale, shift) is what follows it.
        a, b = {"MUL": (value, 0.0), "ADD": (1.0, value), "SUB": (1.0, -value), "DIV": (1.0 / value, 0.0)}[current.op]
        if current.op == "SUB" and at == 0:
            a, b = -1.0, value
        scale, shift = scale * a, scale * b + shift
        current = graph.producer.get(graph.root(current.inputs[1 - at]))
    if current is None:
        return None
    weights = graph.weights(current)
    if weights is None or weights.shape != shape:
        return None
    channel_axis = -1 if node.op == "DEPTHWISE_CONV_2D" else 0
    channels = weights.shape[channel_axis]
    scales = np.broadcast_to(np.asarray(scale, np.float64).reshape(-1), (channels,))
    bias = graph.bias(current)
    if bias is None and np.any(np.asarray(shift) != 0.0):
        bias = np.zeros(channels)
    if bias is not None:
        bias = scales * bias.reshape(-1) + np.broadcast_to(np.asarray(shift, np.float64).reshape(-1), (channels,))
    along = [1] * weights.ndim
    along[channel_axis] = channels
    return FloatWeights((weights * scales.reshape(along)).astype(np.float32), bias)
