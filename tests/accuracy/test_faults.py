"""Planted faults change one thing, and a comparison finds it."""

import numpy as np
import pytest

from intengine import Interpreter, Model
from intengine.accuracy.causes import CAUSES as KNOWN
from intengine.accuracy.faults import CAUSES, faults, plant
from intengine.accuracy.floatize import floatize
from intengine.model import TensorSpec
from intengine.quantization import dequantize
from intengine.writer import dump
from tests.accuracy.networks import digits, digits_data
from tools.plant_faults import judge


def test_every_fault_has_a_cause_that_comparisons_know_and_some_node_to_be_in() -> None:
    found = [fault.cause for fault in faults(digits("int8"))]
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


def test_a_scale_for_all_channels_keeps_the_real_weights_within_half_a_step() -> None:
    model = digits("int8")
    fault = plant(model, "per-tensor-weights", 4)
    assert fault is not None
    at = model.main.nodes[4].inputs[1]
    weights = []
    for graph in (model.main, fault.model.main):
        spec = graph.tensors[at]
        assert spec.raw is not None
        weights.append(dequantize(spec.raw.view("i1").reshape(spec.shape), spec.quantization))
    step = fault.model.main.tensors[at].quantization.scale
    assert step.size == 1
    assert np.abs(weights[0] - weights[1]).max() <= step / 2 * 1.0001


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
