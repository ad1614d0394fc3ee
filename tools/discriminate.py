"""Finds drawn problems on which profiles differ: python tools/discriminate.py [--draws N] [--only TEXT].

For each key of operator and types, and each pair of profiles that differ on it, a small problem found among N draws is
kept with what every runtime gave for it: intengine/data/discriminators.npz, which `intengine probe` and the tests read.
The runtimes must agree with their profiles, or nothing is written. Keys that --only leaves out keep their problems.
"""

import argparse
import sys
import warnings
from itertools import combinations
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

import intengine
from intengine import discriminators, numerics
from intengine.discriminators import Discriminator
from intengine.evidence import signature
from intengine.probe import LiveRuntime, Outputs, differing, under
from intengine.runners import RUNTIMES, RunnerError
from tests.cases import Problem
from tests.draws import draws
from tests.draws._inexact import INEXACT

DATA = Path(intengine.__file__).parent / "data" / "discriminators.npz"
#: Problems larger than this are not kept; smaller ones are found too.
MOST_BYTES = 30_000


def candidates(key: str, strategy: st.SearchStrategy[Problem], count: int) -> list[Discriminator]:
    """Drawn problems of a key, as discriminators without recordings."""
    words = set(key.split())
    found: list[Discriminator] = []

    @seed(0)
    @settings(
        max_examples=count, database=None, deadline=None, suppress_health_check=list(HealthCheck),
        phases=[Phase.generate],
    )  # fmt: skip
    @given(strategy)
    def draw(problem: Problem) -> None:
        graph = intengine.load(problem.model).main
        node = next((node for node in graph.nodes if node.op in words), None)
        size = len(problem.model) + sum(a.nbytes for inputs in problem.invocations for a in inputs)
        plain = all(array.dtype.kind in "iufb" for inputs in problem.invocations for array in inputs)
        if node is not None and size <= MOST_BYTES and plain:
            found.append(Discriminator(node.op, signature(graph, node), problem.model, problem.invocations, {}))

    draw()
    return found


def separated(outputs: dict[str, Outputs | None]) -> set[tuple[str, str]]:
    """Pairs of profiles whose outputs differ."""
    pairs = set()
    for a, b in combinations(sorted(outputs), 2):
        x, y = outputs[a], outputs[b]
        if x is not None and y is not None and differing(x, y):
            pairs.add((a, b))
    return pairs


def choose(problems: list[Discriminator]) -> list[tuple[Discriminator, set[tuple[str, str]]]]:
    """A few small problems that together separate every pair that some problem separates."""
    rated = []
    for problem in problems:
        pairs = separated({name: under(problem, name) for name in numerics.PROFILES})
        if pairs:
            rated.append((problem, pairs))
    left = set().union(*(pairs for _, pairs in rated)) if rated else set()
    chosen = []
    while left:
        best = max(rated, key=lambda entry: (len(entry[1] & left), -len(entry[0].model)))
        chosen.append(best)
        left -= best[1]
    return chosen


def record(key: str, problem: Discriminator, runtimes: dict[str, LiveRuntime]) -> Discriminator:
    """The problem with what every runtime gave that takes it, and that its profile gives bit for bit.

    Raises:
        AssertionError: if a runtime differs from its profile.
    """
    recorded = {}
    for name, runtime in runtimes.items():
        if (name, key) in INEXACT:
            continue
        try:
            theirs = runtime.outputs(problem, intengine.load(problem.model).main)
        except RunnerError:
            continue
        ours = under(problem, name)
        if any(array.dtype.kind not in "iufb" for array in theirs):
            continue
        if ours is not None and differing(ours, theirs):
            # What a runtime reads of its memory may be what other models have left there: ask a new process.
            runtime.close()
            theirs = runtime.outputs(problem, intengine.load(problem.model).main)
        same = ours is not None and not differing(ours, theirs)
        assert same, f"{problem.op} {problem.signature} under {name}"
        recorded[name] = tuple(theirs)
    return Discriminator(problem.op, problem.signature, problem.model, problem.invocations, recorded)


def main() -> None:
    parser = argparse.ArgumentParser(description="Find problems on which profiles differ.")
    parser.add_argument("--draws", type=int, default=60, metavar="N", help="problems drawn for each key")
    parser.add_argument("--only", default="", metavar="TEXT", help="keys that contain this text")
    arguments = parser.parse_args()
    warnings.simplefilter("error", RuntimeWarning)
    runtimes = {name: LiveRuntime(name) for name in RUNTIMES}
    versions = {name: runtime.name for name, runtime in runtimes.items()}
    kept = [] if not arguments.only or not DATA.exists() else list(discriminators.collection())
    failures = 0
    for key, strategy in sorted(draws().items()):
        if arguments.only not in key:
            continue
        chosen = choose(candidates(key, strategy, arguments.draws))
        if not chosen:
            continue
        op = chosen[0][0].op
        pairs = set().union(*(pairs for _, pairs in chosen))
        print(f"{key}: {len(chosen)} problems, {len(pairs)} pairs of profiles", flush=True)
        if arguments.only:
            signatures = {problem.signature for problem, _ in chosen}
            kept = [p for p in kept if p.op != op or p.signature not in signatures]
        for problem, _ in chosen:
            try:
                kept.append(record(key, problem, runtimes))
            except AssertionError as error:
                failures += 1
                print(f"  a runtime differs from its profile: {error}")
    for runtime in runtimes.values():
        runtime.close()
    kept.sort(key=lambda problem: (problem.op, problem.signature))
    content = discriminators.save(kept, versions)
    if failures:
        sys.exit(f"{failures} problems differ; nothing was written")
    DATA.write_bytes(content)
    print(f"{len(kept)} problems, {len(content):,} bytes")


if __name__ == "__main__":
    main()
