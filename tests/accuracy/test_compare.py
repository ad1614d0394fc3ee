"""compare: both errors against runs by hand, parts that add up, causes of planted faults."""

from pathlib import Path

import numpy as np
import pytest

from intengine import InputError, Interpreter
from intengine.accuracy import compare
from intengine.accuracy.causes import ADVICE, CAUSES
from intengine.accuracy.records import SCHEMA, Comparison, Source
from intengine.quantization import dequantize, quantize
from tests.accuracy import digits, twins

#: |1 - sum of shares|, which is rounding in float64.
ADDS_UP = 1e-9
FLOAT, INT8 = digits.path("digits_float32.tflite"), digits.path("digits_int8.tflite")
DATA = digits.path("test_split.npz")


@pytest.fixture(scope="module")
def found() -> Comparison:
    return compare(FLOAT, INT8, DATA, samples=6)


@pytest.fixture(scope="module")
def images() -> np.ndarray:
    with np.load(DATA) as data:
        return data["images"][:6]


def test_errors_equal_those_of_runs_by_hand(found: Comparison, images: np.ndarray) -> None:
    real, whole = Interpreter(digits.model("digits_float32")), Interpreter(digits.model("digits_int8"))
    layer = found.layer(1)
    spec, source = (whole.model.main.tensors[i] for i in (layer.tensor, whole.model.main.nodes[1].inputs[0]))
    free, fed, signal = 0.0, 0.0, 0.0
    for image in images:
        truth = real.trace(image[None])
        given = quantize(image[None], next(iter(whole.inputs.values())).quantization, whole.model.main.tensors[0].type)
        x = truth[layer.float_tensor].astype(np.float64)
        free += ((dequantize(whole.trace(given)[layer.tensor], spec.quantization) - x) ** 2).sum()
        execution = whole.execute(given, keep_all=True)
        stem = truth[found.layer(0).float_tensor]
        execution.value(source.index)[:] = quantize(stem, source.quantization, source.type)
        for call in execution.calls[1]:
            call.run()
        fed += ((dequantize(execution.value(layer.tensor), spec.quantization) - x) ** 2).sum()
        signal += (x * x).sum()
    assert layer.local is not None
    assert layer.propagated.sqnr_db == pytest.approx(10 * np.log10(signal / free), abs=1e-4)
    assert layer.local.sqnr_db == pytest.approx(10 * np.log10(signal / fed), abs=1e-4)


@pytest.mark.parametrize("name", ["digits_int8", "digits_qat_int8", "digits_int16x8", "digits_dynamic"])
def test_parts_add_up_in_every_layer(name: str) -> None:
    made = compare(FLOAT, digits.path(f"{name}.tflite"), DATA, samples=4)
    split = [layer.attribution for layer in made.layers if layer.attribution is not None]
    assert len(split) >= 14
    assert max(one.residual for one in split) < ADDS_UP
    for layer in made.layers:
        assert layer.local is not None
        if layer.attribution is not None and np.isfinite(layer.local.sqnr_db):
            assert layer.attribution.sqnr_db == pytest.approx(layer.local.sqnr_db, abs=1e-6)


@pytest.mark.parametrize(
    ("cause", "node", "bad"), [pytest.param(*one, id=f"{one[0]}-{one[1]}") for one in digits.faults()]
)
def test_a_planted_fault_is_found_with_its_cause(cause: str, node: int, bad) -> None:
    worst = compare(FLOAT, bad, DATA, samples=4).worst(1)[0]
    assert (worst.node, worst.causes[0].id) == (node, cause), worst.causes


def test_per_tensor_weights_are_named_with_what_per_channel_ones_would_give() -> None:
    real, quantized, data = twins.dense(per_channel=False)
    coarse = compare(real, quantized, data).layer(0)
    fine = compare(*twins.dense(per_channel=True)).layer(0)
    assert coarse.causes[0].id == "per-tensor-weights"
    assert fine.causes[0].id == "weight-rounding"
    assert coarse.local is not None
    assert fine.local is not None
    gain = fine.local.sqnr_db - coarse.local.sqnr_db
    assert coarse.causes[0].evidence["gain_db"] == pytest.approx(gain, abs=2)


def test_an_operator_that_copies_integers_under_another_zero_point_is_named() -> None:
    whole = digits.model("digits_int8")
    node = next(n for n in whole.main.nodes if n.op == "RESHAPE")
    out = whole.main.tensors[node.outputs[0]]
    bad = digits.with_tensor(whole, out.index, zero_point=out.quantization.zero_point + 60)
    layer = compare(FLOAT, bad, DATA, samples=4).worst(1)[0]
    assert (layer.node, layer.causes[0].id, layer.causes[0].evidence["steps"]) == (node.index, "same-scale", 60)


def test_a_channel_with_a_scale_below_zero_is_split_too() -> None:
    whole = digits.model("digits_int8")
    at = whole.main.nodes[3].inputs[1]
    scale = whole.main.tensors[at].quantization.scale.copy()
    scale[0] *= -1
    made = compare(FLOAT, digits.with_tensor(whole, at, scale=scale), DATA, samples=2).layer(3)
    assert made.attribution is not None
    assert made.attribution.residual < ADDS_UP
    assert made.causes[0].id in {"weight-scale", "weights-differ"}


def test_upstream_is_nothing_where_inputs_are_exact_and_most_behind_damage(images: np.ndarray) -> None:
    spec = next(iter(Interpreter(digits.model("digits_int8")).inputs.values()))
    integers = quantize(images, spec.quantization, spec.type)
    assert compare(FLOAT, INT8, integers).layer(0).upstream == 0.0
    bad = digits.damaged_scale(digits.model("digits_int8"), 1)
    behind = compare(FLOAT, bad, integers).layer(2).upstream
    assert behind is not None
    assert behind > 0.9


def test_a_range_both_moved_and_a_little_narrow_is_called_moved() -> None:
    whole = digits.model("digits_int8")
    out = whole.main.tensors[whole.main.nodes[4].outputs[0]]
    moved = out.quantization.zero_point + (128 if out.quantization.zero_point[0] < 0 else -128)
    bad = digits.with_tensor(whole, out.index, zero_point=moved, scale=out.quantization.scale * np.float32(0.93))
    causes = compare(FLOAT, bad, DATA, samples=4).layer(4).causes
    assert causes[0].id == "zero-point", causes


def test_a_sound_model_has_no_fault_but_rounding(found: Comparison) -> None:
    faults = {"operator", "weight-scale", "bias", "weights-differ", "per-tensor-weights", "dead-channel"}
    assert not faults & {cause.id for layer in found.layers for cause in layer.causes}


def test_against_itself_dequantized_there_is_no_error_of_weights() -> None:
    made = compare("dequant", INT8, DATA, samples=4)
    assert made.alignment.coverage == 1.0
    for layer in made.layers:
        assert layer.attribution is not None
        assert abs(layer.attribution.share(Source.WEIGHTS)) < 1e-6
        assert abs(layer.attribution.share(Source.OPERATOR)) < 1e-3


def test_activations_of_another_framework_give_the_same_errors_as_the_model(
    found: Comparison, images: np.ndarray, tmp_path: Path
) -> None:
    real = Interpreter(digits.model("digits_float32"))
    traces = [real.trace(image[None]) for image in images]
    # As PyTorch has it: another name, channels first.
    maps = np.stack([trace[17][0].transpose(2, 0, 1) for trace in traces])
    arrays = {"stem": maps, found.layer(12).name: np.stack([trace[29] for trace in traces])}
    np.savez(tmp_path / "activations.npz", **arrays)
    made = compare(str(tmp_path / "activations.npz"), INT8, images, names={found.layer(0).name: "stem"})
    assert [layer.node for layer in made.layers] == [0, 12]
    assert made.layer(0).propagated.sqnr_db == found.layer(0).propagated.sqnr_db
    assert made.layer(0).evidence == "map"
    assert made.alignment.matched_nodes == 2


def test_answers_are_counted_with_labels_and_without(found: Comparison, images: np.ndarray) -> None:
    assert found.agreement is not None
    assert found.agreement.float_accuracy == 1.0
    wrong = compare(FLOAT, INT8, images, labels=np.full(6, 99)).agreement
    assert wrong is not None
    assert (wrong.agreement, wrong.quantized_accuracy) == (1.0, 0.0)
    with pytest.raises(InputError, match="a label for each sample"):
        compare(FLOAT, INT8, images, labels=[1])


def test_integers_floats_and_pixels_reach_both_sides_alike(images: np.ndarray) -> None:
    spec = next(iter(Interpreter(digits.model("digits_int8")).inputs.values()))
    integers = quantize(images, spec.quantization, spec.type)
    pixels = (integers.astype(np.int16) + 128).astype(np.uint8)
    by_integers, by_pixels = (compare(FLOAT, INT8, data, attributed=0) for data in (integers, pixels))
    assert by_integers.outputs == by_pixels.outputs
    assert by_integers.layer(-1).propagated.rmse < 1e-7
    assert compare(FLOAT, INT8, images).layer(-1).propagated.rmse > 1e-4


def test_a_float_side_that_quantizes_while_it_runs_is_said_to() -> None:
    notes = [compare(path, INT8, DATA, samples=1).notes for path in (digits.path("digits_dynamic.tflite"), FLOAT)]
    assert [any("quantizes the inputs" in note for note in some) for some in notes] == [True, False]


def test_json_has_the_schema_and_every_layer(found: Comparison) -> None:
    data = found.to_json()
    assert data["schema"] == SCHEMA
    assert [layer["node"] for layer in data["layers"]] == [layer.node for layer in found.layers]
    assert data["worst"] == [layer.node for layer in found.worst()]
    assert found.quantized in found._repr_html_()


def test_layers_can_be_ordered_by_either_error(found: Comparison) -> None:
    assert found.worst(1, by="propagated")[0].propagated.sqnr_db == min(x.propagated.sqnr_db for x in found.layers)
    with pytest.raises(ValueError, match="order"):
        found.worst(by="name")


def test_every_cause_has_advice() -> None:
    assert CAUSES.keys() == ADVICE.keys()


def test_memory_does_not_grow_with_samples(images: np.ndarray) -> None:
    made = compare(FLOAT, INT8, np.concatenate([images] * 4), attributed=2, keep=3)
    assert made.samples == 24
    assert all(len(layer.propagated.worst) == 3 for layer in made.layers)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (np.zeros((0, 8, 8, 1), np.float32), "at least one sample"),
        (np.zeros((2, 5, 5, 1), np.float32), "must have shape"),
        (np.zeros((2, 8, 8, 1), np.complex64), "must be given as int8"),
    ],
)
def test_data_that_do_not_fit_are_refused(data: np.ndarray, message: str) -> None:
    with pytest.raises(InputError, match=message):
        compare(FLOAT, INT8, data)
