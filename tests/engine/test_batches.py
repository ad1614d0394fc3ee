"""Large batches run in parts: where that is the same, and with the same bytes."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import intengine
from intengine import Interpreter, batches
from intengine.batches import Parts
from intengine.writer import ModelBuilder

DIGITS = Path(intengine.__file__).parent / "data" / "digits"
RNG = np.random.default_rng(0)


@pytest.fixture(autouse=True)
def _every_batch_is_large(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batches, "_ENOUGH", 0)
    monkeypatch.setattr(batches, "_IMAGE", 0)


def runs_in_parts(engine: Interpreter, inputs: dict[str, NDArray[Any]]) -> bool:
    """Whether it does; its outputs must be those of the whole batch."""
    found, whole = engine.run(inputs), engine.execute(inputs)
    for name, index in engine._outputs.items():
        assert np.array_equal(found[name], whole.value(index))
    return isinstance(engine._engine._runner, Parts)


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("model", ["digits_int8", "digits_float32", "digits_int16x8", "digits_qat_int8"])
def test_a_batch_of_images_gives_the_same_in_parts(model: str, threads: int) -> None:
    engine = Interpreter(DIGITS / f"{model}.tflite", num_threads=threads)
    ((name, spec),) = engine.inputs.items()
    for batch in (6, 2, 1, 5):
        engine.resize({name: (batch, *engine.input_shapes[name][1:])})
        x = RNG.integers(-100, 100, engine.input_shapes[name]).astype(spec.type.dtype)
        assert runs_in_parts(engine, {name: x}) == (batch > 1)


def test_parts_are_as_large_as_fits(monkeypatch: pytest.MonkeyPatch) -> None:
    engine = Interpreter(DIGITS / "digits_int8.tflite")
    ((name, shape),) = engine.input_shapes.items()
    engine.resize({name: (12, *shape[1:])})
    monkeypatch.setattr(batches, "_ENOUGH", engine.plan.arena_size // 2)
    assert runs_in_parts(engine, {name: np.zeros((12, *shape[1:]), np.int8)})
    runner = engine._engine._runner
    assert isinstance(runner, Parts)
    assert runner._times == 2


def _built(op: str, shapes: list[tuple[int, ...]], out: tuple[int, ...], **options: Any) -> Interpreter:
    b = ModelBuilder()
    inputs = [b.tensor(f"x{i}", "INT32", shape) for i, shape in enumerate(shapes)]
    y = b.tensor("y", "INT32", out)
    b.op(op, inputs, [y], **options)
    return Interpreter(b.build(inputs, [y]))


@pytest.mark.parametrize(
    ("op", "shapes", "out", "options", "expected"),
    [
        ("CONCATENATION", [(4, 3), (4, 2)], (4, 5), {"axis": 1}, True),
        ("CONCATENATION", [(4, 3), (4, 3)], (8, 3), {"axis": 0}, False),
        ("CONCATENATION", [(4, 3), (4, 3)], (8, 3), {"axis": -2}, False),
        ("ADD", [(4, 3), (4, 3)], (4, 3), {}, True),
        # The rows of the first meet the columns of the second.
        ("ADD", [(4, 3), (4, 2, 4, 3)], (4, 2, 4, 3), {}, False),
        ("RESHAPE", [(4, 6)], (8, 3), {"new_shape": [-1, 3]}, True),
        ("RESHAPE", [(4, 6)], (2, 12), {"new_shape": [2, 12]}, False),
        ("NEG", [(4, 3)], (4, 3), {}, False),
    ],
)  # fmt: skip
def test_what_may_mix_images_runs_as_a_whole(
    op: str, shapes: list[tuple[int, ...]], out: tuple[int, ...], options: dict[str, Any], expected: bool
) -> None:
    engine = _built(op, shapes, out, **options)
    inputs = {f"x{i}": RNG.integers(-100, 100, shape).astype(np.int32) for i, shape in enumerate(shapes)}
    assert runs_in_parts(engine, inputs) == expected


def test_what_is_computed_from_the_size_of_the_batch_is_that_of_the_whole() -> None:
    b = ModelBuilder()
    x, size, y = b.tensor("x", "INT32", (4, 2)), b.tensor("size", "INT32", (2,)), b.tensor("y", "INT32", (4, 2))
    b.op("SHAPE", [x], [size])
    b.op("MUL", [x, size], [y])
    engine = Interpreter(b.build([x], [y]))
    ones = np.ones((4, 2), np.int32)
    assert not runs_in_parts(engine, {"x": ones})
    assert engine.run(ones)["y"].tolist() == [[4, 2]] * 4


def test_small_images_are_run_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    engine = Interpreter(DIGITS / "digits_int8.tflite")
    ((name, shape),) = engine.input_shapes.items()
    engine.resize({name: (13, *shape[1:])})
    monkeypatch.setattr(batches, "_IMAGE", engine.plan.arena_size // 13 + 1)
    assert not runs_in_parts(engine, {name: np.zeros((13, *shape[1:]), np.int8)})


def test_other_profiles_run_batches_as_a_whole() -> None:
    engine = Interpreter(DIGITS / "digits_int8.tflite", profile="litert-optimized")
    ((name, shape),) = engine.input_shapes.items()
    engine.resize({name: (4, *shape[1:])})
    assert not runs_in_parts(engine, {name: np.zeros((4, *shape[1:]), np.int8)})
