"""Inputs on which profiles differ, and what the runtimes gave for them: each pair stays told apart."""

from itertools import combinations

import pytest

from intengine import numerics
from intengine.discriminators import Discriminator, collection
from intengine.probe import differing, under

PROBLEMS = tuple(collection())


@pytest.mark.parametrize("at", range(len(PROBLEMS)), ids=[f"{p.op} {p.signature}" for p in PROBLEMS])
def test_profiles_give_what_their_runtimes_gave_and_differ(at: int) -> None:
    problem: Discriminator = PROBLEMS[at]
    outputs = {name: under(problem, name) for name in numerics.PROFILES}
    for name, recorded in problem.recorded.items():
        found = outputs[name]
        assert found is not None
        assert not differing(found, recorded), name
    made = [found for found in outputs.values() if found is not None]
    assert any(differing(a, b) for a, b in combinations(made, 2))


def test_every_pair_of_runtimes_is_told_apart_by_recorded_outputs() -> None:
    told = set()
    for problem in PROBLEMS:
        for a, b in combinations(sorted(problem.recorded), 2):
            if differing(problem.recorded[a], problem.recorded[b]):
                told.add((a, b))
    runtimes = sorted({name for problem in PROBLEMS for name in problem.recorded})
    assert told == set(combinations(runtimes, 2))
