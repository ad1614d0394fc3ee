"""Every one-op problem against LiteRT's reference kernels: recorded outputs always, the live runtime as `oracle`."""

from pathlib import Path

import numpy as np
import pytest

from tests.cases import modules, problems
from tests.compare import assert_same
from tests.sides import LiteRT, engine_outputs, fingerprint, litert_outputs, storable

GOLDEN = Path(__file__).parent.parent / "golden" / "ops"


@pytest.mark.parametrize("module", modules())
def test_outputs_equal_the_recorded_ones(module: str) -> None:
    with np.load(GOLDEN / f"{module}.npz") as golden:
        for problem in problems(module):
            assert str(golden[f"{problem.name}/sha256"]) == fingerprint(problem), (
                f"{problem.name} changed: run tools/record_golden.py"
            )
            for i, got in enumerate(engine_outputs(problem)):
                assert_same(storable(got), golden[f"{problem.name}/{i}"], problem)


@pytest.mark.oracle
@pytest.mark.parametrize("module", modules())
def test_outputs_equal_live_litert(module: str) -> None:
    pytest.importorskip("ai_edge_litert")
    with LiteRT() as litert:
        for problem in problems(module):
            expected = litert_outputs(problem, litert[problem.resolver])
            for got, wanted in zip(engine_outputs(problem), expected, strict=True):
                assert_same(got, wanted, problem)
