"""Plans and the interpreter: tracing changes nothing, resizing follows inference, callers' mistakes are named."""

from pathlib import Path

import numpy as np
import pytest

import intengine
from intengine import InputError, Interpreter, InvalidModelError, Model, Trace, UnsupportedError, UnsupportedOpError
from intengine.arena import lower_bound
from intengine.model import TensorType
from intengine.writer import ModelBuilder

RNG = np.random.default_rng(7)


def small_network(batch: int = 1, signature: tuple[int, ...] | None = None) -> bytes:
    """Conv, depthwise conv with a residual add, reshape, fully connected; int8."""
    b = ModelBuilder()
    x = b.tensor("x", TensorType.INT8, (batch, 8, 8, 3), scale=0.5, zero_point=-3, shape_signature=signature)
    w1 = b.tensor("w1", TensorType.INT8, (5, 3, 3, 3), RNG.integers(-127, 128, (5, 3, 3, 3)), scale=0.01)
    b1 = b.tensor("b1", TensorType.INT32, (5,), RNG.integers(-99, 99, 5), scale=0.005)
    y1 = b.tensor("y1", TensorType.INT8, (batch, 8, 8, 5), scale=0.9, zero_point=4)
    w2 = b.tensor("w2", TensorType.INT8, (1, 3, 3, 5), RNG.integers(-127, 128, (1, 3, 3, 5)), scale=0.02)
    b2 = b.tensor("b2", TensorType.INT32, (5,), RNG.integers(-99, 99, 5), scale=0.018)
    y2 = b.tensor("y2", TensorType.INT8, (batch, 8, 8, 5), scale=1.5, zero_point=-7)
    y3 = b.tensor("y3", TensorType.INT8, (batch, 8, 8, 5), scale=1.4, zero_point=0)
    shape = b.tensor("shape", TensorType.INT32, (2,), [-1, 320])
    y4 = b.tensor("y4", TensorType.INT8, (batch, 320), scale=1.4, zero_point=0)
    w5 = b.tensor("w5", TensorType.INT8, (6, 320), RNG.integers(-127, 128, (6, 320)), scale=0.03)
    y5 = b.tensor("y5", TensorType.INT8, (batch, 6), scale=30.0, zero_point=1)
    conv = {"stride_h": 1, "stride_w": 1, "padding": 0}
    b.op("CONV_2D", [x, w1, b1], [y1], **conv)
    b.op("DEPTHWISE_CONV_2D", [y1, w2, b2], [y2], depth_multiplier=1, **conv)
    b.op("ADD", [y1, y2], [y3])
    b.op("RESHAPE", [y3, shape], [y4])
    b.op("FULLY_CONNECTED", [y4, w5, -1], [y5])
    return b.build(inputs=[x], outputs=[y5])


def random_input(batch: int = 1) -> np.ndarray:
    return RNG.integers(-128, 128, (batch, 8, 8, 3)).astype(np.int8)


def test_tracing_gives_the_same_bytes_as_running() -> None:
    engine = Interpreter(small_network())
    for _ in range(3):
        x = random_input()
        y = engine.run(x)["y5"]
        trace = engine.trace(x)
        assert np.array_equal(trace["y5"], y)
        assert np.array_equal(trace["x"], x)
        assert [step.op for step in trace.steps][:2] == ["CONV_2D", "DEPTHWISE_CONV_2D"]


def test_outputs_belong_to_the_caller() -> None:
    engine = Interpreter(small_network())
    first = engine.run(random_input())["y5"]
    kept = first.copy()
    engine.run(random_input())
    assert np.array_equal(first, kept)


def test_a_batch_equals_its_inputs_one_by_one() -> None:
    engine = Interpreter(small_network(signature=(-1, 8, 8, 3)))
    xs = random_input(5)
    one_by_one = [engine.run(xs[i : i + 1])["y5"] for i in range(5)]
    assert np.array_equal(engine.run(xs)["y5"], np.concatenate(one_by_one))


def test_resize_moves_all_shapes_and_can_be_undone() -> None:
    engine = Interpreter(small_network())
    engine.resize({"x": (3, 8, 8, 3)})
    assert engine.run(random_input(3))["y5"].shape == (3, 6)
    engine.resize({"x": (1, 8, 8, 3)})
    assert engine.run(random_input())["y5"].shape == (1, 6)


def test_a_resize_that_cannot_be_leaves_the_old_shapes() -> None:
    engine = Interpreter(small_network())
    with pytest.raises(InvalidModelError, match=r"keeps|divisible"):
        engine.resize({"x": (1, 7, 8, 3)})
    assert engine.run(random_input())["y5"].shape == (1, 6)


def test_the_arena_shares_memory_between_tensors() -> None:
    plan = Interpreter(small_network()).plan
    assert plan.arena_size == lower_bound(plan.lifetimes)
    assert plan.arena_size < sum(life.size for life in plan.lifetimes)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (np.zeros((1, 8, 8, 3), np.uint8), "dtype int8"),
        (np.zeros((1, 8, 8), np.int8), "shape"),
        ({"nope": np.zeros((1, 8, 8, 3), np.int8)}, "must be one of 'x'"),
        ({}, "missing: 'x'"),
    ],
)
def test_wrong_inputs_are_named(given: object, message: str) -> None:
    with pytest.raises(InputError, match=message):
        Interpreter(small_network()).run(given)  # type: ignore[arg-type]


def test_float_helpers_quantize_inputs_and_dequantize_outputs() -> None:
    engine = Interpreter(small_network())
    x = random_input()
    real = (x.astype(np.float32) + 3) * np.float32(0.5)
    y = engine.run(x)["y5"]
    assert np.array_equal(engine.run_float(real)["y5"], (y.astype(np.float32) - 1) * np.float32(30.0))


def test_all_unsupported_operators_are_listed_at_once() -> None:
    b = ModelBuilder()
    x = b.tensor("x", TensorType.FLOAT32, (4,))
    y = b.tensor("y", TensorType.FLOAT32, (4,))
    z = b.tensor("z", TensorType.FLOAT32, (4,))
    b.op("CONCAT_EMBEDDINGS", [x], [y])
    b.op("CALL", [y], [z])
    with pytest.raises(UnsupportedOpError) as caught:
        Interpreter(b.build(inputs=[x], outputs=[z]))
    assert len(caught.value.problems) == 2


def test_errors_say_which_node() -> None:
    b = ModelBuilder()
    x = b.tensor("x", TensorType.INT8, (1, 4, 4, 3), scale=1.0)
    w = b.tensor("w", TensorType.INT8, (2, 3, 3, 2), np.zeros((2, 3, 3, 2)), scale=1.0)
    y = b.tensor("block/conv", TensorType.INT8, (1, 4, 4, 2), scale=1.0)
    b.op("CONV_2D", [x, w], [y], stride_h=1, stride_w=1)
    with pytest.raises(InvalidModelError) as caught:
        Interpreter(b.build(inputs=[x], outputs=[y]))
    assert "node 0 CONV_2D 'block/conv'" in " ".join(caught.value.__notes__)


@pytest.mark.parametrize("bad", [np.nan, np.inf, 0.0, -1.0])
def test_scales_that_mean_nothing_are_refused(bad: float) -> None:
    b = ModelBuilder()
    x = b.tensor("x", TensorType.INT8, (1, 4), scale=1.0)
    z = b.tensor("z", TensorType.INT8, (1, 4), scale=bad)
    y = b.tensor("y", TensorType.INT8, (1, 4), scale=1.0)
    b.op("ADD", [x, z], [y])
    with pytest.raises(InvalidModelError, match="positive finite"):
        Interpreter(b.build(inputs=[x, z], outputs=[y]))


def test_a_tensor_used_before_it_is_computed_is_refused() -> None:
    b = ModelBuilder()
    x = b.tensor("x", TensorType.INT8, (1, 4), scale=1.0)
    h = b.tensor("h", TensorType.INT8, (1, 4), scale=1.0)
    y = b.tensor("y", TensorType.INT8, (1, 4), scale=1.0)
    b.op("ADD", [x, h], [y])
    b.op("ADD", [x, x], [h])
    with pytest.raises(InvalidModelError, match="computed before"):
        Interpreter(b.build(inputs=[x], outputs=[y]))


def test_traces_survive_saving_and_loading(tmp_path: Path) -> None:
    trace = Interpreter(small_network()).trace(random_input())
    trace.save(tmp_path / "t.npz")
    back = Trace.load(tmp_path / "t.npz")
    assert list(back) == list(trace)
    assert all(np.array_equal(back[i], trace[i]) for i in trace)
    assert back.steps == trace.steps
    with pytest.raises(InputError):
        Trace.load(tmp_path / "absent.npz")


def test_unknown_profiles_and_signatures_are_named() -> None:
    with pytest.raises(InputError, match="litert-reference"):
        Interpreter(small_network(), profile="nope")
    with pytest.raises(InputError, match="signature"):
        Interpreter(small_network(), signature="nope")


def test_public_names_are_all_there() -> None:
    assert all(hasattr(intengine, name) for name in intengine.__all__)


def test_damaged_models_raise_nothing_but_intengine_errors() -> None:
    digits = Path(intengine.__file__).parent / "data" / "digits" / "digits_int8.tflite"
    rng = np.random.default_rng(3)
    refused = 0
    for _ in range(300):
        data = bytearray(digits.read_bytes())
        for _ in range(rng.integers(1, 4)):
            data[rng.integers(len(data))] ^= 1 << rng.integers(8)
        try:
            engine = Interpreter(bytes(data))
            engine.run({name: np.zeros(shape, np.int8) for name, shape in engine.input_shapes.items()})
        except intengine.IntEngineError:
            refused += 1
    assert 0 < refused < 300


def test_a_tensor_that_no_network_has_is_refused_before_it_is_allocated() -> None:
    b = ModelBuilder()
    x = b.tensor("x", TensorType.FLOAT32, (1,))
    size = b.tensor("size", TensorType.INT32, (4,), [2**15, 2**15, 2**3, 1])
    y = b.tensor("y", TensorType.FLOAT32, (1,))
    b.op("FILL", [size, x], [y])
    with pytest.raises(InvalidModelError, match=r"2\*\*32 bytes"):
        Interpreter(b.build(inputs=[x], outputs=[y]))


def counter(rows: int = 1) -> Model:
    """y = x + total; total = y, where total is a variable."""
    b = ModelBuilder()
    x = b.tensor("x", TensorType.INT8, (rows, 4), scale=0.5)
    total = b.tensor("total", TensorType.INT8, (1, 4), scale=0.5, is_variable=True)
    zero = b.tensor("zero", TensorType.INT8, (1, 1), [0], scale=0.5)
    y = b.tensor("y", TensorType.INT8, (rows, 4), scale=0.5)
    b.op("ADD", [x, total], [y])
    b.op("ADD", [y, zero], [total])
    return b.build(inputs=[x], outputs=[y])


def test_variables_hold_their_value_from_run_to_run_until_reset() -> None:
    engine = Interpreter(counter())
    x = np.array([[1, 2, 3, -4]], np.int8)
    assert np.array_equal(engine.run(x)["y"], x)
    assert np.array_equal(engine.trace(x)["y"], 2 * x)
    assert np.array_equal(engine.run(x)["y"], 3 * x)
    assert np.array_equal(engine.variables[1], 3 * x)
    engine.variables[1][...] = 5
    assert np.array_equal(engine.run(x)["y"], x + 5)
    engine.reset_variables()
    assert np.array_equal(engine.run(x)["y"], x)


def test_a_tensor_cannot_be_both_input_and_output_of_a_node() -> None:
    b = ModelBuilder()
    x = b.tensor("x", TensorType.INT8, (1, 4), scale=0.5)
    total = b.tensor("total", TensorType.INT8, (1, 4), scale=0.5, is_variable=True)
    b.op("ADD", [x, total], [total])
    with pytest.raises(InvalidModelError, match="both input and output"):
        Interpreter(b.build(inputs=[x], outputs=[total]))


def test_a_variable_cannot_change_its_shape() -> None:
    with pytest.raises(InvalidModelError, match="keeps its shape"):
        Interpreter(counter(rows=2))


def test_inputs_that_are_handles_are_named_as_unsupported() -> None:
    b = ModelBuilder()
    x = b.tensor("words", TensorType.RESOURCE, (2,))
    with pytest.raises(UnsupportedError, match="RESOURCE is not supported: 'words'"):
        Interpreter(b.build(inputs=[x], outputs=[x]))


def test_shapes_can_be_given_where_the_declared_ones_do_not_fit() -> None:
    b = ModelBuilder()
    x = b.tensor("x", TensorType.INT8, (1, 1), scale=0.5, shape_signature=(1, -1))
    shape = b.tensor("shape", TensorType.INT32, (2,), [2, 3])
    y = b.tensor("y", TensorType.INT8, (2, 3), scale=0.5)
    b.op("RESHAPE", [x, shape], [y])
    model = b.build(inputs=[x], outputs=[y])
    with pytest.raises(InvalidModelError):
        Interpreter(model)
    assert Interpreter(model, shapes={"x": (1, 6)}).run(np.zeros((1, 6), np.int8))["y"].shape == (2, 3)
    with pytest.raises(InputError, match="must not be negative"):
        Interpreter(model, shapes={"x": (1, -6)})


@pytest.mark.parametrize(
    ("type_", "shape", "variable", "rule"),
    [
        ("RESOURCE", (1,), True, "A variable holds numbers"),
        ("INT8", (1,) * 33, False, "at most 32 axes"),
        ("INT64", (0, 2**31 - 1, 2**31 - 1, 2**31 - 1), True, r"at most 2\*\*40 elements"),
        ("FLOAT64", (2**20, 2**10), True, r"at most 2\*\*32 bytes"),
    ],
)
def test_tensors_that_no_array_can_be_are_refused(
    type_: str, shape: tuple[int, ...], variable: bool, rule: str
) -> None:
    b = ModelBuilder()
    x = b.tensor("x", type_, shape, is_variable=variable)
    y = b.tensor("y", "INT32", (len(shape),))
    b.op("SHAPE", [x], [y], out_type=2)
    with pytest.raises(InvalidModelError, match=rule):
        Interpreter(b.build([] if variable else [x], [y]))


def test_an_output_whose_shape_the_run_decides_takes_no_memory_before() -> None:
    """Whatever shape the file declares for it."""
    b = ModelBuilder()
    x, counts = b.tensor("x", "INT8", (2,)), b.tensor("counts", "INT32", (1,))
    y = b.tensor("y", "INT8", (2**31 - 1,))
    b.op("TILE", [x, counts], [y])
    engine = Interpreter(b.build([x, counts], [y]))
    assert engine.run({"x": np.ones(2, np.int8), "counts": np.array([2], np.int32)})["y"].shape == (4,)
