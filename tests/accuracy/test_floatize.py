"""floatize: quantized operators computing in float32, alone and together, with what lies between them."""

import numpy as np
import pytest

from intengine import InputError, Interpreter, Model, load
from intengine.accuracy._kinds import real_tensors
from intengine.accuracy.floatize import Twin, floatize
from intengine.model import Options
from intengine.quantization import INTEGER_RANGE, dequantize
from intengine.reader.options import default_options
from intengine.writer import ModelBuilder, dump
from tests.accuracy.networks import digits, digits_data
from tests.cases import problems
from tests.cli import models


@pytest.mark.parametrize(
    "module",
    ["conv_2d", "depthwise_conv_2d", "fully_connected", "transpose_conv", "batch_matmul", "pool_2d", "movement",
     "unary", "softmax", "resize", "placement"],
)  # fmt: skip
def test_an_operator_alone_in_float_is_within_two_steps_of_the_integers(module: str) -> None:
    # All but the elements whose sums cancel far below the rounding of float32: scales there are 2**20 apart.
    compared = elements = far = 0
    for problem in problems(module):
        model = load(problem.model)
        graph = model.main
        real = real_tensors(graph)
        inputs = dict(zip(graph.inputs, problem.inputs, strict=True))
        if len(graph.nodes) != 1 or not set(graph.outputs) <= real or _is_odd(problem.name):
            continue
        found = floatize(model)
        if not found.nodes:
            continue
        execution = Interpreter(found.model, subgraph=0).execute(
            {
                found.float_of.get(i, i): dequantize(x, graph.tensors[i].quantization).reshape(x.shape)
                if i in real
                else x
                for i, x in inputs.items()
            }
        )
        exact = Interpreter(model, subgraph=0).execute(inputs)
        for i in graph.outputs:
            spec, values = graph.tensors[i], exact.value(i)
            steps = execution.value(found.float_of[i]) / spec.quantization.scale + spec.quantization.zero_point
            assert values.size == steps.size
            wrong = np.abs(np.clip(steps, *INTEGER_RANGE[spec.type]) - values)
            elements += wrong.size
            far += int((wrong > (2 if values.dtype.itemsize == 1 else 4)).sum())
        compared += 1
    assert compared
    assert far <= 0.02 * elements


def _is_odd(name: str) -> bool:
    """Where LiteRT's integers are not the real result: wrapping, tables of int16, sums that it cuts off."""
    return any(
        part in name
        for part in ("int16", "INT16", "hybrid", "512", "1001", "quantize", "narrow", "neg_", "rsqrt", "exp_", "log_")
    )


def test_digits_in_float_are_the_float_network_within_the_error_of_the_weights() -> None:
    quantized, original = digits("int8"), digits("float32")
    found = floatize(quantized)
    images, _ = digits_data(8)
    exact, rounded = Interpreter(original), Interpreter(found.model)
    assert not found.refused
    assert [t.type.name for t in rounded.outputs.values()] == ["FLOAT32"]
    assert list(rounded.outputs) == list(Interpreter(quantized).outputs)
    for image in images:
        x = image.reshape(next(iter(exact.input_shapes.values())))
        a, b = (next(iter(engine.run(x).values())) for engine in (exact, rounded))
        np.testing.assert_allclose(a, b, atol=0.05)
        assert not np.array_equal(a, b)


def test_no_node_in_float_is_the_model_itself() -> None:
    model = load(models.small())
    found = floatize(model, [])
    assert not found.nodes
    assert not found.float_of
    assert dump(found.model) == dump(model)


def test_conversions_come_where_neighbours_stay_quantized_and_movers_follow() -> None:
    model = load(models.small())
    assert _ops(floatize(model, [0]).model) == ["CONV_2D", "QUANTIZE", "RESHAPE", "FULLY_CONNECTED"]
    assert _ops(floatize(model, [2]).model) == ["CONV_2D", "RESHAPE", "DEQUANTIZE", "FULLY_CONNECTED"]
    assert _ops(floatize(model, [0, 2]).model) == ["CONV_2D", "RESHAPE", "FULLY_CONNECTED"]
    kept = floatize(model, [0, 2], keep_borders=True)
    assert _ops(kept.model) == ["DEQUANTIZE", "CONV_2D", "RESHAPE", "FULLY_CONNECTED", "QUANTIZE"]
    assert kept.nodes == {0, 1, 2}
    assert [kept.node_of.get(i) for i in range(5)] == [None, 0, 1, 2, None]


def _ops(model: Model) -> list[str]:
    return [node.op for node in model.main.nodes]


def test_a_mixed_model_survives_its_own_file_and_every_profile() -> None:
    model = load(models.small())
    found = floatize(model, [0], keep_borders=True).model
    x = np.random.default_rng(1).integers(-128, 128, (1, 4, 4, 3)).astype(np.int8)
    for profile in ("litert-reference", "litert-optimized", "litert-xnnpack", "tflm"):
        here = Interpreter(found, profile=profile).run(x)
        there = Interpreter(dump(found), profile=profile).run(x)
        assert np.array_equal(here["scores"], there["scores"])
        assert np.abs(here["scores"].astype(int) - Interpreter(model).run(x)["scores"]).max() <= 2


def test_the_signature_names_the_float_tensors() -> None:
    found = floatize(load(models.small()))
    assert found.model.signatures[0].inputs == {"image": found.float_of[0]}
    x = np.zeros((1, 4, 4, 3), np.float32)
    assert Interpreter(found.model, signature="serving_default").run(x)["scores"].dtype == np.float32


def test_a_bias_is_real_by_the_scales_of_its_sum() -> None:
    b = ModelBuilder()
    x = b.tensor("x", "INT8", (1, 2), scale=0.5)
    w = b.tensor("w", "INT8", (2, 2), [[2, 0], [0, 4]], scale=[0.25, 0.125])
    bias = b.tensor("bias", "INT32", (2,), [8, 16], scale=[9.0, 9.0])
    y = b.tensor("y", "INT8", (1, 2), scale=0.5)
    b.op("FULLY_CONNECTED", [x, w, bias], [y])
    found = floatize(b.build([x], [y]))
    assert Interpreter(found.model).run(np.zeros((1, 2), np.float32))["y"].tolist() == [[1.0, 1.0]]


@pytest.mark.parametrize(("scale", "expected"), [(6 / 255, 6.0), (10 / 255, 12.0)])
def test_an_activation_that_the_range_stands_for_comes_back(scale: float, expected: float) -> None:
    b = ModelBuilder()
    x = b.tensor("x", "UINT8", (1, 2), scale=0.5, zero_point=128)
    w = b.tensor("w", "UINT8", (2, 2), [[11, 10], [10, 11]], scale=1.0, zero_point=10)
    y = b.tensor("y", "UINT8", (1, 2), scale=scale)
    b.op("FULLY_CONNECTED", [x, w, -1], [y])
    found = floatize(b.build([x], [y]))
    assert Interpreter(found.model).run(np.array([[12, -3]], np.float32))["y"].tolist() == [[expected, 0.0]]


def test_quantize_between_float_nodes_changes_nothing() -> None:
    b = ModelBuilder()
    x = b.tensor("x", "UINT8", (3,), scale=0.5)
    y = b.tensor("y", "INT8", (3,), scale=0.5, zero_point=-128)
    z = b.tensor("z", "FLOAT32", (3,))
    b.op("QUANTIZE", [x], [y])
    b.op("DEQUANTIZE", [y], [z])
    found = floatize(b.build([x], [z]))
    values = np.array([0.1, -7.0, 1e9], np.float32)
    assert np.array_equal(Interpreter(found.model).run(values)["z"], values)


def test_a_float_twin_says_what_its_node_computes() -> None:
    model = load(models.small())
    fields = {**default_options("FULLY_CONNECTED"), "fused_activation_function": 1}
    weights = np.full((5, 32), -1, np.float32)
    twin = Twin("FULLY_CONNECTED", Options("FullyConnectedOptions", fields), {1: weights})
    found = floatize(model, [0, 1, 2], twins={2: twin})
    y = Interpreter(found.model).run(np.zeros((1, 4, 4, 3), np.float32))["scores"]
    flat = Interpreter(floatize(model).model).trace(np.zeros((1, 4, 4, 3), np.float32))
    expected = np.maximum(-flat[floatize(model).float_of[4]].sum(), 0)
    np.testing.assert_allclose(y, np.full((1, 5), expected), rtol=1e-5)


def test_what_cannot_compute_in_float_is_named_with_a_reason() -> None:
    refused: dict[int, str] = {}
    for problem in problems("sequence_lstm"):
        model = load(problem.model)
        if model.main.nodes[0].op == "UNIDIRECTIONAL_SEQUENCE_LSTM":
            refused |= dict(floatize(model).refused)
    assert refused
    assert all("integers" in why for why in refused.values())


def test_a_node_that_is_not_there_is_refused() -> None:
    with pytest.raises(InputError, match=r"must be one of 0\.\.2; got 7"):
        floatize(load(models.small()), [7])
