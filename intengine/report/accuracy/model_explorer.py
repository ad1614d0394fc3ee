"""A figure of every layer as node data for Model Explorer, which colours the graph by it.

The format is that of the package ai-edge-model-explorer (`node_data_builder`): graph id -> results by the name of a
node's output tensor, or by the node's id, which is its index in the file.
"""

import math
from collections import Counter
from collections.abc import Callable
from typing import Any

from intengine.accuracy.records import Comparison, ErrorStats, Layer
from intengine.model import Model

_RED, _YELLOW, _GREEN = "#d7493f", "#f5d657", "#3f9d5a"


def _of(side: str, name: str) -> Callable[[Layer], float | None]:
    def figure(layer: Layer) -> float | None:
        stats: ErrorStats | None = getattr(layer, side)
        return None if stats is None else getattr(stats, name)

    return figure


def _clipped(layer: Layer) -> float | None:
    return layer.propagated.clipped_lo + layer.propagated.clipped_hi


#: Figure -> (its name in the viewer, the figure of a layer, whether more is better).
FIGURES: dict[str, tuple[str, Callable[[Layer], float | None], bool]] = {
    "local_sqnr_db": ("local SQNR in dB", _of("local", "sqnr_db"), True),
    "propagated_sqnr_db": ("propagated SQNR in dB", _of("propagated", "sqnr_db"), True),
    "local_rmse_lsb": ("local RMSE in LSB", _of("local", "rmse_lsb"), False),
    "clipped": ("clipped share", _clipped, False),
    "severity": ("severity", lambda layer: layer.severity, False),
}


def explorer_graph(model: Model) -> str:
    """The id that Model Explorer gives a model's main subgraph: its name, else its signature's key, else "main"."""
    keys = [signature.key for signature in model.signatures if signature.subgraph == model.main.index]
    return model.main.name or next(iter(keys), "main")


def node_data(found: Comparison, figure: str = "local_sqnr_db", *, graph: str = "main") -> dict[str, Any]:
    """JSON data of a node data file; layers without the figure are left out.

    Args:
        figure: one of `FIGURES`. graph: id of the graph, as `explorer_graph` says.

    Raises:
        KeyError: for another figure.
    """
    title, of, more_is_better = FIGURES[figure]
    names = Counter(layer.name for layer in found.layers)
    results: dict[str, Any] = {}
    for layer in found.layers:
        value = of(layer)
        if layer.node < 0 or value is None or math.isnan(value):
            continue
        key = layer.name if layer.name and names[layer.name] == 1 else str(layer.node)
        results[key] = {"value": value} if math.isfinite(value) else _endless(value)
    colors = (_RED, _YELLOW, _GREEN) if more_is_better else (_GREEN, _YELLOW, _RED)
    gradient = [{"stop": stop, "bgColor": color} for stop, color in zip((0, 0.5, 1), colors, strict=True)]
    return {graph: {"name": title, "results": results, "gradient": gradient}}


def _endless(value: float) -> dict[str, Any]:
    """JSON has no infinity: a word, with the colour that the gradient cannot give it."""
    return {"value": "exact", "bgColor": _GREEN} if value > 0 else {"value": "no signal", "bgColor": _RED}
