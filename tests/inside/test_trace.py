"""`trace(accumulators=True)`: what it keeps, that it changes nothing, that it can be saved."""

from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest

from intengine import Interpreter, Trace, load
from intengine.inside import operators
from intengine.model import Model
from intengine.writer import ModelBuilder

DIGITS = Path(str(files("intengine"))) / "data" / "digits"
RELU6 = 3


def _saturating() -> Model:
    """One dense layer with known sums: accumulators 10, -300, 2000 + bias, halved, zero point 1, within RELU6."""
    b = ModelBuilder()
    x = b.tensor("x", "INT8", (1, 2), scale=1.0, zero_point=0)
    w = b.tensor("w", "INT8", (3, 2), [[1, 0], [-30, 0], [100, 100]], scale=1.0, zero_point=0)
    bias = b.tensor("bias", "INT32", (3,), [5, 0, 7], scale=1.0)
    y = b.tensor("y", "INT8", (1, 3), scale=2.0, zero_point=1)
    b.op("FULLY_CONNECTED", [x, w, bias], [y], fused_activation_function=RELU6)
    return b.build([x], [y])


def test_accumulators_have_the_bias_and_values_before_the_clamp_the_zero_point() -> None:
    trace = Interpreter(_saturating()).trace(np.array([[10, 10]], np.int8), accumulators=True)
    inside = trace.inside[3]
    assert inside.accumulator.tolist() == [[15, -300, 2007]]
    assert inside.unclamped.tolist() == [[9, -149, 1005]]
    assert (inside.lo, inside.hi) == (1, 4)
    assert (inside.below, inside.above) == (1, 2)
    assert trace["y"].tolist() == [[4, 1, 4]]


@pytest.mark.parametrize("name", ["digits_int8", "digits_qat_int8", "digits_int16x8"])
def test_no_byte_changes_and_every_layer_has_accumulators(name: str) -> None:
    model = load(DIGITS / f"{name}.tflite")
    x = np.random.default_rng(1).integers(-100, 100, model.main.tensors[model.main.inputs[0]].shape)
    x = x.astype(model.main.tensors[model.main.inputs[0]].type.dtype)
    plain, inner = Interpreter(model).trace(x), Interpreter(model).trace(x, accumulators=True)
    assert all(np.array_equal(plain[i], inner[i]) for i in plain)
    assert not plain.inside
    nodes = {node.index for node in model.main.nodes if node.op in operators()}
    assert len(nodes) >= 5
    assert {inside.node for inside in inner.inside.values()} == nodes


def test_saving_keeps_accumulators(tmp_path: Path) -> None:
    trace = Interpreter(_saturating()).trace(np.array([[10, 10]], np.int8), accumulators=True)
    trace.save(tmp_path / "t.npz")
    again = Trace.load(tmp_path / "t.npz").inside[3]
    assert again.accumulator.dtype == np.int32
    assert np.array_equal(again.accumulator, trace.inside[3].accumulator)
    assert np.array_equal(again.unclamped, trace.inside[3].unclamped)
    assert (again.node, again.lo, again.hi) == (0, 1, 4)
