"""Weights: their range, their axis of scales."""

from collections.abc import Iterator

import numpy as np

from intengine.linting._records import Finding, Severity
from intengine.linting._registry import Rule, rule
from intengine.linting._view import GraphView
from intengine.model import TensorType


@rule("Q111", Severity.WARNING)
def weight_range(view: GraphView, rule: Rule) -> Iterator[Finding]:
    """int8 weights lie in -127..127.

    The specification leaves -128 out, so that weights can be negated and products of two fit 16 bits with their sum.
    Kernels that rely on it are wrong for -128: x86 builds of LiteRT multiply it wrongly in hybrid layers, and 16-bit
    sums of sparse layers wrap.
    """
    for layer in view.layers:
        if layer.weights.type is not TensorType.INT8 or layer.values is None:
            continue
        count = int((layer.values == -128).sum())
        if count:
            message = f"{count} of {layer.values.size} weights are -128; the specification ends at -127."
            yield view.found(rule, message, layer.node, layer.weights, count=count)


@rule("Q112", Severity.ERROR)
def scale_axis(view: GraphView, rule: Rule) -> Iterator[Finding]:
    """Scales per channel run along the output channels.

    Axis 0 of CONV_2D, FULLY_CONNECTED and TRANSPOSE_CONV, axis 3 of DEPTHWISE_CONV_2D, a scale for each. Runtimes take
    them along that axis whatever the file says, refuse the model, or read beyond their end.
    """
    for layer in view.layers:
        scheme = layer.weights.quantization
        if scheme.scale.size <= 1:
            continue
        if scheme.scale.size != layer.channels:
            message = (
                f"{layer.channels} output channels need 1 or {layer.channels} scales; there are {scheme.scale.size}."
            )
        elif scheme.axis != layer.axis:
            message = f"Scales of {layer.node.op} run along axis {layer.axis}; these run along axis {scheme.axis}."
        elif scheme.zero_point.size not in (0, 1, layer.channels):
            message = f"{layer.channels} scales need as many zero points; there are {scheme.zero_point.size}."
        else:
            continue
        yield view.found(rule, message, layer.node, layer.weights)


@rule("Q113", Severity.ERROR)
def per_channel_activations(view: GraphView, rule: Rule) -> Iterator[Finding]:
    """Activations have one scale for the whole tensor.

    No kernel has a scale for each channel of what it computes.
    """
    for spec in view.graph.tensors:
        computed = spec.index in view.producers or spec.index in view.graph.inputs
        maker = view.producers.get(spec.index)
        unpacks = maker is not None and all(view.graph.tensors[i].is_constant for i in maker.inputs if i >= 0)
        if computed and not unpacks and spec.quantization.scale.size > 1:
            scales = spec.quantization.scale
            if np.unique(scales).size > 1:
                yield view.found(rule, f"An activation has one scale; this has {scales.size}.", maker, spec)
