"""Biases."""

from collections.abc import Iterator

import numpy as np

from intengine.linting._records import Finding, Severity
from intengine.linting._registry import Rule, rule
from intengine.linting._view import GraphView, scale_of

#: Relative difference of scales that float32 rounding does not explain.
_TOLERANCE = 1e-5
#: Steps of the output that a bias may be off before it is worth a word, and the share that LiteRT refuses.
_STEPS, _REFUSED = 0.5, 0.02


@rule("Q121", Severity.WARNING)
def bias_scale(view: GraphView, rule: Rule) -> Iterator[Finding]:
    """The scale of a bias is that of the input times that of the weights.

    Kernels add the bias to the accumulator as it is; whatever scale the file gives it, it counts as s_in * s_w. What is
    found shifts the outputs by more than half a step. LiteRT refuses layers with one scale for all weights where the
    difference is more than 0.02 of the output's scale; that is an error.
    """
    for layer in view.layers:
        bias, source, out = layer.bias, scale_of(layer.source), scale_of(layer.out)
        if not layer.is_integer or bias is None or layer.bias_values is None or source is None or not out:
            continue
        scales = bias.quantization.scale.astype(np.float64)
        if not layer.scales.size or scales.size not in (1, layer.channels) or layer.bias_values.size != layer.channels:
            continue
        wanted = source * layer.scales
        difference = scales - wanted
        with np.errstate(divide="ignore", invalid="ignore"):
            relative = np.abs(difference / wanted)
        shift = np.abs(layer.bias_values.reshape(-1).astype(np.float64) * difference) / out
        refused = layer.weights.quantization.scale.size == 1 and np.abs(difference).max() / out > _REFUSED
        wrong = (relative > _TOLERANCE) & (shift > _STEPS)
        if refused or wrong.any():
            at = int(np.argmax(np.where(wrong, shift, -1) if wrong.any() else np.abs(difference)))
            yield view.found(
                rule,
                f"A bias needs the scale {wanted[at]:.6g} (input times weights); channel {at} has "
                f"{scales[at % scales.size]:.6g}, which shifts outputs by {shift[at]:.3g} steps.",
                layer.node, bias, severity=Severity.ERROR if refused else None,
                channels=np.flatnonzero(wrong).tolist(), worst=at, shift=float(shift[at]),
            )  # fmt: skip


@rule("Q122", Severity.ERROR)
def bias_zero_point(view: GraphView, rule: Rule) -> Iterator[Finding]:
    """Biases have zero point 0.

    Kernels add a bias as it is stored.
    """
    for layer in view.layers:
        bias = layer.bias
        if bias is not None and layer.is_integer and bias.quantization.zero_point.any():
            points = bias.quantization.zero_point
            yield view.found(
                rule, f"A bias needs zero point 0; it has {int(points[points != 0][0])}.", layer.node, bias
            )


@rule("Q123", Severity.ERROR)
def bias_size(view: GraphView, rule: Rule) -> Iterator[Finding]:
    """A bias has one element for each output channel, int32 after 8-bit activations, int32 or int64 after int16.

    Runtimes read as many as there are channels, in the width that they expect.
    """
    for layer in view.layers:
        bias = layer.bias
        if bias is None or not layer.is_integer:
            continue
        allowed = ("INT32", "INT64") if layer.source.type.name == "INT16" else ("INT32",)
        if bias.type.name not in allowed:
            wanted = " or ".join(allowed).lower()
            yield view.found(rule, f"A bias here is {wanted}; this is {bias.type.name.lower()}.", layer.node, bias)
        elif int(np.prod(bias.shape)) != layer.channels:
            found = int(np.prod(bias.shape))
            yield view.found(
                rule, f"{layer.channels} channels need as many biases; there are {found}.", layer.node, bias
            )
