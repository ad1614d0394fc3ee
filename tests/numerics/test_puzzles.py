"""Three public questions on rounding have the answers that docs/numerics.md gives."""

import sys
from pathlib import Path

import numpy as np
import pytest

import intengine
from intengine.runners import RUNTIMES, open_runner

sys.path.insert(0, str(Path(__file__).parents[2]))

from tools.puzzles import answers, block, convolution, one_output


def test_only_float32_products_give_minus_120() -> None:
    found = {name: int(y.reshape(-1)[0]) for name, y in answers(*one_output()).items()}
    assert found.pop("litert-xnnpack") == -120
    assert set(found.values()) == {-119}


def test_upward_rounding_shows_in_one_of_a_thousand_outputs() -> None:
    found = answers(*convolution())
    away, up = found["litert-reference"].astype(int), found["litert-optimized"].astype(int)
    assert np.array_equal(away, found["tflm"])
    assert set(np.unique(up - away)) == {0, 1}
    assert 0 < (up != away).sum() < 100


@pytest.mark.oracle
@pytest.mark.parametrize("profile", RUNTIMES)
@pytest.mark.parametrize("puzzle", [one_output, convolution, block])
def test_the_runtimes_say_so_too(puzzle, profile: str) -> None:
    pytest.importorskip("tflite_micro" if profile == "tflm" else "ai_edge_litert")
    model, x = puzzle()
    graph = intengine.load(model).main
    with open_runner(profile) as runner:
        runner.load(model)
        (theirs,) = runner.run({graph.inputs[0]: x}, graph.outputs).values()
    assert np.array_equal(answers(model, x)[profile], theirs)
