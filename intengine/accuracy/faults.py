"""Models with one thing damaged, for testing whatever looks for damage.

Each fault changes exactly one thing of one node. Where the file's form ties other numbers to it (a bias has the scale
input x weights), these are computed anew, so that they keep their real values up to rounding.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from intengine.accuracy._kinds import MATRIX, bias_of, folded_activation, real_tensors
from intengine.constants import unpack
from intengine.model import Model, Node, Options, Quantization, Subgraph, TensorSpec, TensorType
from intengine.quantization import INTEGER_RANGE, NONE, RELU, RELU6, RELU_N1_TO_1
from intengine.reader.options import default_options
from intengine.writer import pack

#: How much smaller a clipped range is, how far a zero point moves, and how far a channel's scale is off.
_RANGE, _ZERO_POINT, _SCALE = 0.3, 0.5, 4.0
#: A truncated bias keeps this share of its greatest magnitude.
_BIAS = 0.125
#: One scale for all channels is damage where their own differ by this factor or more.
SPREAD = 8.0
#: An operator whose place another can take with the same tensors.
_SWAPS = {"AVERAGE_POOL_2D": "MAX_POOL_2D", "MAX_POOL_2D": "AVERAGE_POOL_2D", "ADD": "SUB", "SUB": "ADD"}
_ACTIVATIONS = {NONE: RELU, RELU: RELU_N1_TO_1, RELU6: RELU_N1_TO_1}
_NAMES = {NONE: "no activation", RELU: "RELU", RELU6: "RELU6", RELU_N1_TO_1: "RELU_N1_TO_1"}


@dataclass(frozen=True, eq=False)
class Fault:
    """A damaged model.

    Attributes:
        model: what it became. node: where. cause: the id that `causes.CAUSES` has for it. text: what was done.
    """

    model: Model
    node: int
    cause: str
    text: str


def plant(model: Model, cause: str, node: int) -> Fault | None:
    """The model with one node of the primary subgraph damaged; None if that node cannot have this fault.

    Raises:
        KeyError: for a cause that no fault has.
    """
    made = _PLANTERS[cause](model.main, model.main.nodes[node])
    if made is None:
        return None
    graph, text = made
    return Fault(replace(model, subgraphs=(graph, *model.subgraphs[1:])), node, cause, text)


def faults(model: Model) -> Iterator[Fault]:
    """Every fault that a model can have, node by node."""
    for node in model.main.nodes:
        for cause in CAUSES:
            made = plant(model, cause, node.index)
            if made is not None:
                yield made


# -- the faults ---------------------------------------------------------------------------------------------------

_Made = tuple[Subgraph, str] | None


def _made(graph: Subgraph | None, text: str) -> _Made:
    return None if graph is None else (graph, text)


def _weight_scale(graph: Subgraph, node: Node) -> _Made:
    """The scale of the channel with the greatest weights, four times what it was."""
    weights = _weights(graph, node)
    if weights is None or not weights.quantization.per_channel:
        return None
    axis = weights.quantization.axis
    stored = np.moveaxis(unpack(weights).astype(np.float64), axis, 0)
    scales = weights.quantization.scale
    energy = (stored.reshape(scales.size, -1) ** 2).sum(axis=1) * scales.astype(np.float64) ** 2
    channel = int(np.argmax(energy))
    wrong = scales.copy()
    wrong[channel] *= np.float32(_SCALE)
    graph = _with(graph, replace(weights, quantization=replace(weights.quantization, scale=wrong)))
    return _made(_rescaled_bias(graph, node, scales / wrong), f"channel {channel}: weight scale times {_SCALE:g}")


def _clipped(graph: Subgraph, node: Node) -> _Made:
    """A range of 0.3 times the width, with 0 where it was."""
    out = _free_output(graph, node)
    if out is None:
        return None
    scheme = replace(out.quantization, scale=(out.quantization.scale * np.float32(_RANGE)).astype(np.float32))
    return _made(_with_output(graph, out, scheme), f"output range times {_RANGE:g}")


def _moved(graph: Subgraph, node: Node) -> _Made:
    """A zero point half the range away, towards the other end, so that one end is cut off.

    Not where the range is all that stands for an activation: moving that would damage two things.
    """
    out = _free_output(graph, node)
    if out is None or out.type is TensorType.INT16:
        return None
    if node.op in MATRIX and folded_activation(graph, node) != node.options["fused_activation_function"]:
        return None
    lo, hi = INTEGER_RANGE[out.type]
    old = int(out.quantization.zero_point[0]) if out.quantization.zero_point.size else 0
    step = round(_ZERO_POINT * (hi - lo))
    new = old + step if old < (lo + hi) / 2 else old - step
    scheme = replace(out.quantization, zero_point=np.array([new], np.int64))
    return _made(_with_output(graph, out, scheme), f"output zero point {new} instead of {old}")


def _bias(graph: Subgraph, node: Node) -> _Made:
    """A bias cut to an eighth of its greatest magnitude, as if stored in too few bits."""
    bias = bias_of(graph, node)
    if bias is None or bias.raw is None or bias.type not in (TensorType.INT32, TensorType.INT64):
        return None
    stored = unpack(bias)
    limit = int(np.abs(stored).max(initial=0) * _BIAS)
    if limit < 1 or _weights(graph, node) is None:
        return None
    return _with(graph, _stored(bias, np.clip(stored, -limit, limit))), f"bias cut to +-{limit}"


def _per_tensor(graph: Subgraph, node: Node) -> _Made:
    """One scale for all channels: the greatest. Only where the scales of channels that have weights differ much."""
    weights = _weights(graph, node)
    if weights is None or not weights.quantization.per_channel:
        return None
    scales = weights.quantization.scale
    one = scales.max()
    live = np.moveaxis(unpack(weights), weights.quantization.axis, 0).reshape(scales.size, -1).any(axis=1)
    if not live.any() or scales[live].max() < SPREAD * scales[live].min():
        return None
    along = [1] * len(weights.shape)
    along[weights.quantization.axis] = scales.size
    stored = np.rint(unpack(weights) * (scales.astype(np.float64) / float(one)).reshape(along)).astype(np.int64)
    scheme = Quantization(np.array([one]), np.zeros(1, np.int64), weights.quantization.axis)
    graph = _with(graph, replace(_stored(weights, stored), quantization=scheme))
    ratio = float(one / np.median(scales))
    text = f"one weight scale, {ratio:.1f} times the median of the channels'"
    return _made(_rescaled_bias(graph, node, scales / one), text)


def _operator(graph: Subgraph, node: Node) -> _Made:
    """Another operator, or another fused activation."""
    activation = int(node.options.get("fused_activation_function", -1))
    if node.op in _SWAPS:
        op = _SWAPS[node.op]
        table = default_options(op).table
        known = default_options(op)
        options = Options(table, {name: node.options.get(name, value) for name, value in known.items()})
        return _with_node(graph, replace(node, op=op, version=1, options=options)), f"{op} instead of {node.op}"
    if node.op not in MATRIX or activation not in _ACTIVATIONS:
        return None
    other = _ACTIVATIONS[activation]
    options = Options(node.options.table, {**node.options, "fused_activation_function": other})
    return _with_node(graph, replace(node, options=options)), f"{_NAMES[other]} instead of {_NAMES[activation]}"


_PLANTERS: dict[str, Callable[[Subgraph, Node], _Made]] = {
    "weight-scale": _weight_scale,
    "clipped-range": _clipped,
    "zero-point": _moved,
    "bias": _bias,
    "per-tensor-weights": _per_tensor,
    "operator": _operator,
}
CAUSES = tuple(_PLANTERS)


# -- changing records ---------------------------------------------------------------------------------------------


def _weights(graph: Subgraph, node: Node) -> TensorSpec | None:
    """The stored int8 or uint8 weights of an operator that sums products, if no other node has them."""
    if node.op not in MATRIX:
        return None
    spec = graph.tensors[node.inputs[MATRIX[node.op][1]]]
    readers = [n for n in graph.nodes if spec.index in n.inputs]
    is_narrow = spec.type in (TensorType.INT8, TensorType.UINT8) and bool(spec.quantization)
    is_integer = graph.tensors[node.outputs[0]].index in real_tensors(graph)
    return spec if spec.raw is not None and is_narrow and is_integer and len(readers) == 1 else None


def _free_output(graph: Subgraph, node: Node) -> TensorSpec | None:
    """An output whose scale is its node's own choice: both it and what reads it can have any."""
    if node.op not in (*MATRIX, "ADD", "SUB", "MUL") or not node.outputs:
        return None
    spec = graph.tensors[node.outputs[0]]
    readers = [n for n in graph.nodes if spec.index in n.inputs]
    if spec.index not in real_tensors(graph) or spec.quantization.scale.size != 1 or not readers:
        return None
    free = all(n.op in (*MATRIX, "ADD", "SUB", "MUL") for n in readers)
    return spec if free and spec.index not in graph.outputs else None


def _with(graph: Subgraph, spec: TensorSpec) -> Subgraph:
    return replace(graph, tensors=(*graph.tensors[: spec.index], spec, *graph.tensors[spec.index + 1 :]))


def _with_node(graph: Subgraph, node: Node) -> Subgraph:
    return replace(graph, nodes=(*graph.nodes[: node.index], node, *graph.nodes[node.index + 1 :]))


def _stored(spec: TensorSpec, values: NDArray[Any]) -> TensorSpec:
    return replace(spec, raw=pack(values, spec.type), buffer=0)


def _with_output(graph: Subgraph, out: TensorSpec, scheme: Quantization) -> Subgraph | None:
    """Another scheme for a tensor; biases of nodes that multiply it keep their real values."""
    ratio = out.quantization.scale / scheme.scale
    made: Subgraph | None = _with(graph, replace(out, quantization=scheme))
    for node in graph.nodes:
        if made is not None and node.op in MATRIX and node.inputs[MATRIX[node.op][0]] == out.index:
            made = _rescaled_bias(made, node, ratio)
    return made


def _rescaled_bias(graph: Subgraph, node: Node, ratio: NDArray[Any]) -> Subgraph | None:
    """The bias times a ratio, which undoes a change of the scales that it is counted in; None if it does not fit."""
    bias = bias_of(graph, node)
    if bias is None or bias.raw is None or np.all(ratio == 1):
        return graph
    made = np.rint(unpack(bias) * ratio.astype(np.float64)).astype(np.int64)
    if bias.type is TensorType.INT32 and np.abs(made).max(initial=0) > INTEGER_RANGE[TensorType.INT32][1]:
        return None
    scale = bias.quantization.scale
    if scale.size:
        scale = (scale / ratio).astype(np.float32)
    scheme = replace(bias.quantization, scale=scale)
    if scale.size != bias.quantization.scale.size:
        scheme = replace(scheme, zero_point=np.zeros(scale.size, np.int64))
    return _with(graph, replace(_stored(bias, made), quantization=scheme))
