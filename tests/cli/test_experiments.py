"""`intengine what-if` and `intengine bisect`."""

import json
from pathlib import Path

import numpy as np
import pytest

from intengine import Interpreter, load
from intengine.accuracy.faults import plant
from intengine.writer import dump
from tests.accuracy.networks import digits, digits_data
from tests.cli.conftest import Invoke


@pytest.fixture
def files(tmp_path: Path) -> list[object]:
    """MODEL --data FILE --ref FILE of a network in which node 4 is damaged."""
    fault = plant(digits("int8"), "bias", 4)
    assert fault is not None
    (tmp_path / "bad.tflite").write_bytes(dump(fault.model))
    (tmp_path / "float.tflite").write_bytes(dump(digits("float32")))
    images, labels = digits_data(6)
    np.savez(tmp_path / "data.npz", images=images, labels=labels)
    return [tmp_path / "bad.tflite", "--data", tmp_path / "data.npz", "--ref", tmp_path / "float.tflite"]


def test_what_if_ranks_the_damaged_operator_first(cli: Invoke, files: list[object]) -> None:
    for sweep in ("--enable-one", "--disable-one"):
        result = cli("what-if", *files, sweep, "--json")
        assert result.exit_code == 0, result.stderr
        data = json.loads(result.stdout)
        assert data["trials"][0]["nodes"] == [4]
        assert data["samples"] == 6
        assert data["all_float"]["sqnr"] == "inf"


def test_what_if_prints_the_figures_of_a_set(cli: Invoke, files: list[object]) -> None:
    result = cli("what-if", *files, "--float", "4, 11-12", "--samples", 3, "--metric", "accuracy")
    assert result.exit_code == 0, result.stderr
    assert "3 operators" in result.stdout
    assert "3 samples" in result.stdout
    assert "accuracy" in result.stdout


def test_bisect_finds_it_and_writes_what_was_found(cli: Invoke, files: list[object], tmp_path: Path) -> None:
    written = [tmp_path / name for name in ("recipe.json", "deny.json", "mixed.tflite")]
    options = ["--recipe", written[0], "--denylist", written[1], "--output", written[2]]
    result = cli("bisect", *files, "--check", "sqnr>=40", *options)
    assert result.exit_code == 0, result.stderr
    assert "FOUND: sqnr>=40 with 1 operator in float32" in result.stdout
    name = digits("float32").main.tensors[digits("float32").main.nodes[4].outputs[0]].name
    assert json.loads(written[1].read_text()) == {"denylisted_nodes": [name]}
    assert [entry["algorithm_key"] for entry in json.loads(written[0].read_text())][1:] == ["no_quantize"]
    mixed = load(written[2])
    assert [spec.type.name for spec in Interpreter(mixed).inputs.values()] == ["INT8"]
    assert [node.op for node in mixed.main.nodes[4:7]] == ["DEQUANTIZE", "CONV_2D", "QUANTIZE"]
    again = cli("bisect", *files, "--check", "sqnr>=40", *options)
    assert again.exit_code == 2
    assert "--force overwrites it" in again.stderr


def test_bisect_suggests_what_mends_the_cause(cli: Invoke, files: list[object]) -> None:
    found = json.loads(cli("bisect", *files, "--check", "sqnr>=25", "--json").stdout)
    advice = {one["node"]: one for one in found["suggestions"]}
    assert advice[4]["remedy"] == "bias"
    assert advice[4]["causes"][0] == "bias"


def test_bisect_ends_with_1_where_nothing_suffices(cli: Invoke, files: list[object], tmp_path: Path) -> None:
    result = cli("bisect", *files, "--check", "accuracy>1", "--recipe", tmp_path / "no.json", "--json")
    assert result.exit_code == 1
    assert json.loads(result.stdout)["reached"] is False
    assert not (tmp_path / "no.json").exists()


@pytest.mark.parametrize(
    ("command", "options", "message"),
    [
        ("what-if", [], "--float OPS, --enable-one and --disable-one"),
        ("what-if", ["--float", "99"], "'99' names none"),
        ("bisect", [], "--check or --cmd"),
        ("bisect", ["--check", "good"], "A check is written"),
        ("bisect", ["--check", "sqnr>=1", "--labels", "nowhere.txt"], "Labels must be"),
    ],
)
def test_usage_errors_end_with_2_and_say_the_rule(
    cli: Invoke, files: list[object], command: str, options: list[str], message: str
) -> None:
    result = cli(command, *files, *options)
    assert result.exit_code == 2
    assert message in result.stderr
    assert "Traceback" not in result.stderr
