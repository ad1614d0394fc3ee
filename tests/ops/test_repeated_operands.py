"""Operands that are repeated in memory, and tables in place of them, give what walking them as they are gives."""

from collections.abc import Callable

import numpy as np
import pytest

import intengine
from intengine.ops import _walk
from intengine.shapes import Shape
from tests.cases import Problem
from tests.cases._build import Operand, constant, given, one_op, result, uniform
from tests.sides import engine_outputs

PROFILES = ("litert-reference", "litert-optimized", "litert-xnnpack")
#: A single number, few channels, whole blocks or not, rows of one number, both repeated, and a prime number of rows.
SHAPES = [
    ((40, 16, 3), ()),
    ((43, 11, 3), (1, 1)),
    ((40, 16, 3), (3,)),
    ((31, 7), (7,)),
    ((5, 3, 40, 1), (3, 1, 17)),
    ((30, 64), (30, 1)),
    ((1009, 1), (1, 9)),
    ((13, 529, 3), (3,)),
    ((70001,), (1,)),
]
SCALES = {"INT8": (0.1, 0.037, 0.12), "UINT8": (0.5, 0.25, 0.75), "INT16": (0.1, 0.05, 0.3)}


def _problem(op: str, kind: str, shapes: tuple[Shape, Shape], second: Callable[..., Operand]) -> Problem:
    rng = np.random.default_rng(7)
    scales = SCALES.get(kind, (0.0, 0.0, 0.0))
    zeros = (3, 5, 7) if kind in ("INT8", "UINT8") else (0, 0, 0)
    made = zip((given, second), shapes, scales, zeros, strict=False)
    inputs = [make(kind, uniform(rng, kind, shape), scale, zero) for make, shape, scale, zero in made]
    options = {"pot_scale_int16": False} if op in ("ADD", "SUB") else {}
    return one_op(op, op, inputs, [result(kind, np.broadcast_shapes(*shapes), scales[2], zeros[2])], **options)


def _as_they_are(walk: Shape, shape: Shape, start: int) -> Shape:
    return tuple(size if step else 1 for size, step in zip(shape, walk, strict=True))


@pytest.mark.parametrize("profile", PROFILES)
@pytest.mark.parametrize("kind", ["INT8", "UINT8", "INT16", "FLOAT32"])
@pytest.mark.parametrize("op", ["ADD", "SUB", "MUL", "MAXIMUM"])
def test_repeating_operands_changes_nothing(op: str, kind: str, profile: str, monkeypatch: pytest.MonkeyPatch) -> None:
    problems = [_problem(op, kind, shapes, second) for shapes in SHAPES for second in (given, constant)]
    found = [engine_outputs(problem, profile)[0] for problem in problems]
    monkeypatch.setattr(_walk._Table, "of", lambda *args: None)
    monkeypatch.setattr(_walk, "held", _as_they_are)
    for problem, values in zip(problems, found, strict=True):
        assert np.array_equal(engine_outputs(problem, profile)[0], values), problem.name


@pytest.mark.parametrize("second", [given, constant])
@pytest.mark.parametrize("shapes", SHAPES)
def test_any_number_of_threads_repeats_alike(shapes: tuple[Shape, Shape], second: Callable[..., Operand]) -> None:
    a, b = shapes
    problem = _problem("MUL", "INT16", ((50, *a), b), second)
    (one,) = engine_outputs(problem)
    for threads in (2, 3):
        engine = intengine.Interpreter(problem.model, num_threads=threads)
        inputs = dict(zip(engine.model.main.inputs, problem.inputs, strict=True))
        assert all(np.array_equal(*engine.run(inputs).values(), one) for _ in range(5))
