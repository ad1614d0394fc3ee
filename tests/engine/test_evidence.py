"""What was measured, and what is said about it."""

import pytest

from intengine import evidence, numerics, ops
from intengine.runners import RUNTIMES


@pytest.mark.parametrize("profile", RUNTIMES)
def test_the_evidence_is_of_operators_that_run_and_none_differs(profile: str) -> None:
    record = evidence.recorded(profile)
    assert record.runtime
    assert set(record.operators) <= set(ops.names())
    for kinds in record.operators.values():
        for found in kinds.values():
            assert found.resolver in ("reference", "optimized", "xnnpack", "tflm")
            assert 0 <= found.ulp <= 4
            assert found.nbytes > 0 or not found.equal
            assert profile not in found.power
            assert set(found.power) <= set(numerics.PROFILES)


def test_quirks_are_named_once_and_explained() -> None:
    for name, quirk in ops.QUIRKS.items():
        assert name == quirk.name
        assert quirk.text.endswith(".")
