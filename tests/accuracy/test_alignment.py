"""Two graphs of one network: which tensors stand for each other."""

import pytest

from intengine import Interpreter
from intengine.accuracy import names
from intengine.accuracy.alignment import align, permutation
from intengine.accuracy.graphs import Graph
from intengine.accuracy.records import Alignment
from intengine.model import Model
from tests.accuracy import digits, twins


def aligned(real: Model, quantized: Model) -> Alignment:
    return align(Graph(Interpreter(real).plan), Graph(Interpreter(quantized).plan))


@pytest.mark.parametrize("name", ["digits_int8", "digits_qat_int8", "digits_int16x8", "digits_dynamic"])
@pytest.mark.parametrize("strip", [False, True])
def test_every_operator_has_its_twin_with_names_or_without(name: str, strip: bool) -> None:
    whole = digits.model(name)
    found = aligned(digits.model("digits_float32"), digits.nameless(whole) if strip else whole)
    assert found.coverage == 1.0
    real, quantized = digits.model("digits_float32").main, whole.main
    ops = {i: node.op for node in real.nodes for i in node.outputs}
    for match in found.matches:
        made = next((n for n in quantized.nodes if match.quantized_tensor in n.outputs), None)
        if made is not None and made.op != "QUANTIZE":
            assert ops[match.float_tensor] == made.op


def test_float16_weights_count_as_float() -> None:
    found = aligned(digits.model("digits_float16"), digits.model("digits_int8"))
    assert found.coverage == 1.0
    assert min(m.weights_cosine for m in found.matches if m.weights_cosine is not None) > 0.999


def test_a_folded_normalization_and_activation_stand_for_the_last_of_the_float_tensors() -> None:
    found = aligned(*twins.unfolded())
    pairs = {match.quantized_name: match for match in found.matches}
    assert found.coverage == 1.0
    assert pairs["h"].float_name == "step3"
    assert pairs["h"].evidence.startswith("weights")
    assert pairs["h"].weights_cosine == pytest.approx(1.0, abs=1e-3)


def test_another_network_is_not_aligned_and_says_so() -> None:
    found = aligned(twins.unfolded()[0], digits.nameless(digits.model("digits_int8")))
    assert found.coverage < 0.2
    assert all(one.reason for one in found.unmatched)


def test_layouts_are_found_by_shape() -> None:
    assert permutation((1, 3, 8, 9), (1, 8, 9, 3)) == (0, 2, 3, 1)
    assert permutation((1, 1, 1, 5), (1, 5)) == ()
    assert permutation((1, 4), (1, 5)) is None


def test_converters_prefixes_suffixes_and_counters_do_not_matter() -> None:
    assert names.parts("StatefulPartitionedCall/model_1/a/Relu;model_1/b:0") == ("a/Relu", "b")
    assert names.same_module("layer1.0.conv", "layer1/0/conv:0")
