"""The HTML page of a comparison, as a file; tests/report/test_page.py opens it in a browser."""

import io
import json
from dataclasses import replace
from html.parser import HTMLParser

import numpy as np
import pytest

from intengine import load
from intengine.accuracy import Comparison
from intengine.errors import MissingDependencyError
from intengine.report.accuracy import comparison_html, html, thumbnails
from intengine.report.accuracy.page_data import rounded
from tests.accuracy import digits

for _name in ("jinja2", "plotly"):
    pytest.importorskip(_name)


class Page(HTMLParser):
    """Tags with their attributes, and the texts of script elements."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.scripts: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag == "script":
            self.scripts.append("")

    def handle_data(self, data: str) -> None:
        if self.lasttag == "script" and self.scripts:
            self.scripts[-1] += data


def test_the_page_loads_nothing(found: Comparison) -> None:
    page = Page(comparison_html(found))
    for tag, attributes in page.tags:
        assert tag not in ("iframe", "object", "embed", "base")
        for name in ("src", "href"):
            assert (attributes.get(name) or "#").startswith(("#", "data:")), (tag, attributes)
    assert len(page.scripts) == 3


def test_every_layer_has_a_row_and_its_data(found: Comparison) -> None:
    page = Page(comparison_html(found))
    rows = [attributes for tag, attributes in page.tags if tag == "tr" and "data-at" in attributes]
    data = json.loads(page.scripts[0])
    assert [row["data-op"] for row in rows] == [layer.op for layer in found.layers]
    assert [layer["name"] for layer in data["layers"]] == [layer.name for layer in found.layers]
    for drawn, layer in zip(data["layers"], found.layers, strict=True):
        assert drawn["propagated"]["sqnr_db"] == pytest.approx(layer.propagated.sqnr_db, rel=1e-4)


def test_names_from_a_model_stay_text(odd: Comparison) -> None:
    text = comparison_html(odd)
    page = Page(text)
    assert not any("onerror" in attributes for _, attributes in page.tags)
    assert "<b>y</b>" not in text
    assert json.loads(page.scripts[0])["layers"][1]["name"] == odd.layers[1].name


def test_figures_that_are_not_finite_do_not_break_the_data(odd: Comparison) -> None:
    layers = json.loads(Page(comparison_html(odd)).scripts[0])["layers"]
    assert layers[0]["local"] is None
    assert (layers[1]["local"]["sqnr_db"], layers[1]["local"]["exact"]) == (None, True)


def test_a_comparison_without_layers_has_a_page(found: Comparison) -> None:
    empty = replace(found, layers=(), outputs={}, agreement=None)
    assert "What to look at first" not in comparison_html(empty)


def test_the_same_comparison_gives_the_same_page(found: Comparison) -> None:
    assert comparison_html(found) == comparison_html(found)


def test_missing_packages_are_named(found: Comparison, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(html, "find_spec", lambda name: None if name == "plotly" else name)
    with pytest.raises(MissingDependencyError, match=r"Plotly: pip install 'intengine\[report\]'"):
        comparison_html(found)


def test_worst_samples_have_pictures_of_their_pixels(found: Comparison) -> None:
    image = pytest.importorskip("PIL.Image")
    made = thumbnails(found, load(digits.path("digits_int8.tflite")), digits.path("test_split.npz"))
    assert set(made) == {one.sample for layer in found.layers for one in layer.propagated.worst}
    with np.load(digits.path("test_split.npz")) as arrays:
        pixels = next(array for array in arrays.values() if array.ndim > 2)
    sample = max(made)
    shown = np.asarray(image.open(io.BytesIO(made[sample])), np.int64)
    truth = pixels[sample].reshape(shown.shape).astype(np.float64)
    assert np.corrcoef(shown.reshape(-1), truth.reshape(-1))[0, 1] > 0.999


def test_numbers_have_no_more_digits_than_are_shown() -> None:
    assert (rounded(1.23456789), rounded(2.0), rounded(np.nan), rounded(-np.inf)) == (1.2346, 2, None, None)


def test_long_names_keep_what_tells_them_apart() -> None:
    assert html.shorten("a/b;c/d") == "a/b"
    assert html.shorten("MobilenetV1/MobilenetV1/Conv2d_12_pointwise/Relu6") == "\u2026/Conv2d_12_pointwise/Relu6"
    assert len(html.shorten("x" * 99)) == 32


def test_small_shares_are_not_rounded_to_nothing() -> None:
    assert [html.percent(share) for share in (0.0, 1e-6, 0.0123, 0.5)] == ["0.00 %", "<0.01 %", "1.23 %", "50.0 %"]
    assert [html.decibel(value) for value in (31.25, np.inf, -np.inf, np.nan)] == ["31.2", "exact", "no signal", ""]
