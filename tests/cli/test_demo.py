"""`intengine demo` on the embedded models."""

import json

import numpy as np
import pytest

from intengine import demo
from intengine.demo import Exactness


@pytest.fixture(scope="module")
def results() -> tuple[demo.DemoResult, ...]:
    return demo.demo()


def test_integer_models_equal_the_recordings_bit_for_bit(results) -> None:
    for result in results[3:]:
        assert (result.outputs.differing, result.tensors.differing) == (0, 0), result.model
        assert result.outputs.elements == 3600


def test_no_model_goes_beyond_its_tolerance(results) -> None:
    assert all(result.ok for result in results)


def test_accuracy_is_what_litert_reached(results) -> None:
    assert [result.correct for result in results] == [result.recorded_correct for result in results]


def test_the_command_exits_0_and_prints_a_row_for_each_model(cli, results) -> None:
    result = cli("demo")
    assert result.exit_code == 0
    assert "EQUAL" in result.stdout
    for name in ("float32", "float16", "dynamic", "int8", "int16x8", "qat_int8"):
        assert name in result.stdout
    data = json.loads(cli("demo", "--json").stdout)
    assert data["ok"]
    assert len(data["models"]) == 6


def test_one_changed_byte_in_a_recording_exits_1(cli, monkeypatch: pytest.MonkeyPatch) -> None:
    honest = demo._arrays

    def changed(name: str) -> dict[str, np.ndarray]:
        arrays = honest(name)
        if name == "litert_outputs.npz":
            arrays["digits_int8"] = arrays["digits_int8"].copy()
            arrays["digits_int8"][7, 3] ^= 1
        return arrays

    monkeypatch.setattr(demo, "_arrays", changed)
    result = cli("demo", "--json")
    assert result.exit_code == 1
    data = json.loads(result.stdout)
    assert [model["ok"] for model in data["models"]] == [True, True, True, False, True, True]
    assert data["models"][3]["outputs"]["differing"] == 1


def test_sums_of_exactness() -> None:
    assert Exactness(1, 0, None) + Exactness(2, 1, 3, 1) == Exactness(3, 1, 3, 1)
