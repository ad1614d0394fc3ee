"""A comparison -> what its HTML page draws, as JSON data without more digits than a chart shows."""

import math
from collections.abc import Iterable
from typing import Any

from intengine.accuracy.records import ChannelErrors, Comparison, ErrorStats, Histogram, Layer

_DIGITS = 5
_STATS = (
    "sqnr_db", "cosine", "rmse", "rmse_lsb", "max_abs", "bias", "float_rms", "float_min", "float_max",
    "clipped_lo", "clipped_hi", "range_use",
)  # fmt: skip
_CHANNELS = ("sqnr_db", "rmse", "bias", "max_abs", "clipped", "float_min", "float_max")


def page_data(found: Comparison) -> dict[str, Any]:
    """{"layers": [...]}, in the comparison's order; figures that are not finite are None."""
    return {"layers": [_layer(layer) for layer in found.layers]}


def rounded(value: float | None) -> float | int | None:
    """To the digits that are shown; None for what is not finite."""
    if value is None or not math.isfinite(value):
        return None
    short = float(f"{value:.{_DIGITS}g}")
    return int(short) if short.is_integer() and abs(short) < 1e15 else short


def _rounded(values: Iterable[float]) -> list[float | int | None]:
    return [rounded(float(value)) for value in values]


def _layer(layer: Layer) -> dict[str, Any]:
    split, spatial = layer.attribution, layer.propagated.spatial
    return {
        "node": layer.node,
        "op": layer.op,
        "name": layer.name,
        "tensor": layer.tensor,
        "type": layer.dtype,
        "shape": list(layer.shape),
        "scale": rounded(layer.scale),
        "zero_point": layer.zero_point,
        "float_name": layer.float_name,
        "float_op": layer.float_op,
        "evidence": layer.evidence,
        "severity": rounded(layer.severity),
        "upstream": rounded(layer.upstream),
        "note": layer.note,
        "propagated": _stats(layer.propagated),
        "local": _stats(layer.local) if layer.local is not None else None,
        "parts": [
            {"source": part.source.value, "share": rounded(part.share), "sqnr_db": rounded(part.sqnr_db)}
            for part in (split.parts if split else ())
        ],
        "causes": [{"id": cause.id, "text": cause.text, "advice": cause.advice} for cause in layer.causes],
        "histogram": _histogram(layer.histogram),
        "spatial": None if spatial is None else [_rounded(row) for row in spatial],
        "worst": [
            {"sample": one.sample, "sqnr_db": rounded(one.sqnr_db), "rmse": rounded(one.rmse)}
            for one in layer.propagated.worst
        ],
    }


def _stats(stats: ErrorStats) -> dict[str, Any]:
    return {
        **{name: rounded(getattr(stats, name)) for name in _STATS},
        # No error at all is no gap in a chart, but the best there is.
        "exact": stats.rmse == 0.0,
        "samples": stats.samples,
        "nonfinite": stats.nonfinite,
        "channels": _channels(stats.channels),
    }


def _channels(channels: ChannelErrors | None) -> dict[str, Any] | None:
    return None if channels is None else {name: _rounded(getattr(channels, name)) for name in _CHANNELS}


def _histogram(found: Histogram | None) -> dict[str, Any] | None:
    if found is None:
        return None
    return {
        "edges": _rounded(found.edges),
        "float": found.float_counts.tolist(),
        "quantized": found.quantized_counts.tolist(),
        "clip_lo": rounded(found.clip_lo),
        "clip_hi": rounded(found.clip_hi),
    }
