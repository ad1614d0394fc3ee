"""Drawn problems of every operator, in LiteRT and in intengine: the same bytes."""

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from intengine import evidence
from tests.draws import draws
from tests.draws._differential import Sides, Tally
from tests.draws._inexact import INEXACT

DRAWS = draws()


@pytest.fixture(scope="module")
def sides() -> Iterator[Sides]:
    pytest.importorskip("ai_edge_litert")
    both = Sides()
    yield both
    both.close()


@pytest.mark.oracle
@pytest.mark.parametrize("key", sorted(DRAWS))
def test_drawn_problems_give_the_bytes_of_litert(key: str, sides: Sides) -> None:
    if ("litert-reference", key) in INEXACT:
        pytest.skip(INEXACT["litert-reference", key])
    tally = Tally()

    @settings(max_examples=10, database=None, suppress_health_check=list(HealthCheck))
    @given(st.data())
    def check(data: st.DataObject) -> None:
        sides.compare(data.draw(DRAWS[key]), tally)

    check()


def _pairs() -> list[Any]:
    """(profile, key); those of operators on which the evidence tells no profiles apart are slow ones."""
    found = []
    for profile in ("litert-optimized", "litert-xnnpack", "tflm"):
        kinds = evidence.recorded(profile).operators
        telling = {op for op, types in kinds.items() if any(one.power for one in types.values())}
        for key in sorted(DRAWS):
            marks = [] if telling & set(key.split()) else [pytest.mark.slow]
            found.append(pytest.param(profile, key, marks=marks))
    return found


@pytest.mark.oracle
@pytest.mark.parametrize(("profile", "key"), _pairs())
def test_drawn_problems_give_the_bytes_of_a_profile(key: str, profile: str, sides: Sides) -> None:
    if profile == "tflm":
        pytest.importorskip("tflite_micro")
    if (profile, key) in INEXACT:
        pytest.skip(INEXACT[profile, key])
    tally = Tally()

    @settings(max_examples=3, database=None, suppress_health_check=list(HealthCheck))
    @given(st.data())
    def check(data: st.DataObject) -> None:
        sides.compare(data.draw(DRAWS[key]), tally, profile)

    check()


def test_inexact_keys_exist() -> None:
    assert {key for _, key in INEXACT} <= set(DRAWS)
