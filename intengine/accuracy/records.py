"""What a comparison of a float and a quantized model found, as immutable records.

Errors are quantized minus float, in real numbers. A ratio that has no figure is NaN; the SQNR of no error at all is
infinite. `Comparison.to_json` writes all of it; docs/accuracy.md says what each figure means.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from html import escape
from typing import Any

import numpy as np
from numpy.typing import NDArray

from intengine.plain import plain

#: Name and version of what `to_json` writes; the version changes when a field changes its name or meaning.
SCHEMA = "intengine.accuracy.comparison/1"


class Source(StrEnum):
    """What a part of a layer's local error comes from, in the order in which they are switched on."""

    CLIPPING = "output clipping"
    OPERATOR = "operator"
    WEIGHTS = "weights"
    BIAS = "bias"
    INPUT_RANGE = "input range"
    INPUT_ROUNDING = "input rounding"
    OUTPUT_ROUNDING = "output rounding"


#: Sources that are a layer's own; the others come with its inputs, whose producers answer for them.
OWN_SOURCES = (Source.CLIPPING, Source.OPERATOR, Source.WEIGHTS, Source.BIAS, Source.OUTPUT_ROUNDING)


@dataclass(frozen=True, eq=False)
class ChannelErrors:
    """One entry for each index of the last axis, over all samples.

    Attributes:
        sqnr_db, rmse, bias, max_abs, clipped: float64[C], as in `ErrorStats`.
        float_min, float_max: float64[C], of the float side.
    """

    sqnr_db: NDArray[np.float64]
    rmse: NDArray[np.float64]
    bias: NDArray[np.float64]
    max_abs: NDArray[np.float64]
    clipped: NDArray[np.float64]
    float_min: NDArray[np.float64]
    float_max: NDArray[np.float64]


@dataclass(frozen=True)
class SampleError:
    """One sample's error in one tensor; `sample` counts from 0 in the order of the data."""

    sample: int
    sqnr_db: float
    rmse: float
    max_abs: float


@dataclass(frozen=True, eq=False)
class ErrorStats:
    """The error of one tensor over all samples.

    Attributes:
        samples, elements: how many were compared; elements of all samples together.
        sqnr_db: 10 log10(sum float**2 / sum error**2).
        cosine: of float and quantized values as vectors.
        rmse: root of the mean squared error, in real numbers.
        rmse_lsb: rmse / scale; 0.289 is perfect rounding. None where the tensor has no single scale.
        max_abs: greatest absolute error. bias: mean error, signed.
        float_rms, float_min, float_max: of the float side.
        clipped_lo, clipped_hi: share of float values that lie beyond the lower and upper end of the quantized
            tensor's range by more than half an LSB; 0 where it is not quantized.
        range_use: (float_max - float_min) / (width of the quantized range); None where it is not quantized.
        nonfinite: elements where a side is NaN or infinite; they are left out of all figures.
        channels: per index of the last axis; None for tensors of rank 0 or 1.
        worst: the samples with the lowest SQNR, lowest first.
        spatial: float64[H, W], mean squared error over samples and channels of a tensor [N, H, W, C]; larger ones are
            summed up in bins, so that it has at most 64 rows and columns. None for other ranks.
    """

    samples: int
    elements: int
    sqnr_db: float
    cosine: float
    rmse: float
    rmse_lsb: float | None
    max_abs: float
    bias: float
    float_rms: float
    float_min: float
    float_max: float
    clipped_lo: float = 0.0
    clipped_hi: float = 0.0
    range_use: float | None = None
    nonfinite: int = 0
    channels: ChannelErrors | None = None
    worst: tuple[SampleError, ...] = ()
    spatial: NDArray[np.float64] | None = None


@dataclass(frozen=True, eq=False)
class Histogram:
    """How often a tensor has values of each size, over all samples; both sides run freely.

    Attributes:
        edges: float64[bins + 1], in real numbers. float_counts, quantized_counts: int64[bins].
        clip_lo, clip_hi: beyond these, values are clipped; None where the tensor has no single scale.
    """

    edges: NDArray[np.float64]
    float_counts: NDArray[np.int64]
    quantized_counts: NDArray[np.int64]
    clip_lo: float | None = None
    clip_hi: float | None = None


@dataclass(frozen=True)
class Part:
    """One source's part e_i of a layer's local error e, where the e_i add up to e.

    Attributes:
        share: <e_i, e> / <e, e>, signed; the shares of a layer add up to 1.
        rmse: of e_i alone. sqnr_db: that the layer would have if e_i were its only error.
    """

    source: Source
    share: float
    rmse: float
    sqnr_db: float


@dataclass(frozen=True)
class Attribution:
    """A layer's local error, split by source.

    Attributes:
        parts: in the order of `Source`; sources that the operator cannot have are left out.
        samples: how many samples it was measured on. sqnr_db: of the local error on them.
        own_sqnr_db: of the error without the parts that come with the inputs.
        excess: energy of the own error beyond what rounding to these types has to cost (an output range that is just
            wide enough, or the one that the operator's specification gives; weights rounded per channel; nothing
            clipped), over the energy of the float values.
        residual: |1 - sum of shares|.
    """

    parts: tuple[Part, ...]
    samples: int
    sqnr_db: float
    own_sqnr_db: float
    excess: float
    residual: float

    def share(self, source: Source) -> float:
        """The share of a source, 0 if it is not there."""
        return next((part.share for part in self.parts if part.source is source), 0.0)


@dataclass(frozen=True)
class Cause:
    """What makes a layer's error larger than it has to be.

    Attributes:
        id: one of `causes.CAUSES`; docs/accuracy.md explains each.
        text: one or two sentences with the figures.
        weight: how much of the layer's own error it explains, about 0 to 1; causes are sorted by it.
        evidence: the figures by name.
        advice: what to do about it.
    """

    id: str
    text: str
    weight: float
    evidence: Mapping[str, float | int | str] = field(default_factory=dict)
    advice: str = ""


@dataclass(frozen=True, eq=False)
class Layer:
    """One computed tensor of the quantized model against its float twin.

    Attributes:
        node, op: the node that computes it; -1 and "INPUT" for an input of the graph.
        tensor, name, dtype, shape: of the quantized model's tensor.
        scale, zero_point: its quantization; None where it has no single one.
        float_tensor, float_name, float_op: of the twin; the tensor is -1 for an array of activations.
        evidence: why the two belong together: "names", "structure", "weights", "same graph", ...
        propagated: error where both sides run freely.
        local: error of the node alone, fed with the float side's values, quantized. None: see `note`.
        local_samples: how many samples `local` was measured on.
        upstream: share of the propagated error that came in with the inputs: 1 - local energy / propagated energy, not
            below 0 (errors can cancel); None without a local error.
        attribution: the local error by source. causes: ranked, most important first.
        note: what is missing and why.
        histogram: of both sides' values; None if there were none.
    """

    node: int
    op: str
    tensor: int
    name: str
    dtype: str
    shape: tuple[int, ...]
    scale: float | None
    zero_point: int | None
    float_tensor: int
    float_name: str
    float_op: str
    evidence: str
    propagated: ErrorStats
    local: ErrorStats | None = None
    local_samples: int = 0
    upstream: float | None = None
    attribution: Attribution | None = None
    causes: tuple[Cause, ...] = ()
    note: str = ""
    histogram: Histogram | None = None

    @property
    def severity(self) -> float:
        """What layers are ranked by: error energy that need not be, over the float values' energy.

        The attribution's `excess`, or the local error's noise-to-signal ratio, or 0 if neither is known.
        """
        if self.attribution is not None:
            return self.attribution.excess
        if self.local is None or np.isnan(self.local.sqnr_db):
            return 0.0
        return float(10.0 ** (-self.local.sqnr_db / 10.0))


@dataclass(frozen=True)
class Unmatched:
    """A compute node of the quantized model that has no float twin, and why."""

    node: int
    op: str
    name: str
    reason: str


@dataclass(frozen=True)
class Match:
    """A tensor of the float model and the tensor of the quantized model that stands for it.

    Attributes:
        evidence: what they were matched by; several with " + " between.
        permutation: axes that bring the float values into the quantized layout; () if they are in it.
        weights_cosine: of float and dequantized weights of the two nodes, each channel scaled to length 1; None where
            they have none.
    """

    float_tensor: int
    float_name: str
    quantized_tensor: int
    quantized_name: str
    evidence: str
    permutation: tuple[int, ...] = ()
    weights_cosine: float | None = None


@dataclass(frozen=True)
class Alignment:
    """Two graphs, tensor by tensor.

    Attributes:
        matches: in the order in which the quantized model computes them.
        compute_nodes: nodes of the quantized model other than QUANTIZE, DEQUANTIZE and those of constants alone.
        matched_nodes: those of them whose (first) output has a twin.
        unmatched: the others.
    """

    matches: tuple[Match, ...]
    compute_nodes: int
    matched_nodes: int
    unmatched: tuple[Unmatched, ...] = ()

    @property
    def coverage(self) -> float:
        """matched_nodes / compute_nodes."""
        return self.matched_nodes / self.compute_nodes if self.compute_nodes else 1.0


@dataclass(frozen=True)
class Agreement:
    """The final answers, for a model whose first output is a row of scores.

    Attributes:
        samples: how many. agreement: share where both sides have the same greatest score.
        float_accuracy, quantized_accuracy: share where it is the label's; None without labels.
    """

    samples: int
    agreement: float
    float_accuracy: float | None = None
    quantized_accuracy: float | None = None


@dataclass(frozen=True, eq=False)
class Comparison:
    """A float side and a quantized model over a set of samples.

    Attributes:
        float_side, quantized: what was compared: paths, "dequant", or the activations' file.
        profile: the exactness profile that the quantized model ran under.
        samples: how many.
        alignment: which tensors stand for each other.
        layers: in the order in which the quantized model computes them, inputs first.
        outputs: names of the model's outputs -> propagated SQNR in dB.
        agreement: None where the output is no row of scores.
        notes: what was assumed or left out.
        data: where the samples came from. versions: of what computed, by name.
    """

    float_side: str
    quantized: str
    profile: str
    samples: int
    alignment: Alignment
    layers: tuple[Layer, ...]
    outputs: Mapping[str, float] = field(default_factory=dict)
    agreement: Agreement | None = None
    notes: tuple[str, ...] = ()
    data: str = ""
    versions: Mapping[str, str] = field(default_factory=dict)

    def worst(self, k: int = 3, *, by: str = "severity") -> tuple[Layer, ...]:
        """The k worst layers, worst first.

        Args:
            by: "severity" (error that need not be), or the lowest SQNR of the "local" or "propagated" error.

        Raises:
            ValueError: for another order.
        """
        return tuple(sorted(self.layers, key=_ORDERS[_known_order(by)], reverse=True)[:k])

    def layer(self, name: str | int) -> Layer:
        """The layer of a node's index, or of a tensor's name.

        Raises:
            KeyError: if there is none.
        """
        for layer in self.layers:
            if name in (layer.node, layer.name):
                return layer
        raise KeyError(name)

    def to_json(self) -> dict[str, Any]:
        """All figures as JSON data, with the schema's name first; NaN and infinities are "nan", "inf", "-inf"."""
        data: dict[str, Any] = {"schema": SCHEMA, **plain(self)}
        data["alignment"]["coverage"] = self.alignment.coverage
        for entry, layer in zip(data["layers"], self.layers, strict=True):
            entry["severity"] = plain(layer.severity)
        data["worst"] = [layer.node for layer in self.worst()]
        return data

    def _repr_html_(self) -> str:
        head = ("node", "operator", "tensor", "SQNR dB", "local dB", "RMSE/scale", "clipped", "cause")
        rows = []
        for layer in self.layers:
            local = layer.local
            cells = (
                layer.node,
                layer.op,
                layer.name,
                f"{layer.propagated.sqnr_db:.1f}",
                f"{local.sqnr_db:.1f}" if local else "",
                f"{local.rmse_lsb:.2f}" if local and local.rmse_lsb is not None else "",
                f"{local.clipped_lo + local.clipped_hi:.2%}" if local else "",
                layer.causes[0].text if layer.causes else layer.note,
            )
            rows.append("<tr>" + "".join(f"<td>{escape(str(cell))}</td>" for cell in cells) + "</tr>")
        title = escape(f"{self.quantized} against {self.float_side}, {self.samples} samples")
        columns = "".join(f"<th>{escape(name)}</th>" for name in head)
        return f"<table><caption>{title}</caption><tr>{columns}</tr>{''.join(rows)}</table>"


def _known_order(by: str) -> str:
    if by not in _ORDERS:
        raise ValueError(f"An order must be one of {', '.join(_ORDERS)}; got {by!r}.")
    return by


def _noise(stats: ErrorStats | None) -> float:
    return -np.inf if stats is None or np.isnan(stats.sqnr_db) else -stats.sqnr_db


_ORDERS: dict[str, Callable[[Layer], float]] = {
    "severity": lambda layer: layer.severity,
    "local": lambda layer: _noise(layer.local),
    "propagated": lambda layer: _noise(layer.propagated),
}
