"""The embedded digits models are the files provenance.json describes, and their recordings are LiteRT's."""

from __future__ import annotations

import hashlib
import importlib.resources
import json
import platform
from pathlib import Path
from typing import Any

import numpy as np
import pytest

DATA = Path(str(importlib.resources.files("intengine"))) / "data" / "digits"
PROVENANCE = json.loads((DATA / "provenance.json").read_text("utf-8"))
SPLIT = np.load(DATA / "test_split.npz")
OUTPUTS = np.load(DATA / "litert_outputs.npz")
TRACES = np.load(DATA / "litert_traces.npz")
IMAGES, LABELS = SPLIT["images"], SPLIT["labels"]
MODELS = PROVENANCE["models"]
INTEGER_MODELS = ("digits_int8", "digits_int16x8", "digits_qat_int8")
TRACED_SAMPLES = PROVENANCE["recording"]["traced_samples"]


def quantized(images: np.ndarray, tensor: dict[str, Any]) -> np.ndarray:
    """``images`` as an integer model's input by the rule in provenance.json; unchanged for a float model."""
    dtype = np.dtype(tensor["dtype"])
    if dtype == np.float32:
        return images
    quotient = (images / np.float32(tensor["scale"])).astype(np.float64)
    rounded = np.where(quotient < 0, np.ceil(quotient - 0.5), np.floor(quotient + 0.5))
    limits = np.iinfo(dtype)
    return np.clip(rounded + tensor["zero_point"], limits.min, limits.max).astype(dtype)


def litert(name: str, *, keep_all_tensors: bool = False) -> Any:
    """A LiteRT interpreter with reference kernels on one thread, ready to run."""
    interpreter_module = pytest.importorskip("ai_edge_litert.interpreter")
    interpreter = interpreter_module.Interpreter(
        model_content=(DATA / f"{name}.tflite").read_bytes(),
        num_threads=1,
        experimental_op_resolver_type=interpreter_module.OpResolverType.BUILTIN_REF,
        experimental_preserve_all_tensors=keep_all_tensors,
    )
    interpreter.allocate_tensors()
    return interpreter


def skip_unless_recorded_here(name: str) -> None:
    """Float arithmetic in LiteRT is the same to the last bit only on one processor architecture."""
    if name not in INTEGER_MODELS and platform.machine() != PROVENANCE["recording"]["machine"]:
        pytest.skip("float results of another architecture are recorded")


def test_every_data_file_has_the_recorded_size_and_hash() -> None:
    found = {
        path.name: {
            "bytes": path.stat().st_size,
            "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
        }
        for path in DATA.iterdir()
        if path.suffix in {".tflite", ".npz"}
    }
    assert found == PROVENANCE["files"]


def test_models_and_recordings_are_small_enough_to_ship() -> None:
    assert all((DATA / f"{name}.tflite").stat().st_size < 100_000 for name in MODELS)
    assert sum(path.stat().st_size for path in DATA.iterdir()) < 1_500_000


def test_the_test_split_is_as_documented() -> None:
    assert sorted(SPLIT.files) == ["images", "labels"]
    assert IMAGES.shape == (360, 8, 8, 1)
    assert IMAGES.dtype == np.float32
    np.testing.assert_array_equal(IMAGES * 16, np.rint(IMAGES * 16))
    assert (IMAGES.min(), IMAGES.max()) == (0.0, 1.0)
    assert LABELS.shape == (360,)
    assert LABELS.dtype == np.int64
    assert PROVENANCE["split"]["test_samples"] == 360
    assert np.bincount(LABELS).min() >= 34


def test_outputs_and_traces_are_recorded_for_exactly_the_models_described() -> None:
    assert set(OUTPUTS.files) == set(MODELS)
    assert {key.split("/")[0] for key in TRACES.files} == set(MODELS)
    assert {f"{name}.tflite" for name in MODELS} == {f for f in PROVENANCE["files"] if f.endswith(".tflite")}


@pytest.mark.parametrize("name", MODELS)
def test_recorded_arrays_have_the_documented_shapes_and_types(name: str) -> None:
    assert OUTPUTS[name].shape == (360, 10)
    assert OUTPUTS[name].dtype == MODELS[name]["output"]["dtype"]
    keys = [key for key in TRACES.files if key.startswith(f"{name}/")]
    assert all(TRACES[key].shape[0] == len(TRACED_SAMPLES) for key in keys)
    allowed = {"int8", "int16"} if name in INTEGER_MODELS else {"float32"}
    assert {TRACES[key].dtype.name for key in keys} <= allowed


@pytest.mark.parametrize("name", MODELS)
def test_accuracy_follows_from_the_recorded_outputs(name: str) -> None:
    correct = int((OUTPUTS[name].argmax(axis=1) == LABELS).sum())
    assert correct == MODELS[name]["correct"]
    assert MODELS[name]["accuracy"] == correct / len(LABELS)
    assert MODELS[name]["accuracy"] >= 0.97


@pytest.mark.parametrize("name", MODELS)
def test_traced_input_follows_the_quantization_rule_and_traced_output_is_the_recorded_one(name: str) -> None:
    source, result = MODELS[name]["input"], MODELS[name]["output"]
    traced_input = TRACES[f"{name}/{source['index']}"]
    expected = quantized(IMAGES[TRACED_SAMPLES], source)
    assert traced_input.dtype == expected.dtype
    np.testing.assert_array_equal(traced_input, expected[:, None])
    np.testing.assert_array_equal(TRACES[f"{name}/{result['index']}"][:, 0], OUTPUTS[name][TRACED_SAMPLES])


@pytest.mark.oracle
@pytest.mark.parametrize("name", MODELS)
def test_live_litert_reproduces_the_recorded_outputs(name: str) -> None:
    skip_unless_recorded_here(name)
    interpreter = litert(name)
    (source,), (result,) = interpreter.get_input_details(), interpreter.get_output_details()
    live = np.empty_like(OUTPUTS[name])
    for row, values in enumerate(quantized(IMAGES, MODELS[name]["input"])):
        interpreter.set_tensor(source["index"], values[None])
        interpreter.invoke()
        live[row] = interpreter.get_tensor(result["index"])[0]
    np.testing.assert_array_equal(live, OUTPUTS[name])


@pytest.mark.oracle
@pytest.mark.parametrize("name", MODELS)
def test_live_litert_reproduces_every_traced_tensor(name: str) -> None:
    skip_unless_recorded_here(name)
    interpreter = litert(name, keep_all_tensors=True)
    (source,) = interpreter.get_input_details()
    for position, values in enumerate(quantized(IMAGES[TRACED_SAMPLES], MODELS[name]["input"])):
        interpreter.set_tensor(source["index"], values[None])
        interpreter.invoke()
        for key in TRACES.files:
            if key.startswith(f"{name}/"):
                live = interpreter.get_tensor(int(key.split("/")[1]))
                assert live.dtype == TRACES[key].dtype
                np.testing.assert_array_equal(live, TRACES[key][position], err_msg=key)


@pytest.mark.oracle
@pytest.mark.parametrize("name", MODELS)
def test_scales_in_provenance_are_the_models(name: str) -> None:
    interpreter = litert(name)
    for role, (details,) in (
        ("input", interpreter.get_input_details()),
        ("output", interpreter.get_output_details()),
    ):
        described = MODELS[name][role]
        assert details["index"] == described["index"]
        assert np.dtype(details["dtype"]) == described["dtype"]
        if "scale" in described:
            assert details["quantization"] == (np.float32(described["scale"]), described["zero_point"])
