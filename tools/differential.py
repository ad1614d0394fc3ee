"""Drawn one-op problems in LiteRT and intengine: python tools/differential.py [--draws N] [--only TEXT] [--seed S].

--profile compares another profile with LiteRT as that profile has it.

With --evidence, what was measured goes to intengine/data/evidence/, by operator and types, and the pages are made anew;
keys that --only leaves out keep what was measured before.

Prints for each key (operator and types) how many problems were equal, refused by the runtime and crashed it, how many
bytes were compared, and with --evidence its power: for each other profile, how many elements it gives otherwise. Ends
with exit code 1 if a problem differs, and describes the smallest one found. Needs the runtime of the profile.
"""

import argparse
import json
import sys
import time
import warnings
from collections import Counter
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent.parent))

from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st

import intengine
from intengine import evidence
from intengine.errors import IntEngineError
from intengine.evidence import signature
from intengine.probe import differing
from tests.cases import Problem
from tests.draws import draws
from tests.draws._differential import Outcome, Sides, Tally
from tests.sides import RESOLVERS, engine_outputs
from tools import operator_pages

EVIDENCE = Path(intengine.__file__).parent / "data" / "evidence"

HEAD = ("key", "equal", "refused", "crashed", "bytes", "ms/draw")
#: Profiles that a live runtime confirms: evidence says how far it tells them apart.
RIVALS = tuple(RESOLVERS)
#: Draws of a key after which rivals that have never differed are not tried any more.
PATIENCE = 40


def describe(problem: Problem) -> str:
    """The operator of a problem with its options, and every tensor with its quantization and constant."""
    graph = intengine.load(problem.model).main
    lines = [f"graph inputs {graph.inputs}"]
    lines += [f"{node.op} {node.options} inputs {node.inputs} outputs {node.outputs}" for node in graph.nodes]
    lines += [f"  {tensor!r}"[:400] for tensor in graph.tensors]
    lines += [f"  input {array.dtype}{list(array.shape)} {array.reshape(-1)[:24].tolist()}" for array in problem.inputs]
    return "\n".join(lines)


Found = dict[tuple[str, str], Counter[str]]


def note(key: str, problem: Problem, outcome: Outcome, nbytes: int, power: Counter[str], found: Found) -> None:
    """Count a problem for the types of every node whose operator is among the words of the key."""
    words = set(key.split())
    names = {Outcome.EQUAL: "equal", Outcome.LITERT_REFUSED: "refused", Outcome.LITERT_CRASHED: "crashed"}
    model = intengine.load(problem.model)
    kinds = {(node.op, signature(graph, node)) for graph in model.subgraphs for node in graph.nodes if node.op in words}
    for kind in kinds:
        counts = found.setdefault(kind, Counter())
        counts[names[outcome]] += 1
        counts["nbytes"] += nbytes
        counts.update(power)
        counts[problem.resolver] += 1
        counts["ulp"] = max(counts["ulp"], problem.ulp)


def power_of(problem: Problem, profile: str, seen: Counter[str]) -> Counter[str]:
    """Elements that each rival profile gives otherwise, as "power NAME" -> count."""
    counts: Counter[str] = Counter()
    seen["draws"] += 1
    for rival in RIVALS:
        if rival == profile or (seen["draws"] > PATIENCE and not seen[rival]):
            continue
        try:
            counts[f"power {rival}"] = differing(engine_outputs(problem, profile), engine_outputs(problem, rival))
        except IntEngineError:
            continue
        seen[rival] += counts[f"power {rival}"]
    return counts


def check_key(
    key: str,
    strategy: st.SearchStrategy[Problem],
    sides: Sides,
    count: int,
    start: int,
    found: Found,
    profile: str,
    *,
    rate: bool,
) -> tuple[Tally, str]:
    """Compare `count` draws; the tally, and what differs or an empty text."""
    tally = Tally()
    seen: Counter[str] = Counter()

    @seed(start)
    @settings(
        max_examples=count, database=None, deadline=None, suppress_health_check=list(HealthCheck),
        report_multiple_bugs=False, print_blob=False,
    )  # fmt: skip
    @given(strategy)
    def check(problem: Problem) -> None:
        before = tally.compared
        try:
            outcome = sides.compare(problem, tally, profile)
            power = power_of(problem, profile, seen) if rate and outcome is Outcome.EQUAL else Counter()
            note(key, problem, outcome, tally.compared - before, power, found)
        except Exception as error:
            message = f"{type(error).__name__}: {error}\n{describe(problem)}"
            raise AssertionError(message) from None

    try:
        check()
    except AssertionError as error:
        return tally, str(error)
    return tally, ""


def row(key: str, tally: Tally, seconds: float) -> dict[str, Any]:
    """One line of the table."""
    outcomes = tally.outcomes
    equal, total = outcomes[Outcome.EQUAL], max(sum(outcomes.values()), 1)
    return {
        "key": key,
        "equal": equal,
        "refused": outcomes[Outcome.LITERT_REFUSED],
        "crashed": outcomes[Outcome.LITERT_CRASHED],
        "bytes": tally.compared,
        "ms/draw": round(1e3 * seconds / total, 1),
        "refusals": dict(tally.refusals),
    }


def write_evidence(found: Found, profile: str, runtime: str) -> None:
    """Put what was measured in place of what the file says of the same operators and types."""
    path = EVIDENCE / f"{profile}.json"
    operators = json.loads(path.read_text())["operators"] if path.exists() else {}
    for (op, kind), counts in found.items():
        resolver = next((name for name in ("xnnpack", "optimized", "reference") if counts[name]), "reference")
        power = {rival: counts[f"power {rival}"] for rival in RIVALS if counts[f"power {rival}"]}
        operators.setdefault(op, {})[kind] = {
            "resolver": resolver if profile == "litert-reference" else RESOLVERS[profile],
            **{name: counts[name] for name in ("equal", "refused", "crashed", "nbytes", "ulp")},
            **({"power": power} if power else {}),
        }
    ordered = {op: dict(sorted(kinds.items())) for op, kinds in sorted(operators.items())}
    lines = [f'{json.dumps(op)}: {{\n' + ",\n".join(f"  {json.dumps(kind)}: {json.dumps(counts)}" for kind, counts
             in kinds.items()) + "\n }" for op, kinds in ordered.items()]  # fmt: skip
    path.write_text(f'{{"runtime": {json.dumps(runtime)}, "operators": {{\n ' + ",\n ".join(lines) + "\n}}\n")
    evidence.recorded.cache_clear()
    operator_pages.main()


def main() -> None:
    parser = argparse.ArgumentParser(description="Compare drawn one-op problems with LiteRT.")
    parser.add_argument("--draws", type=int, default=200, metavar="N", help="problems for each key")
    parser.add_argument("--only", default="", metavar="TEXT", help="keys that contain this text")
    parser.add_argument("--seed", type=int, default=0, metavar="S", help="of the draws")
    parser.add_argument("--profile", default="litert-reference", choices=RESOLVERS, help="of both sides")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the table there")
    parser.add_argument("--evidence", action="store_true", help="write what was measured into the package")
    arguments = parser.parse_args()
    warnings.simplefilter("error", RuntimeWarning)
    keys = {key: strategy for key, strategy in sorted(draws().items()) if arguments.only in key}
    width = max(map(len, keys), default=0)
    print(f"{HEAD[0]:{width}} " + " ".join(f"{name:>9}" for name in HEAD[1:]))
    sides, rows, failures = Sides(), [], 0
    found: Found = {}
    for key, strategy in keys.items():
        began = time.perf_counter()
        counted: Found = {}
        tally, failure = check_key(
            key, strategy, sides, arguments.draws, arguments.seed, counted, arguments.profile, rate=arguments.evidence
        )
        if not failure:
            for kind, counts in counted.items():
                found.setdefault(kind, Counter()).update(counts)
        line = row(key, tally, time.perf_counter() - began)
        rows.append(line | {"failure": failure})
        cells = " ".join(f"{line[name]:>{max(len(name), 9)}}" for name in HEAD[1:])
        print(f"{key:{width}} {cells}{'  DIFFERS' if failure else ''}", flush=True)
        for refusal, times in line["refusals"].items():
            print(f"    {times} x {refusal}")
        if failure:
            failures += 1
            print(failure, flush=True)
    package = "tflite-micro" if arguments.profile == "tflm" else "ai-edge-litert"
    runtime = f"{package} {sides.litert[RESOLVERS[arguments.profile]].version()}"
    sides.close()
    if arguments.evidence:
        write_evidence(found, arguments.profile, runtime)
    if arguments.json:
        arguments.json.write_text(json.dumps(rows, indent=1) + "\n")
    print(f"{len(rows)} keys, {failures} differ")
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    main()
