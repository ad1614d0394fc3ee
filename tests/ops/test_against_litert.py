"""Every one-op problem against LiteRT's reference kernels: recorded outputs always, the live runtime as `oracle`."""

import hashlib
from pathlib import Path

import numpy as np
import pytest

import intengine
from intengine.runners import LiteRTRunner
from tests.cases import Problem, modules, problems
from tests.compare import assert_same

GOLDEN = Path(__file__).parent.parent / "golden" / "ops"


def fingerprint(problem: Problem) -> str:
    digest = hashlib.sha256(problem.model)
    for array in problem.inputs:
        digest.update(array.tobytes())
    return digest.hexdigest()


def engine_outputs(problem: Problem) -> list[np.ndarray]:
    engine = intengine.Interpreter(problem.model)
    graph = engine.model.main
    given = dict(zip(graph.inputs, problem.inputs, strict=True))
    return list(engine.run(given).values())


@pytest.mark.parametrize("module", modules())
def test_outputs_equal_the_recorded_ones(module: str) -> None:
    with np.load(GOLDEN / f"{module}.npz") as golden:
        for problem in problems(module):
            assert str(golden[f"{problem.name}/sha256"]) == fingerprint(problem), (
                f"{problem.name} changed: run tools/record_golden.py"
            )
            for i, got in enumerate(engine_outputs(problem)):
                assert_same(got, golden[f"{problem.name}/{i}"], problem)


@pytest.mark.oracle
@pytest.mark.parametrize("module", modules())
def test_outputs_equal_live_litert(module: str) -> None:
    pytest.importorskip("ai_edge_litert")
    with LiteRTRunner("reference") as litert:
        for problem in problems(module):
            graph = intengine.load(problem.model).main
            litert.load(problem.model)
            expected = litert.run(dict(zip(graph.inputs, problem.inputs, strict=True)), graph.outputs)
            for got, index in zip(engine_outputs(problem), graph.outputs, strict=True):
                assert_same(got, expected[index], problem)
