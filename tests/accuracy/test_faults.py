"""Planted faults change one thing, and a comparison finds it."""

from collections.abc import Sequence

import numpy as np
import pytest
from numpy.typing import NDArray

from intengine import Interpreter, Model
from intengine.accuracy.causes import CAUSES as KNOWN
from intengine.accuracy.faults import CAUSES, SPREAD, faults, plant
from intengine.accuracy.floatize import floatize
from intengine.model import TensorSpec
from intengine.writer import ModelBuilder, dump
from tests.accuracy.networks import digits, digits_data
from tools.plant_faults import judge


def test_every_fault_has_a_cause_that_comparisons_know_and_some_node_to_be_in() -> None:
    found = [fault.cause for model in (digits("int8"), _of_unlike_channels()) for fault in faults(model)]
    assert set(found) == set(CAUSES) <= KNOWN.keys()


def _changed(before: Model, after: Model) -> set[int]:
    def same(a: TensorSpec, b: TensorSpec) -> bool:
        raws = [None if spec.raw is None else spec.raw.tobytes() for spec in (a, b)]
        schemes = [(s.quantization.scale.tobytes(), s.quantization.zero_point.tobytes()) for s in (a, b)]
        return raws[0] == raws[1] and schemes[0] == schemes[1]

    pairs = zip(before.main.tensors, after.main.tensors, strict=True)
    return {a.index for a, b in pairs if not same(a, b)}


def test_a_fault_touches_its_node_and_the_biases_that_count_in_its_scales() -> None:
    model = digits("int8")
    for fault in faults(model):
        node = model.main.nodes[fault.node]
        readers = [n for n in model.main.nodes if set(node.outputs) & set(n.inputs)]
        allowed = {*node.inputs[1:], *node.outputs, *(n.inputs[2] for n in readers if len(n.inputs) > 2)}
        changed = _changed(model, fault.model)
        assert changed <= allowed, fault
        others = [n for n in fault.model.main.nodes if n.index != node.index]
        assert all(n is model.main.nodes[n.index] for n in others)
        assert changed or fault.cause == "operator"
        assert dump(fault.model) != dump(model)


def test_another_range_leaves_the_real_biases_of_readers_as_they_were() -> None:
    model = digits("int8")
    fault = plant(model, "clipped-range", 0)
    assert fault is not None
    before, after = (floatize(m).model.main for m in (model, fault.model))
    for a, b in zip(before.tensors, after.tensors, strict=True):
        if a.type.name == "FLOAT32" and a.raw is not None and b.raw is not None:
            np.testing.assert_allclose(b.raw.view("f4"), a.raw.view("f4"), rtol=1e-3, atol=1e-3)


def _of_unlike_channels() -> Model:
    """A FULLY_CONNECTED whose channels' weights differ by a factor of 100, with a range that stands for a RELU."""
    scale = np.array([1.0, 0.01, 0.1, 0.02], np.float32) / 127
    b = ModelBuilder()
    x = b.tensor("x", "INT8", (1, 16), scale=1 / 128)
    stored = np.random.default_rng(5).integers(-127, 128, (4, 16))
    w = b.tensor("w", "INT8", (4, 16), stored, scale=scale)
    bias = b.tensor("b", "INT32", (4,), np.array([900, -900, 400, 7]), scale=scale / 128)
    y = b.tensor("y", "INT8", (1, 4), scale=1 / 32, zero_point=-128)
    z = b.tensor("z", "INT8", (1, 4), scale=1 / 32, zero_point=-128)
    b.op("FULLY_CONNECTED", [x, w, bias], [y])
    b.op("ADD", [y, y], [z])
    return b.build([x], [z])


def test_one_scale_keeps_real_weights_and_biases_within_half_a_step() -> None:
    model = _of_unlike_channels()
    fault = plant(model, "per-tensor-weights", 0)
    assert fault is not None
    before, after = (floatize(m).model.main.tensors for m in (model, fault.model))
    step = float(fault.model.main.tensors[1].quantization.scale[0])
    assert fault.model.main.tensors[1].quantization.scale.size == 1
    for tensor, half in ((1, step / 2), (2, step / 128 / 2)):
        a, b = (_constant(t, tensor) for t in (before, after))
        assert np.abs(a - b).max() <= half * 1.0001


def _constant(tensors: Sequence[TensorSpec], at: int) -> NDArray[np.float32]:
    """What float32 stands for the quantized constant: the twin of its name."""
    raw = next(
        t.raw for t in tensors if t.raw is not None and t.type.name == "FLOAT32" and t.name.startswith("wb"[at - 1])
    )
    assert raw is not None
    return raw.view("f4")


def test_channels_of_like_size_have_no_fault_in_one_scale() -> None:
    model = digits("int8")
    spreads = {}
    for node in model.main.nodes:
        weights = [model.main.tensors[i] for i in node.inputs[1:2] if i >= 0]
        if weights and weights[0].quantization.per_channel:
            scale = weights[0].quantization.scale
            spreads[node.index] = float(scale.max() / scale.min())
    assert spreads
    assert all((plant(model, "per-tensor-weights", at) is not None) == (s >= SPREAD) for at, s in spreads.items())


def test_a_range_that_stands_for_an_activation_is_not_moved() -> None:
    assert plant(_of_unlike_channels(), "zero-point", 0) is None
    assert plant(_of_unlike_channels(), "clipped-range", 0) is not None


def test_nodes_that_cannot_have_a_fault_have_none() -> None:
    model = digits("int8")
    assert plant(model, "weight-scale", 13) is None
    assert plant(model, "clipped-range", 13) is None
    with pytest.raises(KeyError):
        plant(model, "hunger", 0)


@pytest.mark.parametrize(
    ("cause", "node"),
    [("weight-scale", 3), ("clipped-range", 11), ("bias", 4), ("operator", 5), ("operator", 2)],
)
def test_a_comparison_ranks_the_damaged_layer_first_and_names_the_damage(cause: str, node: int) -> None:
    fault = plant(digits("int8"), cause, node)
    assert fault is not None
    Interpreter(fault.model)
    verdict = judge(digits("float32"), fault, digits_data(6)[0], "digits", samples=6)
    assert verdict.found == node, verdict
    assert verdict.said == cause, verdict
