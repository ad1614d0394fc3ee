"""Drawn problems of every operator, in LiteRT and in intengine: the same bytes."""

from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.draws import draws
from tests.draws._differential import Sides, Tally

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
    tally = Tally()

    @settings(max_examples=10, database=None, suppress_health_check=list(HealthCheck))
    @given(st.data())
    def check(data: st.DataObject) -> None:
        sides.compare(data.draw(DRAWS[key]), tally)

    check()
