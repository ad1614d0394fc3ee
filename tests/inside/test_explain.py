"""Explanations: their numbers, their refusals, the command."""

import json
from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from intengine import InputError, Interpreter, UnsupportedError, explain, load
from intengine.cli import main
from intengine.writer import ModelBuilder

DIGITS = str(Path(str(files("intengine"))) / "data" / "digits" / "digits_int8.tflite")


def _tie() -> bytes:
    """A dense layer whose one sum is -5 at a multiplier of 1/2: a tie below zero, on which rounding rules differ."""
    b = ModelBuilder()
    x = b.tensor("x", "INT8", (1, 2), scale=1.0, zero_point=1)
    w = b.tensor("w", "INT8", (1, 2), [[2, -3]], scale=0.5, zero_point=0)
    bias = b.tensor("bias", "INT32", (1,), [-6], scale=0.5)
    y = b.tensor("y", "INT8", (1, 1), scale=1.0, zero_point=3)
    b.op("FULLY_CONNECTED", [x, w, bias], [y])
    return b.to_bytes([x], [y])


def test_an_explanation_has_every_number_of_the_element() -> None:
    found = explain(_tie(), 0, (0, 0), np.array([[3, 2]], np.int8))
    assert [(tap.at, tap.values, tap.product) for tap in found.element.taps] == [
        (((0, 0), (0, 0)), (3, 2), 4),
        (((0, 1), (0, 1)), (2, -3), -3),
    ]
    assert found.element.accumulator == -5
    assert found.element.multiplier == 0.5
    assert float(found.element.exact) == 0.5
    assert found.value == found.traced == 0
    assert found.matches
    assert found.real == -3.0
    assert found.exact_real == -2.5


def test_profiles_that_round_the_tie_otherwise_are_named() -> None:
    found = explain(_tie(), "y", (0, 0), np.array([[3, 2]], np.int8))
    values = {entry.profile: entry.value for entry in found.profiles}
    x = np.array([[3, 2]], np.int8)
    assert values == {name: int(Interpreter(_tie(), profile=name).run(x)["y"][0, 0]) for name in values}
    assert values["litert-reference"] == 0
    assert values["litert-optimized"] == values["litert-xnnpack"] == 1
    assert set(found.agreeing) == {name for name, value in values.items() if value == 0}
    assert set(found.rules.values()) == {0, 1}


def test_steps_end_in_the_value_and_html_shows_it() -> None:
    found = explain(_tie(), 0, (0, 0), np.array([[3, 2]], np.int8), profile="litert-optimized")
    assert found.element.stages[-1].value == found.value == 1
    assert "litert-optimized" in found._repr_html_()


@pytest.mark.parametrize(("op", "at"), [(9, (0, 0)), ("z", (0, 0)), (0, (0, 1)), (0, (0,)), (0, (0, -1))])
def test_nodes_and_places_must_exist(op: int | str, at: tuple[int, ...]) -> None:
    with pytest.raises(InputError, match=r"must|is an index"):
        explain(_tie(), op, at, np.array([[3, 2]], np.int8))


def test_operators_that_do_not_add_up_are_refused() -> None:
    model = load(DIGITS)
    node = next(node.index for node in model.main.nodes if node.op == "SOFTMAX")
    shape = model.main.tensors[model.main.inputs[0]].shape
    with pytest.raises(UnsupportedError, match="SOFTMAX"):
        explain(model, node, (0, 0), np.zeros(shape, np.int8))


def test_the_command_prints_steps_and_ends_with_0() -> None:
    result = CliRunner().invoke(main, ["explain", DIGITS, "--op", "2", "--at", "0,1,1,3", "--random", "0"])
    assert result.exit_code == 0, result.output
    assert "high half" in result.output
    assert "The engine gave the same." in result.output
    assert "litert-xnnpack" in result.output


def test_the_command_gives_json_with_all_taps() -> None:
    result = CliRunner().invoke(main, ["explain", DIGITS, "--op", "2", "--at", "0,1,1,3", "--random", "0", "--json"])
    data = json.loads(result.output)
    assert data["schema"] == "intengine.explanation/1"
    assert data["matches"] is True
    assert sum(tap["product"] for tap in data["taps"]) == data["stages"][0]["value"]
    assert {entry["profile"] for entry in data["profiles"]} >= {"litert-reference", "litert-xnnpack", "tflm"}


@pytest.mark.parametrize(
    "options",
    [["--op", "2", "--at", "x"], ["--op", "2", "--at", "0,1,1,3", "--taps", "few"], ["--op", "99", "--at", "0"]],
)
def test_the_command_refuses_what_it_cannot_read(options: list[str]) -> None:
    result = CliRunner().invoke(main, ["explain", DIGITS, "--random", "0", *options])
    assert result.exit_code == 2, result.output
