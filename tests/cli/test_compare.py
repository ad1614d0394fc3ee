"""`intengine compare`: exit codes, table, files."""

import csv
import json
from pathlib import Path

from tests.accuracy import digits

FLOAT, INT8 = digits.path("digits_float32.tflite"), digits.path("digits_int8.tflite")
DATA = ("--data", digits.path("test_split.npz"), "--samples", "2")


def test_the_table_names_layers_and_causes(cli) -> None:
    result = cli("compare", FLOAT, INT8, *DATA, "--top", 3)
    assert result.exit_code == 0, result.output
    assert "14 of 14 operators aligned (100%)" in result.stdout
    assert "3 of 15 layers, by severity" in result.stdout
    assert "right: float 100.0%, quantized 100.0%" in result.stdout


def test_json_and_csv_hold_every_layer(cli, tmp_path: Path) -> None:
    table, data = tmp_path / "layers.csv", tmp_path / "layers.json"
    assert cli("compare", FLOAT, INT8, *DATA, "--csv", table, "--json", data).exit_code == 0
    rows = list(csv.DictReader(table.read_text(encoding="utf-8").splitlines()))
    layers = json.loads(data.read_text(encoding="utf-8"))["layers"]
    assert [row["op"] for row in rows] == [layer["op"] for layer in layers]
    again = cli("compare", FLOAT, INT8, *DATA, "--csv", table)
    assert (again.exit_code, "--force overwrites" in again.stderr) == (2, True)


def test_json_can_go_to_standard_output(cli) -> None:
    result = cli("compare", INT8, "--ref", "dequant", *DATA, "--json", "-")
    assert json.loads(result.stdout)["float_side"] == "dequant"


def test_a_threshold_decides_the_exit_code(cli) -> None:
    assert cli("compare", FLOAT, INT8, *DATA, "--min-sqnr", 10).exit_code == 0
    assert cli("compare", FLOAT, INT8, *DATA, "--min-sqnr", 90).exit_code == 1


def test_usage_errors_say_what_is_wrong(cli, tmp_path: Path) -> None:
    for args, message in (
        ((INT8,), "FLOAT and QUANTIZED"),
        ((FLOAT, INT8, "--ref", "dequant"), "FLOAT and QUANTIZED"),
        ((FLOAT, INT8, "--map", "a=b"), "is for activations"),
        ((FLOAT, INT8, "--map", "ab"), "TENSOR=ARRAY"),
    ):
        result = cli("compare", *args, *DATA)
        assert result.exit_code == 2
        assert message in result.stderr
