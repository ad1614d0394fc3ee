"""JSON against its schema, CSV, and node data for Model Explorer."""

import csv
import io
import json
from dataclasses import replace
from typing import Any

import pytest

from intengine.accuracy import Comparison
from intengine.accuracy.records import SCHEMA, Source
from intengine.report.accuracy import comparison_schema, node_data, write_layers
from intengine.report.accuracy.layer_table import COLUMNS
from intengine.report.accuracy.model_explorer import FIGURES, explorer_graph
from tests.accuracy import digits
from tools import comparison_schema as schema_tool


def closed(schema: Any) -> Any:
    """The schema with every object closed: what is written must be described."""
    if isinstance(schema, dict):
        made = {key: closed(value) for key, value in schema.items()}
        return {**made, "additionalProperties": False} if "properties" in schema else made
    return [closed(one) for one in schema] if isinstance(schema, list) else schema


def test_the_json_is_what_its_schema_describes(found: Comparison, odd: Comparison) -> None:
    jsonschema = pytest.importorskip("jsonschema")
    jsonschema.Draft202012Validator.check_schema(comparison_schema())
    judge = jsonschema.Draft202012Validator(closed(comparison_schema()))
    for comparison in (found, odd):
        judge.validate(json.loads(json.dumps(comparison.to_json(), allow_nan=False)))
    broken = found.to_json()
    broken["layers"][0]["severity"] = "high"
    assert not judge.is_valid(broken)


def test_the_schema_is_that_of_the_records() -> None:
    assert schema_tool.PATH.read_text(encoding="utf-8") == schema_tool.text(), "run tools/comparison_schema.py"
    assert comparison_schema()["title"] == SCHEMA


def test_csv_has_the_figures_of_every_layer(found: Comparison, odd: Comparison) -> None:
    file = io.StringIO(newline="")
    write_layers(file, found)
    rows = list(csv.DictReader(io.StringIO(file.getvalue(), newline="")))
    assert [row["name"] for row in rows] == [layer.name for layer in found.layers]
    for row, layer in zip(rows, found.layers, strict=True):
        assert float(row["propagated_sqnr_db"]) == layer.propagated.sqnr_db
        assert layer.attribution is not None
        assert float(row["output_rounding"]) == layer.attribution.share(Source.OUTPUT_ROUNDING)
    file = io.StringIO(newline="")
    write_layers(file, odd)
    first = next(csv.reader(io.StringIO(file.getvalue().split("\n", 1)[1], newline="")))
    assert (len(first), first[-1]) == (len(COLUMNS), "No local error: it is a test.")


@pytest.mark.parametrize("figure", FIGURES)
def test_node_data_have_a_number_for_each_node_by_its_output(found: Comparison, figure: str) -> None:
    graph = explorer_graph(digits.model("digits_int8"))
    data = node_data(found, figure, graph=graph)["main"]
    nodes = [layer for layer in found.layers if layer.node >= 0]
    assert list(data["results"]) == [layer.name for layer in nodes]
    assert all(isinstance(one["value"], float) for one in data["results"].values())
    assert [one["stop"] for one in data["gradient"]] == [0, 0.5, 1]


def test_node_data_name_no_error_and_take_the_node_where_names_are_not_unique(odd: Comparison) -> None:
    twins = replace(odd, layers=(*odd.layers[:3], *(replace(layer, name="same") for layer in odd.layers[3:])))
    results = node_data(twins)["main"]["results"]
    assert results[odd.layers[1].name]["value"] == "exact"
    assert list(results)[2:] == [str(layer.node) for layer in odd.layers[3:]]
    json.dumps(results, allow_nan=False)


def test_a_graph_without_a_name_goes_by_its_signature() -> None:
    whole = digits.model("digits_int8")
    nameless = replace(whole, subgraphs=(replace(whole.main, name=""),))
    assert explorer_graph(whole) == "main"
    assert explorer_graph(nameless) == whole.signatures[0].key
    assert explorer_graph(replace(nameless, signatures=())) == "main"
