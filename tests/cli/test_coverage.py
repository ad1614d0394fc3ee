"""`intengine coverage`."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from intengine.cli import main
from intengine.coverage import Support, coverage
from intengine.reader import load
from intengine.writer import ModelBuilder

DIGITS = Path(__file__).parent.parent.parent / "intengine" / "data" / "digits"


def test_a_model_whose_types_are_measured_is_exact() -> None:
    found = CliRunner().invoke(main, ["coverage", str(DIGITS / "digits_int8.tflite")])
    assert found.exit_code == 0, found.output
    assert "CONV_2D" in found.output
    assert "drawn problems" in found.output
    nodes = coverage(load(DIGITS / "digits_int8.tflite"))
    assert {node.support for node in nodes} == {Support.EXACT}


def test_quirks_are_named() -> None:
    found = CliRunner().invoke(main, ["coverage", str(DIGITS / "digits_dynamic.tflite"), "--nodes"])
    assert found.exit_code == 0
    assert "hybrid-halves" in found.output


def mixed(tmp_path: Path) -> Path:
    b = ModelBuilder()
    x = b.tensor("x", "INT8", (1, 4), scale=0.5)
    y, z, u = (b.tensor(name, "INT8", (1, 4), scale=0.5) for name in "yzu")
    b.op("RELU", [x], [y])
    b.op("CONCAT_EMBEDDINGS", [y], [z])
    b.op("NobodyHasThis", [z], [u])
    path = tmp_path / "mixed.tflite"
    path.write_bytes(b.to_bytes([x], [u]))
    return path


def test_what_does_not_run_is_listed_with_its_reason(tmp_path: Path) -> None:
    found = CliRunner().invoke(main, ["coverage", str(mixed(tmp_path)), "--json"])
    assert found.exit_code == 3
    nodes = json.loads(found.output)["nodes"]
    assert [node["op"] for node in nodes if node["support"] == "unsupported"] == ["CONCAT_EMBEDDINGS", "NobodyHasThis"]
    assert "LiteRT has no kernel" in nodes[1]["why"]


def test_a_node_that_is_wrong_is_invalid(tmp_path: Path) -> None:
    b = ModelBuilder()
    x, w = b.tensor("x", "INT8", (1, 4, 4, 3), scale=1.0), b.tensor("w", "INT8", (2, 3, 3, 2), [0] * 36, scale=1.0)
    y = b.tensor("y", "INT8", (1, 4, 4, 2), scale=1.0)
    b.op("CONV_2D", [x, w], [y], stride_h=1, stride_w=1)
    (node,) = coverage(b.build([x], [y]))
    assert node.support is Support.INVALID
    assert "divisible" in node.why


@pytest.mark.shared
def test_every_node_of_every_shared_model_runs(shared: Path) -> None:
    for path in sorted((shared / "models").rglob("*.tflite")):
        bad = [n for n in coverage(load(path)) if n.support in (Support.UNSUPPORTED, Support.INVALID)]
        assert not bad, (path.name, bad[:3])
