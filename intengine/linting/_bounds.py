"""Intervals: what a tensor may hold, what an accumulator may become, proofs and counter-examples.

Sound and sharp for one layer: a channel's least sum takes the least input where a weight is positive and the greatest
where it is negative. Inputs of a layer count as free of each other, so that a bound behind other layers need not be
reached.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from intengine.errors import IntEngineError
from intengine.linting._view import QUANTIZED, GraphView, Layer, scale_of, zero_point_of
from intengine.model import Model, Node, TensorSpec, TensorType
from intengine.quantization import INTEGER_RANGE, activation_range

INT32 = -(2**31), 2**31 - 1
#: Sums of tflite's 15-bit multiplier must stay below.
WIDE = -(2**47), 2**47 - 1
#: Operators whose output has the integers of input 0, or a mean or a choice of them.
_PASSING = frozenset((
    "AVERAGE_POOL_2D", "MAX_POOL_2D", "RESHAPE", "SQUEEZE", "EXPAND_DIMS", "TRANSPOSE", "SLICE", "STRIDED_SLICE",
    "SPACE_TO_DEPTH", "DEPTH_TO_SPACE", "PAD", "RESIZE_NEAREST_NEIGHBOR", "BATCH_TO_SPACE_ND", "SPACE_TO_BATCH_ND",
    "GATHER", "REVERSE_V2", "TILE", "BROADCAST_TO",
))  # fmt: skip


@dataclass(frozen=True)
class Bound:
    """What the accumulators of a node may become.

    Attributes:
        subgraph, node, op: which node.
        lo, hi: the least and the greatest accumulator for inputs within input_lo..input_hi, bias included.
        bits: of the accumulator. fits: the proof; whether lo..hi lies within what it holds.
        channel: the output channel that comes to the end that is nearer to overflowing.
        reachable: where it does not fit, whether an input of the model reaches the bound; None if that is open.
        counterexample: stored input integers of one output element that overflow, in the order of the weights' taps;
            empty where it fits or the weights are not known.
    """

    subgraph: int
    node: int
    op: str
    lo: int
    hi: int
    bits: int
    fits: bool
    channel: int
    input_lo: int
    input_hi: int
    reachable: bool | None = None
    counterexample: tuple[int, ...] = ()

    @property
    def used_bits(self) -> int:
        """Bits that a signed accumulator needs."""
        return max(self.hi.bit_length(), (-self.lo - 1).bit_length() if self.lo < 0 else 0) + 1


def accumulator_bounds(model: Model) -> list[Bound]:
    """The bound of every node that adds up integers."""
    return [bound for graph in model.subgraphs for bound in bounds(GraphView(graph))]


def bounds(view: GraphView) -> list[Bound]:
    """Of one subgraph."""
    layers = {layer.node.index: layer for layer in view.layers}
    found = []
    for node in view.graph.nodes:
        layer = layers.get(node.index)
        if layer is not None and layer.is_integer:
            found.append(_of_layer(view, layer))
        elif layer is None:
            found += _of_sum(view, node)
    return found


def interval(view: GraphView, spec: TensorSpec) -> tuple[int, int]:
    """The least and greatest stored integer that a tensor may hold: of its type, or of what computes it."""
    lo, hi = INTEGER_RANGE[spec.type]
    value = view.value(spec)
    if value is not None and value.size and value.dtype.kind in "iu":
        return int(value.min()), int(value.max())
    node = view.producers.get(spec.index)
    # A chain of operators that pass integers on; files may have loops, which no chain of this length has.
    for _ in range(len(view.graph.nodes)):
        if node is None:
            return lo, hi
        lo, hi = _clamped(node, spec, lo, hi)
        source = view.tensor(node, 0)
        if node.op not in _PASSING or source is None or source.type is not spec.type:
            return lo, hi
        if zero_point_of(source) != zero_point_of(spec) and node.op == "PAD":
            return lo, hi
        spec, node = source, view.producers.get(source.index)
    return lo, hi


def _clamped(node: Node, spec: TensorSpec, lo: int, hi: int) -> tuple[int, int]:
    """Within the bounds of the node's fused activation."""
    activation = {"RELU": 1, "RELU_N1_TO_1": 2, "RELU6": 3}.get(node.op, node.options.get("fused_activation_function"))
    scale = scale_of(spec)
    if not activation or scale is None or scale <= 0 or spec.type not in QUANTIZED:
        return lo, hi
    try:
        low, high = activation_range(int(activation), spec.type, np.float32(scale), zero_point_of(spec))
    except IntEngineError:
        return lo, hi
    return (max(lo, low), min(hi, high)) if max(lo, low) <= min(hi, high) else (lo, hi)


def channel_intervals(view: GraphView, layer: Layer) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """int64[channels] least and greatest accumulators, bias included; empty if weights or bias are not known.

    Padding and the gaps of transposed convolutions leave products out, so that 0 is always among the inputs.
    """
    rows = layer.rows
    if not rows.size or (layer.bias is not None and _bias(layer) is None):
        return np.zeros(0, np.int64), np.zeros(0, np.int64)
    lo, hi = _centred(view, layer)
    positive, negative = np.maximum(rows, 0).sum(axis=1), np.minimum(rows, 0).sum(axis=1)
    bias = _bias(layer)
    offset = np.zeros(len(rows), np.int64) if bias is None else bias
    return positive * lo + negative * hi + offset, positive * hi + negative * lo + offset


def _centred(view: GraphView, layer: Layer) -> tuple[int, int]:
    """The input's interval with its zero point taken off, 0 included."""
    lo, hi = interval(view, layer.source)
    return min(lo - zero_point_of(layer.source), 0), max(hi - zero_point_of(layer.source), 0)


def _bias(layer: Layer) -> NDArray[np.int64] | None:
    values = layer.bias_values
    if values is None or values.size != layer.channels or values.dtype.kind not in "iu":
        return None
    return values.reshape(-1).astype(np.int64)


def _bits(layer: Layer) -> int:
    """Of the accumulator; int16 activations have 64 unless the bias says 32."""
    narrow = layer.bias is not None and layer.bias.type is TensorType.INT32
    return 32 if layer.source.type is not TensorType.INT16 or narrow else 64


def _of_layer(view: GraphView, layer: Layer) -> Bound:
    bits = _bits(layer)
    least, most = INT32 if bits == 32 else WIDE
    lows, highs = channel_intervals(view, layer)
    inputs = interval(view, layer.source)
    if not lows.size:
        weights = INTEGER_RANGE.get(layer.weights.type, (-128, 127))
        taps = int(np.prod(layer.weights.shape)) // max(layer.channels, 1)
        reach = max(map(abs, weights)) + abs(zero_point_of(layer.weights))
        reach *= taps * max(map(abs, _centred(view, layer)))
        reach += 2**31 if layer.bias is not None else 0
        fits = least <= -reach and reach <= most
        return Bound(view.graph.index, layer.node.index, layer.node.op, -reach, reach, bits, fits, 0, *inputs)
    channel = int(np.argmax(np.maximum(highs, -lows)))
    lo, hi = int(lows.min()), int(highs.max())
    fits = least <= lo and hi <= most
    row: tuple[int, ...] = ()
    if not fits:
        up = highs[channel] > most
        weights = layer.rows[channel]
        centred = _centred(view, layer)
        low, high = (q + zero_point_of(layer.source) for q in centred)
        row = tuple(int(q) for q in np.where((weights > 0) == up, high, low))
    return Bound(
        view.graph.index, layer.node.index, layer.node.op, lo, hi, bits, fits, channel, *inputs,
        None if fits else _reachable(view, layer), row,
    )  # fmt: skip


def _reachable(view: GraphView, layer: Layer) -> bool | None:
    """Whether a caller can give a layer these inputs: it reads an input of the graph, with all taps inside."""
    if layer.source.index not in view.graph.inputs:
        return None
    if layer.node.op == "FULLY_CONNECTED":
        return True
    if layer.node.op == "TRANSPOSE_CONV" or len(layer.source.shape) != 4:
        return None
    spans = [
        (layer.weights.shape[axis] - 1) * int(layer.node.options.get(f"dilation_{side}_factor", 1)) + 1
        for axis, side in ((1, "h"), (2, "w"))
    ]
    return True if all(size >= span for size, span in zip(layer.source.shape[1:3], spans, strict=True)) else None


def _of_sum(view: GraphView, node: Node) -> list[Bound]:
    """MEAN, SUM and pools, which add up stored integers, and products of two computed matrices."""
    source, out = view.tensor(node, 0), view.out(node)
    if source is None or out is None or source.type not in QUANTIZED or not source.quantization:
        return []
    inputs = lo, hi = interval(view, source)
    bits = 32
    if node.op in ("MEAN", "SUM"):
        axes = view.value(view.tensor(node, 1))
        if axes is None or not source.shape:
            return []
        count = int(np.prod([source.shape[int(axis) % len(source.shape)] for axis in np.unique(axes)]))
        # LiteRT's reference kernel of SUM reads unsigned bytes.
        lo, hi = (min(lo, 0), max(hi, 255)) if node.op == "SUM" else (lo, hi)
        lo, hi = count * min(lo, lo - zero_point_of(source)), count * max(hi, hi - zero_point_of(source))
    elif node.op == "AVERAGE_POOL_2D":
        count = int(node.options["filter_height"]) * int(node.options["filter_width"])
        lo, hi = count * min(lo, 0), count * max(hi, 0)
    elif node.op == "BATCH_MATMUL":
        other = view.tensor(node, 1)
        if other is None or other.type not in QUANTIZED or len(source.shape) < 2:
            return []
        depth = source.shape[-2 if node.options.get("adj_x") else -1]
        reach = [_reach(view, spec) for spec in (source, other)]
        lo, hi = -depth * reach[0] * reach[1], depth * reach[0] * reach[1]
        bits = 64 if source.type is TensorType.INT16 else 32
    else:
        return []
    least, most = INT32 if bits == 32 else WIDE
    fits = least <= lo and hi <= most
    return [Bound(view.graph.index, node.index, node.op, lo, hi, bits, fits, 0, *inputs)]


def _reach(view: GraphView, spec: TensorSpec) -> int:
    lo, hi = interval(view, spec)
    return max(abs(lo - zero_point_of(spec)), abs(hi - zero_point_of(spec)))


def summary(found: list[Bound]) -> Mapping[str, Any]:
    """How many are proven, and the most that one needs."""
    narrow = [bound for bound in found if bound.bits == 32]
    return {
        "nodes": len(narrow),
        "proven": sum(bound.fits for bound in narrow),
        "most_bits": max((bound.used_bits for bound in narrow), default=0),
        "wide": len(found) - len(narrow),
    }
