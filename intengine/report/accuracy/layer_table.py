"""The layers of a comparison as CSV: a row for each."""

import csv
from typing import TextIO

from intengine.accuracy.records import Comparison, Layer, Source

_STATS = ("sqnr_db", "cosine", "rmse", "rmse_lsb", "max_abs", "bias", "clipped_lo", "clipped_hi", "range_use")
COLUMNS = (
    *("node", "op", "name", "dtype", "float_name", "evidence", "scale", "zero_point", "severity", "upstream"),
    *(f"{kind}_{name}" for kind in ("propagated", "local") for name in _STATS),
    *(source.value.replace(" ", "_") for source in Source),
    *("cause", "text"),
)


def write_layers(file: TextIO, found: Comparison) -> None:
    """Write `COLUMNS` and the layers in graph order; empty cells where there is no figure.

    Args:
        file: opened with newline="".
    """
    rows = csv.writer(file)
    rows.writerow(COLUMNS)
    rows.writerows(_row(layer) for layer in found.layers)


def _row(layer: Layer) -> list[object]:
    figures = [
        getattr(side, name) if side is not None else None for side in (layer.propagated, layer.local) for name in _STATS
    ]
    shares = {part.source: part.share for part in layer.attribution.parts} if layer.attribution else {}
    first = layer.causes[0] if layer.causes else None
    return [
        *(layer.node, layer.op, layer.name, layer.dtype, layer.float_name, layer.evidence, layer.scale),
        *(layer.zero_point, layer.severity, layer.upstream),
        *figures,
        *(shares.get(source) for source in Source),
        *((first.id, first.text) if first else ("", layer.note)),
    ]
