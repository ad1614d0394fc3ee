"""`intengine inspect` and `intengine ops` show what is there, whether or not it can run."""

import json
from pathlib import Path

import pytest

from intengine.reader import load
from intengine.report import summarize


def test_a_model_is_shown_with_types_options_and_macs(cli, small: Path) -> None:
    result = cli("inspect", small, "--tensors")
    assert result.exit_code == 0
    for text in ("a small one", "CONV_2D v3", "padding=SAME", "int8[1x4x4x3]*0.00392157-128", "serving_default", "864"):
        assert text in result.stdout


def test_json_has_everything(cli, small: Path) -> None:
    data = json.loads(cli("inspect", small, "--json").stdout)
    assert data["operators"] == {"CONV_2D": 1, "FULLY_CONNECTED": 1, "RESHAPE": 1}
    assert data["macs"] == 1 * 4 * 4 * 2 * 27 + 5 * 32
    graph = data["subgraphs"][0]
    assert graph["tensors"][1]["quantization"]["axis"] == 0
    assert len(graph["tensors"][1]["quantization"]["scale"]) == 2
    assert graph["nodes"][0]["options"]["padding"] == "SAME"


def test_a_model_that_cannot_run_is_shown(cli, custom: Path) -> None:
    result = cli("inspect", custom)
    assert result.exit_code == 0
    assert "Not supported here: NobodyHasThis" in result.stdout


def test_ops_lists_operators_with_types(cli) -> None:
    data = json.loads(cli("ops", "--json").stdout)
    assert data["CONV_2D"]
    assert "CONV_2D" in cli("ops").stdout


@pytest.mark.shared
def test_every_shared_model_is_shown_and_its_macs_agree(cli, shared: Path) -> None:
    for entry in json.loads((shared / "models" / "manifest.json").read_text()):
        data = summarize(load(shared / "models" / entry["file"]))
        json.dumps(data, allow_nan=False)
        if entry["mmacs"] and "LSTM" not in entry["ops"] and "SVDF" not in entry["ops"]:  # it counts none of theirs
            assert data["macs"] / 1e6 == pytest.approx(float(entry["mmacs"]), rel=1e-3, abs=6e-4), entry["file"]


def test_nodes_can_be_chosen_with_their_tensors(cli, small: Path) -> None:
    result = cli("inspect", small, "--nodes", "1", "--tensors")
    assert result.exit_code == 0
    assert "RESHAPE" in result.stdout
    assert "CONV_2D" not in result.stdout
    assert "w2" not in result.stdout
    data = json.loads(cli("inspect", small, "--nodes", "1-2", "--json").stdout)
    assert [node["op"] for node in data["subgraphs"][0]["nodes"]] == ["RESHAPE", "FULLY_CONNECTED"]


@pytest.mark.parametrize("nodes", ["3-9", "2-1", "x", "1-", "-1", ""])
def test_nodes_that_are_not_there_exit_2(cli, small: Path, nodes: str) -> None:
    result = cli("inspect", small, f"--nodes={nodes}")
    assert result.exit_code == 2
    assert result.stderr.startswith("Error: ")


def test_scales_of_channels_are_counted_with_their_axis(cli, small: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    text = cli("inspect", small, "--tensors").stdout
    assert "2 scales 0.01 to 0.03, axis 0" in text
    assert "scale 0.00392157, zero point -128" in text
