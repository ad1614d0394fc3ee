"""Scales that cannot be meant."""

from collections.abc import Iterator

import numpy as np

from intengine.linting._records import Finding, Severity
from intengine.linting._registry import Rule, rule
from intengine.linting._view import QUANTIZED, GraphView, scale_of, some
from intengine.model import TensorType

#: Steps of activations below or above which no network works: int8 would span less than 1e-6, or more than 1e6.
_TINY, _HUGE = 1e-8, 1e4
#: Multipliers from here on skip every second output code at least.
_COARSE = 2.0
_NORMAL = float(np.finfo(np.float32).tiny)


@rule("Q201", Severity.ERROR)
def impossible_scales(view: GraphView, rule: Rule) -> Iterator[Finding]:
    """Scales are positive and finite.

    A step of 0, below 0 or without end has no meaning. Converters have written zero and negative scales for channels of
    weights, which runtimes take as they are: the channel is 0, or has its sign turned; there it is a warning, as long
    as there is a scale that makes sense.
    """
    weights = {layer.weights.index for layer in view.layers}
    for spec in view.graph.tensors:
        scales = spec.quantization.scale
        bad = ~(np.isfinite(scales) & (scales > 0))
        if not bad.any() or spec.type is TensorType.INT32:
            continue
        channels = np.flatnonzero(bad).tolist()
        mild = spec.index in weights and scales.size > 1 and np.isfinite(scales).all() and not bad.all()
        where = f" in channels {some(channels)}" if scales.size > 1 else ""
        yield view.found(
            rule, f"A scale is positive and finite; this is {float(scales[bad][0]):g}{where}.", tensor=spec,
            severity=Severity.WARNING if mild else None, channels=channels,
        )  # fmt: skip


@rule("Q202", Severity.WARNING)
def extreme_scales(view: GraphView, rule: Rule) -> Iterator[Finding]:
    """Scales of activations are of a size that networks have.

    A tiny one comes from calibration that saw nothing but zeros: everything else saturates. A huge one comes from a
    single outlier or an overflow: everything else rounds to zero. Calibrate again with data of the task.
    """
    for spec in view.graph.tensors:
        scale = scale_of(spec)
        if spec.is_constant or spec.type not in QUANTIZED or scale is None or not np.isfinite(scale) or scale <= 0:
            continue
        if scale < _TINY or scale > _HUGE:
            kind = "subnormal" if scale < _NORMAL else "tiny" if scale < _TINY else "huge"
            yield view.found(rule, f"The scale {scale:.3g} of this activation is {kind}.", tensor=spec)


@rule("Q203", Severity.WARNING)
def multipliers(view: GraphView, rule: Rule) -> Iterator[Finding]:
    """Requantization multipliers s_in * s_w / s_out lie below 1.

    At 1 or more, one step of the accumulator moves the output by a whole step or more: the output's scale is finer
    than what the sums can tell, and codes are wasted (below 2 that is info). From 256 on, LiteRT's XNNPACK delegate
    refuses the whole model, and from 2**31 on every runtime: errors. Below 2**-32 the multiplier is 0 and the
    channel's output is its zero point.
    """
    for layer in view.layers:
        real = layer.multipliers
        if not real.size or not np.isfinite(real).all():
            continue
        most = float(np.abs(real).max())
        channels = np.flatnonzero(np.abs(real) >= 1).tolist()
        if most >= 2.0**31:
            text = f"A multiplier is below 2**31; channel {int(np.argmax(np.abs(real)))} has {most:.3g}."
            yield view.found(rule, text, layer.node, layer.out, severity=Severity.ERROR, channels=channels)
        elif most >= 256:
            text = f"XNNPACK needs multipliers below 256; channel {int(np.argmax(np.abs(real)))} has {most:.3g}."
            yield view.found(rule, text, layer.node, layer.out, severity=Severity.ERROR, channels=channels)
        elif channels:
            text = f"The output is finer than the sums: multipliers of {len(channels)} channels reach {most:.3g}."
            mild = None if most >= _COARSE else Severity.INFO
            yield view.found(rule, text, layer.node, layer.out, severity=mild, channels=channels)
        zero = np.flatnonzero((np.abs(real) < 2.0**-32) & (layer.rows.any(axis=1) if layer.rows.size else True))
        if zero.size:
            text = f"Multipliers below 2**-32 count as 0: channels {some(zero.tolist())} are constant."
            yield view.found(rule, text, layer.node, layer.out, channels=zero.tolist())
