"""Ranges that are wasted."""

from collections.abc import Iterator

import numpy as np

from intengine.linting._records import Finding, Severity
from intengine.linting._registry import Rule, rule
from intengine.linting._view import EIGHT_BIT, GraphView, Layer, scale_of, some, zero_point_of
from intengine.model import TensorType
from intengine.quantization import INTEGER_RANGE, activation_range

#: Least share of the codes that weights with a scale of their own reach, and that a clamped output has.
_WEIGHTS, _OUTPUT = 0.5, 0.5
#: How many times the median of the channels' reach an outlier has.
_OUTLIER = 8.0


def _reach(layer: Layer) -> np.ndarray:
    """float64[channels], the greatest magnitude of a weight; 0 for dead channels."""
    return np.abs(layer.rows).max(axis=1).astype(np.float64) if layer.rows.size else np.zeros(0)


def _most(layer: Layer) -> float:
    """The greatest magnitude that the type holds about its zero point."""
    lo, hi = INTEGER_RANGE[layer.weights.type]
    if layer.weights.type is TensorType.UINT8:
        point = zero_point_of(layer.weights)
        return float(max(hi - point, point - lo))
    return float(hi)


@rule("Q311", Severity.WARNING)
def unused_weight_codes(view: GraphView, rule: Rule) -> Iterator[Finding]:
    """Weights use the codes that their scale gives them.

    The scale of weights is that of their greatest magnitude, so that each scale has a weight near the end of its type.
    Weights that stay below half of it have lost a bit or more, as if they were int7. Quantize them again from the real
    weights.
    """
    for layer in view.layers:
        if layer.weights.type not in INTEGER_RANGE or not layer.rows.size or not layer.weights.quantization:
            continue
        reach, most = _reach(layer), _most(layer)
        groups = reach if layer.weights.quantization.per_channel else reach.max(keepdims=True)
        # One weight alone, as of a depthwise 1x1, may be anything; channels that are all zero are another rule's.
        low = np.flatnonzero((groups > 0) & (groups < _WEIGHTS * most))
        if low.size:
            least = float(groups[low].min())
            what = f"{low.size} of {groups.size} channels" if groups.size > 1 else "The weights"
            where = f" (channels {some(low.tolist())})" if groups.size > 1 else ""
            yield view.found(
                rule, f"{what} stay within {least:g} of {most:g}, {np.log2(most / least):.1f} bits less{where}.",
                layer.node, layer.weights, channels=low.tolist(), least=least,
            )  # fmt: skip


@rule("Q312", Severity.WARNING)
def outlier_channels(view: GraphView, rule: Rule) -> Iterator[Finding]:
    """One scale for all weights is not set by a few outlier channels.

    With one scale, the channel of the greatest weights sets the step of all. Where it is 8 times the median channel or
    more, that one has 3 bits less to tell its weights apart. Scales per channel (int8) mend it, and so does equalizing
    the channels with the layer before.
    """
    for layer in view.layers:
        if layer.weights.quantization.scale.size != 1 or layer.weights.type not in EIGHT_BIT or layer.channels < 4:
            continue
        reach = _reach(layer)
        alive = reach[reach > 0]
        if alive.size < 4:
            continue
        ratio = float(alive.max() / np.median(alive))
        if ratio >= _OUTLIER:
            worst = int(np.argmax(reach))
            yield view.found(
                rule, f"Channel {worst} sets the scale, {ratio:.1f} times the median channel, which has "
                f"{np.log2(ratio):.1f} bits less.", layer.node, layer.weights, worst=worst, ratio=ratio,
            )  # fmt: skip


@rule("Q313", Severity.WARNING)
def unused_output_codes(view: GraphView, rule: Rule) -> Iterator[Finding]:
    """A fused activation leaves an output most of its codes.

    After a ReLU no value is below real 0, after a ReLU6 none is above 6: an output whose scale covers much more wastes
    its codes. Calibration of a ReLU's output gives a zero point at the end of the type; the range that was measured may
    be that before the activation.
    """
    for node in view.graph.nodes:
        out = view.out(node)
        activation = int(node.options.get("fused_activation_function", 0)) if node.options else 0
        if out is None or out.type not in EIGHT_BIT or activation not in (1, 2, 3):
            continue
        scale = scale_of(out)
        if scale is None or not np.isfinite(scale) or scale <= 0:
            continue
        if not -(2**30) < 6 / scale < 2**30:
            continue
        lo, hi = activation_range(activation, out.type, np.float32(scale), zero_point_of(out))
        least, most = INTEGER_RANGE[out.type]
        share = max(hi - lo + 1, 0) / (most - least + 1)
        if share < _OUTPUT:
            yield view.found(
                rule, f"The activation leaves {max(hi - lo + 1, 0)} of {most - least + 1} codes ({lo}..{hi}).",
                node, out, share=share,
            )  # fmt: skip
