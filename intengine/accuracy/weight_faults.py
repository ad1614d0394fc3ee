"""What is wrong with weights and biases, given the float ones."""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from intengine.accuracy.attribution import Energies
from intengine.accuracy.metrics import decibel
from intengine.accuracy.records import Source

Found = tuple[str, str, float, dict[str, Any]]


@dataclass(frozen=True, eq=False)
class Filter:
    """Weights of a layer by output channel.

    Attributes:
        real: float64[C, K], the float model's. used: float64[C, K], the quantized ones, dequantized.
        scale: float64[C], of the quantized ones. levels: greatest integer of their type, 127 for int8.
        bias, used_bias: float64[C], or None without a bias.
        bias_scale: float64[C].
    """

    real: NDArray[np.float64]
    used: NDArray[np.float64]
    scale: NDArray[np.float64]
    levels: int
    bias: NDArray[np.float64] | None = None
    used_bias: NDArray[np.float64] | None = None
    bias_scale: NDArray[np.float64] | None = None

    @property
    def error(self) -> NDArray[np.float64]:
        """float64[C], energy of the weights' error."""
        return ((self.used - self.real) ** 2).sum(axis=1)

    @property
    def ideal_scale(self) -> NDArray[np.float64]:
        """float64[C], the finest scale that holds each channel."""
        return np.abs(self.real).max(axis=1) / self.levels

    def needed(self, energy: NDArray[np.float64]) -> NDArray[np.float64]:
        """float64[C], what remains of the outputs' error energy with weights rounded at each channel's ideal scale."""
        least = self.real.shape[1] * self.ideal_scale**2 / 12.0
        with np.errstate(divide="ignore", invalid="ignore"):
            ratio = np.where(self.error > 0, least / self.error, 1.0)
        return energy * np.minimum(ratio, 1.0)

    def needed_bias(self, energy: NDArray[np.float64]) -> NDArray[np.float64]:
        """float64[C], what remains of the outputs' error energy with a rounded bias."""
        if self.bias is None or self.used_bias is None or self.bias_scale is None:
            return energy
        off = (self.used_bias - self.bias) ** 2
        with np.errstate(divide="ignore", invalid="ignore"):
            ratio = np.where(off > 0, self.bias_scale**2 / 12.0 / off, 1.0)
        return energy * np.minimum(ratio, 1.0)


def weight_causes(filter: Filter, energies: Energies, share: Callable[[Source], float]) -> Iterator[Found]:
    """(id, text, weight, evidence) of what explains the parts of weights and bias, if these are worth a word."""
    weights, bias = share(Source.WEIGHTS), share(Source.BIAS)
    if weights >= 0.1:
        yield from _weights(filter, _match(energies, Source.WEIGHTS, filter), weights)
    if bias >= 0.1 and filter.bias is not None and filter.used_bias is not None and filter.bias_scale is not None:
        off = np.abs(filter.used_bias - filter.bias)
        with np.errstate(divide="ignore", invalid="ignore"):
            steps = np.where(filter.bias_scale > 0, off / filter.bias_scale, 0.0)
        worst = int(np.argmax(off))
        wrong = int(np.count_nonzero(steps > 1.0))
        text = f"The bias is off by up to {off[worst]:.3g} (channel {worst}, {steps[worst]:.0f} steps of its scale)"
        yield (
            "bias",
            f"{text}, by more than one step in {wrong} of {off.size} channels.",
            bias,
            {"channel": worst, "steps": float(steps[worst]), "channels": wrong},
        )


def _match(energies: Energies, source: Source, filter: Filter) -> NDArray[np.float64]:
    """float64[C], output energy by filter row; by the weights' own error where the output has other channels."""
    found = energies.by_channel(source)
    return found if found.size == filter.real.shape[0] else filter.error


def _weights(filter: Filter, energy: NDArray[np.float64], share: float) -> Iterator[Found]:
    total = float(energy.sum()) or 1.0
    lengths = (filter.real**2).sum(axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        slope = np.where(lengths > 0, (filter.real * filter.used).sum(axis=1) / lengths, 1.0)
        integers = np.where(filter.scale[:, None] > 0, filter.used / filter.scale[:, None], 0.0)
        coarse = np.where(filter.ideal_scale > 0, filter.scale / filter.ideal_scale, 1.0)
    rest = ((filter.used - slope[:, None] * filter.real) ** 2).sum(axis=1)
    step = filter.real.shape[1] * filter.scale**2 / 12.0
    moved = (filter.used - filter.real).mean(axis=1)
    gain = float(decibel(total, max(float(filter.needed(energy).sum()), 1e-300)))
    same_scale = bool(np.ptp(filter.scale) <= 1e-6 * float(filter.scale.max(initial=0.0)))
    factor = (np.abs(slope - 1.0) > 0.02) & (rest <= 0.3 * filter.error) & (np.abs(integers).max(axis=1) >= 8)
    shifted = np.abs(moved) > 0.75 * filter.scale
    if same_scale and filter.scale.size > 1 and bool(shifted.all()):
        left = (((filter.used - filter.real) - moved[:, None]) ** 2).sum()
        if left < 0.3 * filter.error.sum():
            steps = float(np.median(moved / filter.scale))
            text = f"All weights are off by about {steps:.1f} steps of their scale: a wrong zero point."
            yield "zero-point", text, share, {"steps": steps, "tensor": "weights"}
            return
    saturated = (np.abs(integers) >= filter.levels - 0.5).mean(axis=1) > 0.05
    saturated &= filter.error > 4 * step
    too_coarse = (coarse > 2.0) & ~np.bool_(same_scale)
    bad = factor | saturated | too_coarse
    part = float(energy[bad].sum()) / total
    if part > 0.5:
        worst = int(np.argmax(np.where(bad, energy, -1.0)))
        if factor[worst]:
            what = f"is {slope[worst]:.3g} times the float model's"
        elif saturated[worst]:
            what = "saturates: its scale is too small"
        else:
            what = f"has a scale {coarse[worst]:.1f} times as coarse as it needs"
        text = f"Channel {worst} of the weights {what}; {int(bad.sum())} of {bad.size} channels are like this."
        evidence: dict[str, Any] = {
            "channel": worst, "slope": float(slope[worst]), "coarse": float(coarse[worst]), "channels": int(bad.sum()),
        }  # fmt: skip
        yield "weight-scale", text, share * part, evidence
        return
    dead = (np.abs(integers).max(axis=1) < 0.5) & (lengths > 0)
    if float(energy[dead].sum()) > 0.5 * total:
        text = f"The weights of {int(dead.sum())} of {dead.size} channels are all rounded to zero."
        yield "dead-channel", text, share * float(energy[dead].sum()) / total, {"channels": int(dead.sum())}
    if float(filter.error.sum()) > 4 * float(step.sum()):
        ratio = math.sqrt(float(filter.error.sum()) / max(float(step.sum()), 1e-300))
        text = f"The weights differ from the float model's by {ratio:.1f} times what rounding explains."
        yield "weights-differ", text, share, {"ratio": ratio}
        return
    if same_scale and filter.scale.size > 1 and gain >= 3.0:
        finest = float(np.min(filter.ideal_scale[filter.ideal_scale > 0], initial=math.inf))
        spread = float(filter.ideal_scale.max()) / finest if math.isfinite(finest) else 1.0
        text = f"Per-channel weights would give {gain:+.0f} dB: channels differ by a factor of {spread:.0f} in size."
        yield "per-tensor-weights", text, share, {"gain_db": gain, "spread": spread}
        return
    text = f"Rounding the weights makes {share:.0%} of the layer's own error."
    yield "weight-rounding", text, share, {"share": share}
