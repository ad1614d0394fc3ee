"""Channels that say nothing."""

from collections.abc import Iterator

import numpy as np

from intengine.linting._bounds import channel_intervals
from intengine.linting._records import Finding, Severity
from intengine.linting._registry import Rule, rule
from intengine.linting._view import GraphView, Layer, scale_of, some, zero_point_of
from intengine.quantization import activation_range

#: How far two roundings may be from the exact result, beyond half a step; and a multiplier cut to 15 bits, relatively.
_ROUNDING, _CUT = 0.26, 2.0**-15


@rule("Q301", Severity.INFO)
def dead_channels(view: GraphView, rule: Rule) -> Iterator[Finding]:
    """Every output channel has a weight that is not 0.

    A channel of zeros gives its bias for every input. It may have died in training, or its weights may be too small for
    the scale that it shares with others (scales per channel keep those). Dead channels can be cut out of the network.
    """
    for layer in view.layers:
        dead = _dead(layer)
        if dead.size:
            yield view.found(
                rule, f"{dead.size} of {layer.channels} output channels have no weight but 0: {some(dead.tolist())}.",
                layer.node, layer.weights, channels=dead.tolist(),
                severity=Severity.WARNING if dead.size == layer.channels else None,
            )  # fmt: skip


def _dead(layer: Layer) -> np.ndarray:
    return np.flatnonzero(~layer.rows.any(axis=1)) if layer.rows.size else np.zeros(0, np.int64)


@rule("Q302", Severity.INFO)
def constant_channels(view: GraphView, rule: Rule) -> Iterator[Finding]:
    """Every output channel can take more than one value.

    From the weights, the bias and the range of the input follows the range of each channel's output. These channels
    have weights, and still give one integer whatever the input: their sums are too small for the output's scale, or
    lie behind the clamp as a whole (as when a bias is far below a ReLU).
    """
    for layer in view.layers:
        real, scale = layer.multipliers, scale_of(layer.out)
        lows, highs = channel_intervals(view, layer) if layer.is_integer else (np.zeros(0), np.zeros(0))
        if not real.size or not lows.size or scale is None or scale <= 0 or not np.isfinite(real).all():
            continue
        ends = np.sort(np.stack([lows * real, highs * real]) + zero_point_of(layer.out), axis=0)
        activation = int(layer.node.options.get("fused_activation_function", 0))
        lo, hi = activation_range(activation, layer.out.type, np.float32(scale), zero_point_of(layer.out))
        margin = _ROUNDING + np.abs(ends) * _CUT
        outs = np.clip(np.rint(ends + np.array([[-1.0], [1.0]]) * margin), lo, hi)
        constant = np.setdiff1d(np.flatnonzero(outs[0] == outs[1]), _dead(layer))
        if constant.size:
            yield view.found(
                rule, f"{constant.size} of {layer.channels} output channels are constant for every input: "
                f"{some(constant.tolist())}.", layer.node, layer.out, channels=constant.tolist(),
                severity=Severity.WARNING if 2 * constant.size >= layer.channels else None,
            )  # fmt: skip
