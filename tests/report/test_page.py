"""The HTML page of a comparison in a real browser: Chromium without a window."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from intengine import load
from intengine.accuracy import Comparison
from intengine.report.accuracy import comparison_html, thumbnails
from tests.accuracy import digits

playwright = pytest.importorskip("playwright.sync_api")
for _name in ("jinja2", "plotly", "PIL"):
    pytest.importorskip(_name)
BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
pytestmark = pytest.mark.skipif(BROWSER is None, reason="there is no Chromium here")
FLAGS = [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
]  # fmt: skip


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with playwright.sync_playwright() as running:
        started = running.chromium.launch(executable_path=BROWSER, args=FLAGS)
        yield started
        started.close()


@pytest.fixture(scope="module")
def file(found: Comparison, tmp_path_factory: pytest.TempPathFactory) -> Path:
    images = thumbnails(found, load(digits.path("digits_int8.tflite")), digits.path("test_split.npz"))
    path = tmp_path_factory.mktemp("page") / "report.html"
    path.write_text(comparison_html(found, images=images), encoding="utf-8")
    return path


def beyond_the_file(url: str) -> list[str]:
    return [] if url.startswith(("file:", "data:", "blob:")) else [url]


@pytest.fixture
def opened(browser: Any) -> Iterator[Any]:
    """Opens a file; at the end, there must have been no complaint on the console and no request but for the file."""
    complaints: list[str] = []
    context = browser.new_context(offline=True)

    def go(path: Path, *, width: int = 1280, place: str = "") -> Any:
        page = context.new_page()
        page.set_viewport_size({"width": width, "height": 900})
        page.on("console", lambda message: complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("request", lambda request: complaints.extend(beyond_the_file(request.url)))
        page.on("dialog", lambda dialog: (complaints.append(dialog.message), dialog.dismiss()))
        page.goto(path.as_uri() + place)
        page.wait_for_selector("#network .main-svg")
        return page

    yield go
    context.close()
    assert complaints == []


def column(page: Any, number: int) -> list[str]:
    texts: list[str] = page.locator(f"#layers tbody tr:visible td:nth-child({number})").all_inner_texts()
    return texts


def wait_for_title(page: Any, found: Comparison, at: int) -> None:
    """A browser tells the page of its new place some time after it was put there."""
    layer = found.layers[at]
    playwright.expect(page.locator("#d-title")).to_have_text(f"{layer.op}, node {layer.node}")


def test_the_error_along_the_network_is_drawn(opened: Any, file: Path, found: Comparison) -> None:
    page = opened(file)
    for trace in (0, 1):
        assert page.locator("#network .scatterlayer .trace").nth(trace).locator(".point").count() == len(found.layers)
    before = page.locator("#network .ytitle").text_content()
    page.get_by_role("button", name="RMSE in LSB").click()
    assert (before[:4], page.locator("#network .ytitle").text_content()[:4]) == ("SQNR", "RMSE")
    page.evaluate("document.querySelector('#network').emit('plotly_click', {points: [{x: 2}]})")
    wait_for_title(page, found, 2)


def test_the_table_sorts_by_numbers_and_by_words(opened: Any, file: Path, found: Comparison) -> None:
    page = opened(file)
    head = page.locator("#layers th", has_text="local dB")
    for direction in ("ascending", "descending"):
        head.locator("button").click()
        assert head.get_attribute("aria-sort") == direction
        shown = [float(text) for text in column(page, 5) if text]
        assert shown == sorted(shown, reverse=direction == "descending")
    page.locator("#layers th", has_text="operator").locator("button").click()
    assert column(page, 2) == sorted(layer.op for layer in found.layers)
    assert head.get_attribute("aria-sort") is None


def test_the_table_filters(opened: Any, file: Path, found: Comparison) -> None:
    page = opened(file)
    page.fill("#search", "POOL digits")
    wanted = [layer.op for layer in found.layers if "pool" in f"{layer.op} {layer.name}".lower()]
    assert 0 < len(wanted) < len(found.layers)
    assert column(page, 2) == wanted
    assert page.locator("#shown").inner_text() == f"{len(wanted)} of {len(found.layers)}"
    page.fill("#search", "")
    page.select_option("#operator", "ADD")
    assert column(page, 2) == ["ADD"]
    page.fill("#search", "no such layer")
    assert (column(page, 2), page.locator("#none").is_visible()) == ([], True)


def test_a_row_leads_to_its_detail(opened: Any, file: Path, found: Comparison) -> None:
    page = opened(file)
    assert not page.locator("#detail").is_visible()
    at, layer = next((at, one) for at, one in enumerate(found.layers) if one.op == "DEPTHWISE_CONV_2D")
    page.locator("#layers tbody tr").nth(at).locator("td").nth(3).click()
    page.wait_for_selector("#channels .bars .point")
    assert page.url.endswith(f"#layer-{at}")
    assert layer.name in page.locator("#d-names").inner_text()
    assert layer.causes[0].text in page.locator("#d-causes").inner_text()
    assert layer.attribution is not None
    assert page.locator(".part").count() == len(layer.attribution.parts)
    assert page.locator("#channels .bars .point").count() == layer.shape[-1]
    assert page.locator("#histogram .scatterlayer .trace").count() == 2
    assert page.locator("#spatial .hm").count() == 1
    assert page.locator("#worst img").count() == len(layer.propagated.worst)
    assert page.evaluate("[...document.querySelectorAll('#worst img')].every(i => i.complete && i.naturalWidth > 0)")
    page.locator("#next").click()
    wait_for_title(page, found, at + 1)


def test_every_layer_and_every_figure_draws(opened: Any, file: Path, found: Comparison) -> None:
    page = opened(file)
    for at in range(len(found.layers)):
        page.goto(f"{file.as_uri()}#layer-{at}")
        for side in ("propagated", "local"):
            page.select_option("#side", side)
            for figure in page.locator("#figure option").all():
                if page.locator("#figure").is_visible():
                    page.select_option("#figure", figure.get_attribute("value"))
    page.locator("#log").set_checked(False)


def test_charts_take_the_room_that_hidden_ones_leave(opened: Any, file: Path, found: Comparison) -> None:
    flat = next(at for at, layer in enumerate(found.layers) if layer.propagated.spatial is None)
    page = opened(file)
    widths = []
    for at in (1, flat, 1):
        page.goto(f"{file.as_uri()}#layer-{at}")
        page.wait_for_function(
            "at => document.querySelector('tr.chosen')?.dataset.at === at && Math.abs("
            "document.querySelector('#histogram .main-svg').clientWidth - "
            "document.querySelector('#histogram').clientWidth) < 3",
            arg=str(at),
        )
        widths.append(page.locator("#histogram").bounding_box()["width"])
    assert widths[1] > 1.5 * widths[0] == 1.5 * widths[2]


def test_clip_marks_stand_where_the_range_ends(opened: Any, file: Path, found: Comparison) -> None:
    at = next(at for at, layer in enumerate(found.layers) if layer.op == "ADD")
    page = opened(file, place=f"#layer-{at}")
    marks = page.evaluate(
        "document.getElementById('histogram').layout.shapes.filter(s => s.type === 'line').map(s => s.x0)"
    )
    histogram = found.layers[at].histogram
    assert histogram is not None
    assert marks[0] == pytest.approx(histogram.clip_lo, rel=1e-4)


def test_names_that_are_html_are_shown_as_text(opened: Any, odd: Comparison, tmp_path: Path) -> None:
    path = tmp_path / "odd.html"
    path.write_text(comparison_html(odd), encoding="utf-8")
    page = opened(path, place="#layer-1")
    assert odd.layers[1].name in page.locator("#d-names").inner_text()
    assert page.locator("#d-stats").inner_text().count("exact") == 2
    page.evaluate("Plotly.Fx.hover('network', [{curveNumber: 0, pointNumber: 2}])")
    page.goto(f"{path.as_uri()}#layer-0")
    assert "it is a test" in page.locator("#d-causes").inner_text()


def test_light_and_dark_follow_the_system_and_the_button(opened: Any, file: Path) -> None:
    page = opened(file)
    colors = []
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        colors.append(page.evaluate("getComputedStyle(document.body).backgroundColor"))
    page.locator("#theme").click()
    assert colors[0] != colors[1]
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == colors[0]


@pytest.mark.parametrize("width", [360, 768, 1280])
def test_the_page_fits_the_window(opened: Any, file: Path, width: int) -> None:
    page = opened(file, width=width, place="#layer-3")
    page.wait_for_selector("#channels .bars .point")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
