"""Why a layer's error is larger than it has to be: figures, a name, and what to do.

A cause is looked for where its source has a share of the layer's own error; `CAUSES` lists them all.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from intengine.accuracy.attribution import Energies
from intengine.accuracy.local import SAME_SCALE
from intengine.accuracy.metrics import decibel, real_range
from intengine.accuracy.records import Cause, ErrorStats, Source
from intengine.accuracy.weight_faults import Filter, weight_causes
from intengine.model import TensorSpec
from intengine.quantization import INTEGER_RANGE

#: id -> what it means.
CAUSES = {
    "operator": "The operator itself, in real numbers, computes something other than the float model's.",
    "clipped-range": "The output's range is narrower than the float values, and what is beyond it is cut off.",
    "zero-point": "A range is moved: it cuts off at one end and has room at the other for most of that.",
    "weight-scale": "Some channels' weights are off by a factor, saturate, or use a scale far too coarse.",
    "per-tensor-weights": "One weight scale serves channels of very different size.",
    "weights-differ": "The weights differ by much more than rounding: another training, or damage.",
    "weight-rounding": "The weights' bits do not suffice, whatever the scales.",
    "bias": "The bias differs by more than the rounding of its own scale.",
    "same-scale": "The operator copies integers, but its output states another scale or zero point than its input.",
    "outlier-channel": "One channel of the output sets the range; the others use a small part of it.",
    "unused-range": "The output's range is much wider than the float values.",
    "output-rounding": "The output's bits do not suffice for its range.",
    "mean-shift": "The integer operator's error has a mean, so that it adds up downstream.",
    "dead-channel": "Channels whose quantized weights are all zero, or whose output never changes.",
    "input": "The error comes with the inputs: their rounding or range, which the layers before decide.",
}
ADVICE = {
    "operator": "Check the conversion of this operator: its kind, padding and activation.",
    "clipped-range": "Calibrate this tensor on data that reach its real range.",
    "zero-point": "Recompute scale and zero point from the range of the float values.",
    "weight-scale": "Quantize these channels' weights again.",
    "per-tensor-weights": "Quantize the weights per channel.",
    "weights-differ": "Check that both models come from the same training.",
    "weight-rounding": "Keep this operator's weights in 8 bits or more, or in float.",
    "bias": "Store the bias as round(bias / (input scale x weight scale)) in the accumulator's type.",
    "same-scale": "Give the output the scale and zero point of the input, or put a QUANTIZE between.",
    "outlier-channel": "Scale that channel down and the weights that read it up (equalization), or use int16 here.",
    "unused-range": "Calibrate this tensor without the outliers that set its range.",
    "output-rounding": "Use int16 activations here, or keep this operator in float.",
    "mean-shift": "Correct the bias by the mean error.",
    "dead-channel": "Quantize per channel, or remove the channel.",
    "input": "Look at the layers before.",
}
#: Advice where a better range is not the operator's to choose.
GIVEN_SCALE = "This operator's scale is given (its input's, or fixed): use int16 activations, or keep it in float."
#: Operators whose output scale the specification fixes.
FIXED_SCALE = frozenset({"L2_NORMALIZATION", "LOGISTIC", "LOG_SOFTMAX", "SOFTMAX", "TANH"})
#: Room at one end for so much of what is beyond the other makes a range moved, even if it is too narrow as well.
_MOVED = 0.7
#: Own shares below this are not worth a sentence.
_LEAST = 0.1
#: Greatest value of a channel over the median of the channels' that makes it an outlier.
_OUTLIER = 4.0


@dataclass(frozen=True, eq=False)
class Findings:
    """All that is known of one layer.

    Attributes:
        spec: of the output. op, float_op: operators of both sides. local: its local error.
        source: the only real input of an operator that copies integers, else None.
        energies: of the parts. filter: weights and bias, if it has them.
        knows_weights: whether the float weights are known; if not, "operator" includes them.
        needed: least energy of the output's rounding.
    """

    spec: TensorSpec
    op: str
    float_op: str
    local: ErrorStats
    energies: Energies
    filter: Filter | None
    knows_weights: bool
    source: TensorSpec | None = None


def find_causes(found: Findings) -> tuple[Cause, ...]:
    """Causes that explain at least a tenth of the layer's own error, most important first; at least one."""
    made = sorted(_all(found), key=lambda cause: cause.weight, reverse=True)
    kept = tuple(cause for cause in made if cause.weight >= _LEAST)
    return kept or tuple(made[:1])


def _cause(id: str, text: str, weight: float, **evidence: float | int | str) -> Cause:
    return Cause(id, text, float(min(max(weight, 0.0), 1.0)), evidence, ADVICE[id])


def _all(found: Findings) -> Iterator[Cause]:
    energies = found.energies
    if not energies.error:
        return
    share = energies.own_share
    clipping = share(Source.CLIPPING)
    if clipping >= _LEAST and not clips_by_a_step(found.spec, found.local):
        yield _clipped(found, clipping)
    operator = share(Source.OPERATOR)
    if operator >= _LEAST:
        yield _operator(found, operator)
    if found.filter is not None:
        for id, text, weight, evidence in weight_causes(found.filter, energies, share):
            yield _cause(id, text, weight, **evidence)
    rounding = share(Source.OUTPUT_ROUNDING)
    if clips_by_a_step(found.spec, found.local):
        rounding += clipping
    if rounding >= _LEAST:
        yield _copied(found, rounding) or _rounding(found, rounding)
    yield from _from_inputs(found)


def _clipped(found: Findings, weight: float) -> Cause:
    local = found.local
    lo, hi = real_range(found.spec.quantization, found.spec.type)
    bottom, top = INTEGER_RANGE[found.spec.type]
    width = hi - lo
    over, under = max(local.float_max - hi, 0.0), max(lo - local.float_min, 0.0)
    room = max(local.float_min - lo, 0.0) if over >= under else max(hi - local.float_max, 0.0)
    beyond = max(over, under)
    shares = [(local.clipped_lo, bottom), (local.clipped_hi, top)]
    text = " and ".join(f"{_percent(part)} of values clip at {end}" for part, end in shares if part > 0)
    evidence: dict[str, Any] = {
        "clipped_lo": local.clipped_lo, "clipped_hi": local.clipped_hi, "range_lo": lo, "range_hi": hi,
        "float_min": local.float_min, "float_max": local.float_max,
    }  # fmt: skip
    span = f"the range is {lo:.4g} to {hi:.4g}, the float values reach from {local.float_min:.4g} to"
    span += f" {local.float_max:.4g}"
    if min(over, under) <= 0.1 * beyond and room >= _MOVED * beyond:
        steps = round(min(beyond, room) / (width / (top - bottom)))
        return _cause(
            "zero-point",
            f"{text}: {span}; a zero point {steps} steps {'lower' if over >= under else 'higher'} would fit.",
            weight, **evidence, steps=steps,
        )  # fmt: skip
    return _cause("clipped-range", f"{text}: {span}.", weight, **evidence)


def _percent(share: float) -> str:
    return f"{share:.2%}" if share >= 1e-4 else "less than 0.01%"


def _operator(found: Findings, weight: float) -> Cause:
    names = f"{found.op} against {found.float_op}" if found.float_op not in ("", found.op) else found.op
    if found.knows_weights:
        text = f"In real numbers and on the same inputs, {names} gives other values than the float model"
    else:
        text = f"In real numbers, {names} with the quantized model's constants gives other values than the float side"
    return _cause(
        "operator",
        f"{text}: {weight:.0%} of the error.",
        weight,
        share=weight,
        op=found.op,
        float_op=found.float_op,
        weights_known=int(found.knows_weights),
    )


def _copied(found: Findings, weight: float) -> Cause | None:
    """For an operator that copies integers under another scale: their real values change by that."""
    if found.source is None:
        return None
    before, after = (spec.quantization for spec in (found.source, found.spec))
    zero_points = [int(scheme.zero_point[0]) if scheme.zero_point.size else 0 for scheme in (before, after)]
    ratio = float(after.scale[0]) / float(before.scale[0])
    if zero_points[0] == zero_points[1] and abs(ratio - 1.0) < 1e-3:
        return None
    text = (
        f"{found.op} copies integers, but its output states scale {after.scale[0]:.6g} and zero point {zero_points[1]},"
        f" its input {before.scale[0]:.6g} and {zero_points[0]}."
    )
    return _cause("same-scale", text, weight, ratio=ratio, steps=zero_points[1] - zero_points[0])


def _rounding(found: Findings, weight: float) -> Cause:
    energies, local = found.energies, found.local
    mean = energies.mean(Source.OUTPUT_ROUNDING)
    rms = math.sqrt(energies.square(Source.OUTPUT_ROUNDING) / max(energies.count, 1))
    lsb = f"{local.rmse_lsb:.2f} LSB" if local.rmse_lsb is not None else f"{local.rmse:.3g}"
    if rms and abs(mean) > 0.6 * rms and (local.rmse_lsb or 0.0) > 0.35:
        return _cause(
            "mean-shift", f"The rounding of the output has a mean of {mean:.3g}, {abs(mean) / rms:.0%} of its size.",
            weight, mean=mean, rms=rms,
        )  # fmt: skip
    use = local.range_use
    outlier = _outlier(local)
    if outlier is not None and use is not None:
        channel, ratio, gain = outlier
        return _cause(
            "outlier-channel",
            f"The range is set by one outlier channel ({channel}: {ratio:.0f} times the median); "
            f"without it, rounding would cost {gain:.0f} dB less.",
            weight, channel=channel, ratio=ratio, gain_db=gain,
        )  # fmt: skip
    if use is not None and use < 0.5:
        gain = 2 * float(decibel(1.0, max(use, 1e-6)))
        cause = _cause(
            "unused-range",
            f"The float values use {use:.1%} of the range; one that fits would give {gain:+.0f} dB.",
            weight, range_use=use, gain_db=gain,
        )  # fmt: skip
        return replace(cause, advice=GIVEN_SCALE) if found.op in SAME_SCALE | FIXED_SCALE else cause
    return _cause("output-rounding", f"Rounding the output costs {lsb} (0.29 is the least).", weight, rmse=local.rmse)


def _outlier(local: ErrorStats) -> tuple[int, float, float] | None:
    """(channel, its greatest value over the median of the channels', dB that the range would gain without it)."""
    channels = local.channels
    if channels is None or channels.float_max.size < 4:
        return None
    sizes = np.maximum(np.abs(channels.float_max), np.abs(channels.float_min))
    sizes = sizes[np.isfinite(sizes)]
    median = float(np.median(sizes)) if sizes.size else 0.0
    if median <= 0.0:
        return None
    order = np.argsort(sizes)
    first, second = float(sizes[order[-1]]), float(sizes[order[-2]])
    if first < _OUTLIER * median or first < 1.5 * second:
        return None
    return int(order[-1]), first / median, 2 * float(decibel(first, second))


def _from_inputs(found: Findings) -> Iterator[Cause]:
    energies = found.energies
    part = energies.share(Source.INPUT_RANGE) + energies.share(Source.INPUT_ROUNDING)
    own = energies.own / energies.error
    if part > 0.5 and part > own:
        cut = energies.share(Source.INPUT_RANGE)
        text = f"{part:.0%} of the local error comes with the inputs"
        text += f", {cut:.0%} of it because of their range." if cut > _LEAST else ": they are rounded."
        # Below every own cause of weight, since it is another layer's.
        yield _cause("input", text, min(_LEAST, 1.0), share=part, clipping=cut)


def rounding_energy(spec: TensorSpec, op: str, local: ErrorStats, actual: float, count: int) -> float:
    """Energy that rounding the output has to have: with a range that is just wide enough, or less where it has less.

    Operators whose scale is given have to have that of their own scale.
    """
    if spec.quantization.scale.size != 1 or spec.type not in INTEGER_RANGE:
        return actual
    lo, hi = INTEGER_RANGE[spec.type]
    width = max(local.float_max, 0.0) - min(local.float_min, 0.0)
    step = float(spec.quantization.scale[0]) if op in SAME_SCALE | FIXED_SCALE else width / (hi - lo)
    return min(actual, count * step * step / 12.0)


def clips_by_a_step(spec: TensorSpec, local: ErrorStats) -> bool:
    """Whether no float value is beyond the range by more than a step, as a SOFTMAX's 1 is beyond 255/256."""
    lo, hi = real_range(spec.quantization, spec.type)
    if math.isinf(lo):
        return True
    step = 1.01 * float(spec.quantization.scale[0])
    return local.float_max <= hi + step and local.float_min >= lo - step
