"""What to do about an operator that costs accuracy: another range, per-channel weights, int16 activations, float32."""

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from intengine.accuracy._kinds import MATRIX, real_tensors
from intengine.accuracy.causes import GIVEN_SCALE
from intengine.accuracy.dataset import as_input
from intengine.accuracy.experiment import Experiment
from intengine.accuracy.records import Cause, Comparison
from intengine.constants import unpack
from intengine.interpreter import Interpreter
from intengine.model import Node, TensorSpec, TensorType
from intengine.quantization import INTEGER_RANGE, dequantize

#: A source of noise is to blame if it has this share of the power; a remedy helps if it leaves less than this.
_MOST, _LEFT = 0.5, 0.25
_SAMPLES = 8
_WIDE = frozenset({"int16", "int32"})
#: Cause that a comparison found -> remedy; others are left to the noise.
_REMEDIES = {
    "bias": "bias",
    "clipped-range": "range",
    "dead-channel": "per-channel",
    "mean-shift": "bias",
    "operator": "convert",
    "outlier-channel": "int16x8",
    "output-rounding": "int16x8",
    "per-tensor-weights": "per-channel",
    "same-scale": "range",
    "unused-range": "range",
    "weight-rounding": "float",
    "weight-scale": "weights",
    "weights-differ": "weights",
    "zero-point": "range",
}


@dataclass(frozen=True)
class Suggestion:
    """One operator, and what would make it better.

    Attributes:
        remedy: "range" (calibrate the output again), "per-channel", "weights" and "bias" (quantize them again),
            "convert" (the operator is another), "int16x8" or "float".
        reason: with the figures.
        noise: source ("weights", "input", "output") -> noise power over signal power that it adds by itself.
        causes: ids of what a comparison found, the most important first; empty without one.
    """

    node: int
    op: str
    name: str
    remedy: str
    reason: str
    noise: dict[str, float] = field(default_factory=dict)
    causes: tuple[str, ...] = ()


def suggest(
    experiment: Experiment, nodes: Collection[int], comparison: Comparison | None = None
) -> tuple[Suggestion, ...]:
    """A remedy for each node: against the first cause that a comparison found, or from the noise that it adds.

    Noise decides where there is no comparison, or where the comparison found no cause of the node's own: that of its
    weights, inputs and output.

    An activation's noise is that of quantizing the float32 values of some samples with the tensor's scale and zero
    point. Weights are compared with the float model's; without one, rounding to their scales is assumed to be even
    (scale**2 / 12). The source with most of the noise decides:

    - an output that mostly loses by values outside its range: "range", calibrate it again;
    - weights with one scale, where scales for each channel leave less than a quarter: "per-channel";
    - other weights: "float";
    - inputs or output of 8 bits: "int16x8"; of 16 bits: "float".
    """
    values = _activations(experiment)
    found = {layer.node: layer.causes for layer in comparison.layers} if comparison is not None else {}
    made = (_one(experiment, experiment.graph.nodes[node], values) for node in sorted(nodes))
    return tuple(_caused(experiment, one, found.get(one.node, ())) for one in made)


def _caused(experiment: Experiment, made: Suggestion, causes: Sequence[Cause]) -> Suggestion:
    """The suggestion with the remedy against the first cause, if that is the node's own."""
    made = replace(made, causes=tuple(cause.id for cause in causes))
    if not causes or causes[0].id not in _REMEDIES:
        return made
    remedy, advice = _REMEDIES[causes[0].id], causes[0].advice
    if advice == GIVEN_SCALE:
        remedy = "int16x8"
    if remedy == "int16x8" and _is_wide(experiment, experiment.graph.nodes[made.node]):
        remedy, advice = "float", "Its activations have 16 bits already: keep it in float."
    return replace(made, remedy=remedy, reason=f"{causes[0].text} {advice}")


def _is_wide(experiment: Experiment, node: Node) -> bool:
    """Whether its activations have 16 bits or more."""
    real = real_tensors(experiment.graph)
    return any(str(experiment.graph.tensors[i].type.dtype) in _WIDE for i in (*node.inputs, *node.outputs) if i in real)


def _activations(experiment: Experiment) -> dict[int, NDArray[np.float64]]:
    """Tensor -> float32 values of some samples, flat."""
    whole = experiment.floatized(experiment.candidates)
    engine = Interpreter(whole.model, profile=experiment.profile)
    here = Interpreter(experiment.model).inputs.values()
    found: dict[int, list[NDArray[np.float64]]] = {}
    for sample in experiment.data.samples[:_SAMPLES]:
        pairs = zip(here, engine.inputs.items(), strict=True)
        trace = engine.trace({name: as_input(sample, ours, spec) for ours, (name, spec) in pairs})
        for tensor, twin in whole.float_of.items():
            if twin in trace.tensors:
                found.setdefault(tensor, []).append(np.asarray(trace[twin], np.float64).reshape(-1))
    return {tensor: np.concatenate(parts) for tensor, parts in found.items()}


def _one(experiment: Experiment, node: Node, values: dict[int, NDArray[np.float64]]) -> Suggestion:
    graph = experiment.graph
    real = real_tensors(graph)
    inputs = [graph.tensors[i] for i in node.inputs if i in real and i in values]
    outputs = [graph.tensors[i] for i in node.outputs if i in real and i in values]
    noise = {"input": sum(sum(_split(spec, values[spec.index])) for spec in inputs)}
    rounding = clipping = 0.0
    for spec in outputs:
        rounding, clipping = _split(spec, values[spec.index])
    noise["output"] = rounding + clipping
    per_channel = math.inf
    scheme = None
    if node.op in MATRIX:
        spec = graph.tensors[node.inputs[MATRIX[node.op][1]]]
        if spec.raw is not None and spec.quantization:
            noise["weights"], per_channel = _weights(experiment, node, spec)
            scheme = spec.quantization
    total = sum(noise.values())
    shares = ", ".join(f"{source} {power / total:.0%}" for source, power in noise.items()) if total else "none"
    about = f"noise by source: {shares}"
    name = experiment.name(node.index)

    def told(remedy: str, why: str) -> Suggestion:
        return Suggestion(node.index, node.op, name, remedy, f"{why}; {about}.", noise)

    if clipping > _MOST * total:
        return told("range", "values beyond the output's range are cut off, so calibrate it again")
    if noise.get("weights", 0.0) > _MOST * total and scheme is not None:
        before = noise["weights"]
        if not scheme.per_channel and per_channel < _LEFT * before:
            gain = 10 * math.log10(before / per_channel) if per_channel else math.inf
            return told("per-channel", f"one scale for all weights; a scale for each channel would give {gain:+.1f} dB")
        return told("float", "its weights need more bits than they have")
    if _is_wide(experiment, node):
        return told("float", "its activations have 16 bits already")
    return told("int16x8", "rounding of 8-bit activations dominates")


def _split(spec: TensorSpec, values: NDArray[np.float64]) -> tuple[float, float]:
    """(rounding, clipping): noise power over signal power of values in a tensor's integers."""
    scale = float(spec.quantization.scale[0])
    zero_point = int(spec.quantization.zero_point[0]) if spec.quantization.zero_point.size else 0
    lo, hi = (scale * (end - zero_point) for end in INTEGER_RANGE[spec.type])
    power = float(np.mean(values * values)) or 1.0
    cut = values - np.clip(values, lo, hi)
    steps = np.clip(values, lo, hi) / scale
    rounding = scale * (steps - np.rint(steps))
    return float(np.mean(rounding * rounding)) / power, float(np.mean(cut * cut)) / power


def _weights(experiment: Experiment, node: Node, spec: TensorSpec) -> tuple[float, float]:
    """Noise power over signal power of the weights as they are, and with a scale for each channel.

    Both are means over the channels, so that small channels count as much as great ones.
    """
    stored = dequantize(unpack(spec), spec.quantization).astype(np.float64)
    twin = experiment.twins.get(node.index)
    exact = twin.constants.get(MATRIX[node.op][1]) if twin is not None else None
    axis = stored.ndim - 1 if node.op == "DEPTHWISE_CONV_2D" else 0
    wanted = _by_channel(stored if exact is None else exact.astype(np.float64).reshape(stored.shape), axis)
    power = np.mean(wanted * wanted, axis=1)
    live = power > 0
    if not live.any():
        return 0.0, 0.0
    if exact is None:
        scales = np.broadcast_to(spec.quantization.scale.astype(np.float64), (wanted.shape[0],))
        now = scales**2 / 12
    else:
        now = np.mean((_by_channel(stored, axis) - wanted) ** 2, axis=1)
    best = np.abs(wanted).max(axis=1) / (7 if spec.type is TensorType.INT4 else 127)
    return float(np.mean(now[live] / power[live])), float(np.mean((best**2 / 12)[live] / power[live]))


def _by_channel(weights: NDArray[Any], axis: int) -> NDArray[Any]:
    moved = np.moveaxis(weights, axis, 0)
    return moved.reshape(moved.shape[0], -1)
