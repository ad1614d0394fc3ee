"""What was found, in the words of tools that quantize; and remedies with reasons."""

import re

import numpy as np
import pytest

from intengine import Interpreter
from intengine.accuracy import compare
from intengine.accuracy.dataset import read_dataset
from intengine.accuracy.experiment import Experiment
from intengine.accuracy.faults import plant
from intengine.accuracy.recipes import denylist, recipe
from intengine.accuracy.suggestions import suggest
from intengine.model import Model
from intengine.writer import ModelBuilder
from tests.accuracy.networks import digits, digits_data


def experiment(model: Model, *, reference: bool = True) -> Experiment:
    data = read_dataset(Interpreter(model), digits_data(4)[0])
    return Experiment(model, data, reference=digits("float32") if reference else None)


def test_a_recipe_keeps_exactly_these_operators_and_their_followers_in_float() -> None:
    work = experiment(digits("int8"))
    entries = recipe(work, [9, 11])
    assert entries[0]["op_config"]["activation_tensor_config"] == {
        "num_bits": 8, "symmetric": False, "granularity": "TENSORWISE", "dtype": "INT",
    }  # fmt: skip
    assert {entry["algorithm_key"] for entry in entries[1:]} == {"no_quantize"}
    graph = digits("float32").main
    scopes = {node.index: graph.tensors[node.outputs[0]].name + ";" for node in graph.nodes}
    kept = {i for i, scope in scopes.items() if any(re.search(e["regex"], scope) for e in entries[1:])}
    # The RESHAPE between them follows.
    assert kept == {9, 10, 11}


def test_the_scheme_of_a_recipe_is_the_model_s() -> None:
    assert recipe(experiment(digits("int16x8")), [])[0]["op_config"]["activation_tensor_config"]["num_bits"] == 16
    dynamic = recipe(experiment(digits("dynamic")), [])[0]["op_config"]
    assert "activation_tensor_config" not in dynamic
    assert dynamic["compute_precision"] == "INTEGER"


def test_a_denylist_has_the_names_of_the_float_model() -> None:
    graph = digits("float32").main
    found = denylist(experiment(digits("int8")), [12])
    assert found == {"denylisted_nodes": [graph.tensors[graph.nodes[12].outputs[0]].name]}


def test_rounding_of_8_bits_asks_for_16() -> None:
    (found,) = suggest(experiment(digits("int8")), [2])
    assert found.remedy == "int16x8"
    assert found.noise["weights"] < found.noise["input"] + found.noise["output"]


def test_16_bits_that_do_not_suffice_ask_for_float() -> None:
    found = suggest(experiment(digits("int16x8")), [2, 13])
    assert {one.remedy for one in found} <= {"float", "per-channel"}


def test_a_clipped_range_asks_for_another_one() -> None:
    fault = plant(digits("int8"), "clipped-range", 11)
    assert fault is not None
    (found,) = suggest(experiment(fault.model), [11])
    assert found.remedy == "range"


def test_one_scale_for_channels_of_different_size_asks_for_more() -> None:
    rng = np.random.default_rng(5)
    weights = rng.uniform(-1, 1, (4, 16)) * np.array([[1.0], [0.03], [0.03], [0.03]])
    samples = rng.uniform(-1, 1, (4, 16)).astype(np.float32)
    made = []
    for kind, stored, scale in (("FLOAT32", weights, None), ("INT8", np.rint(weights * 127), 1 / 127)):
        real = kind == "FLOAT32"
        b = ModelBuilder()
        x = b.tensor("x", "FLOAT32" if real else "INT16", (1, 16), scale=None if real else 1 / 32768)
        w = b.tensor("w", kind, weights.shape, stored, scale=scale)
        y = b.tensor("y", "FLOAT32" if real else "INT16", (1, 4), scale=None if real else 8 / 32768)
        b.op("FULLY_CONNECTED", [x, w, -1], [y])
        made.append(b.build([x], [y]))
    original, quantized = made
    work = Experiment(quantized, read_dataset(Interpreter(quantized), samples), reference=original)
    (found,) = suggest(work, [0])
    assert found.remedy == "per-channel"
    assert "a scale for each channel would give +" in found.reason


@pytest.mark.parametrize(
    ("cause", "node", "remedy"),
    [("clipped-range", 11, "range"), ("bias", 4, "bias"), ("weight-scale", 3, "weights"), ("operator", 5, "convert")],
)
def test_a_comparison_s_cause_decides_where_there_is_one(cause: str, node: int, remedy: str) -> None:
    fault = plant(digits("int8"), cause, node)
    assert fault is not None
    found = compare(digits("float32"), fault.model, digits_data(4)[0])
    (said,) = suggest(experiment(fault.model), [node], found)
    assert (said.causes[0], said.remedy) == (cause, remedy)
    assert said.reason.startswith(found.layer(node).causes[0].text)


def test_rounding_of_16_bits_never_asks_for_16_bits() -> None:
    model = digits("int16x8")
    found = compare(digits("float32"), model, digits_data(4)[0])
    work = experiment(model)
    assert "int16x8" not in {one.remedy for one in suggest(work, work.candidates, found)}
