"""A comparison as one HTML page that needs no network: charts, table, details and their data inside the file."""

import base64
import json
import math
from collections.abc import Mapping
from importlib.resources import files
from importlib.util import find_spec
from typing import Any

from intengine.accuracy.records import Comparison, Layer
from intengine.errors import MissingDependencyError
from intengine.report.accuracy.page_data import page_data

_NEEDED = {"jinja2": "Jinja2", "plotly": "Plotly", "PIL": "Pillow"}
#: Layers that are shown with their causes before the table.
_WORST = 3
#: Characters of a name that fit into a cell.
_NAME = 32


def check_html() -> None:
    """Whether pages can be made here.

    Raises:
        MissingDependencyError: without the packages of the extra `report`.
    """
    missing = [package for module, package in _NEEDED.items() if find_spec(module) is None]
    if missing:
        raise MissingDependencyError(
            f"An HTML report needs the packages {', '.join(missing)}: pip install 'intengine[report]'."
        )


def comparison_html(found: Comparison, *, images: Mapping[int, bytes] | None = None) -> str:
    """The page.

    Args:
        images: sample -> PNG of its input, for samples that are among a layer's worst.

    Raises:
        MissingDependencyError: without the packages of the extra `report`.
    """
    check_html()
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.FunctionLoader(_template), autoescape=True, undefined=jinja2.StrictUndefined,
        trim_blocks=True, lstrip_blocks=True,
    )  # fmt: skip
    environment.filters |= {
        "db": decibel,
        "percent": percent,
        "figure": figure,
        "key": sort_key,
        "clipped": clipped,
        "shorten": shorten,
        "basename": lambda path: path.replace("\\", "/").rsplit("/", 1)[-1],
    }
    data = {**page_data(found), "images": {str(at): _data_url(png) for at, png in sorted((images or {}).items())}}
    return environment.get_template("comparison.html").render(
        found=found,
        worst=[(found.layers.index(layer), layer) for layer in found.worst(_WORST) if layer.severity > 0],
        operators=sorted({layer.op for layer in found.layers}),
        causes=sorted({layer.causes[0].id for layer in found.layers if layer.causes}),
        output_layer=_output_layer(found),
        data=_script_safe(data),
        plotly=_plotly(),
        style=_template("comparison.css"),
        script=_template("comparison.js"),
    )


def _template(name: str) -> str:
    return files("intengine.report.accuracy").joinpath("templates", name).read_text(encoding="utf-8")


def _plotly() -> str:
    from plotly.offline import get_plotlyjs

    source: str = get_plotlyjs()
    return source.replace("</script", "<\\/script")


def _script_safe(data: Any) -> str:
    """JSON in which no text can end the script element that holds it."""
    text = json.dumps(data, allow_nan=False, separators=(",", ":"), ensure_ascii=True)
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _data_url(png: bytes) -> str:
    return f"data:image/png;base64,{base64.b64encode(png).decode('ascii')}"


def _output_layer(found: Comparison) -> int | None:
    """The layer whose worst samples stand for the whole model's: the last one computed."""
    return len(found.layers) - 1 if found.layers else None


def decibel(value: float | None) -> str:
    """ "31.2", "exact" for no error, "" for no figure."""
    if value is None or math.isnan(value):
        return ""
    return f"{value:.1f}" if math.isfinite(value) else ("exact" if value > 0 else "no signal")


def percent(value: float | None) -> str:
    """A share; small ones are not rounded to nothing."""
    if value is None or math.isnan(value):
        return ""
    return "<0.01 %" if 0 < value < 5e-5 else f"{100 * value:.2f} %" if abs(value) < 0.1 else f"{100 * value:.1f} %"


def figure(value: float | None) -> str:
    """Three digits."""
    return "" if value is None or math.isnan(value) else f"{value:.3g}"


def sort_key(value: float | None) -> str:
    """A number that JavaScript can read; "" for no figure."""
    if value is None or math.isnan(value):
        return ""
    return f"{value:.9g}" if math.isfinite(value) else ("Infinity" if value > 0 else "-Infinity")


def shorten(text: str) -> str:
    """The first of fused names; of a long one the last parts, which tell it from its neighbours."""
    name = text.split(";")[0]
    if len(name) <= _NAME:
        return name
    start = name.find("/", len(name) - _NAME)
    return f"\u2026{name[start:] if start >= 0 else name[1 - _NAME :]}"


def clipped(layer: Layer) -> float | None:
    """Share of values beyond either end of the range."""
    stats = layer.local or layer.propagated
    return stats.clipped_lo + stats.clipped_hi
