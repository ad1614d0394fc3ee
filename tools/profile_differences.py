"""How often profiles differ on real models, operator by operator: python tools/profile_differences.py [--only TEXT].

Every node of every shared model runs alone under each profile, on the tensors that `litert-reference` gives for one
input (a real one where the shared data fits). The elements in which each other profile differs from it, and XNNPACK
from the optimized kernels, go into docs/numerics.md, between its marks. Needs ../shared.
"""

import argparse
import json
import sys
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

import intengine
from intengine import numerics
from intengine.errors import IntEngineError
from intengine.evidence import signature
from intengine.probe import differing
from intengine.samples import Random, draw
from intengine.verification.judge import Judge
from tools.shared_data import ROOT, SHARED, real_inputs

PAGE = ROOT / "docs" / "numerics.md"
DATA = ROOT / "docs" / "differences.json"
BEGIN, END = "<!-- differences: made by tools/profile_differences.py -->", "<!-- end of differences -->"
BASE = "litert-reference"

#: (operator, types) -> "elements", "nodes", "models" and each pair of profiles -> count.
Counts = dict[tuple[str, str], Counter[str]]


def pairs() -> list[tuple[str, str]]:
    """Every profile against the reference, and the two that LiteRT runs by default against each other."""
    return [(BASE, name) for name in numerics.PROFILES if name != BASE] + [("litert-optimized", "litert-xnnpack")]


def count(path: Path, found: Counts) -> None:
    """Add one model."""
    engine = intengine.Interpreter(str(path), profile=BASE)
    sample = next(iter(real_inputs(engine, 1)), None) or next(draw(engine, Random(1, 0)))
    trace = engine.trace(sample)
    graph = engine.plan.subgraph
    seen: set[tuple[str, str]] = set()
    for index, piece in Judge(engine).cuts(trace).items():
        key = (graph.nodes[index].op, signature(graph, graph.nodes[index]))
        counts = found.setdefault(key, Counter())
        outputs = {name: alone(piece.model, name, {i: trace[i] for i in piece.inputs}) for name in numerics.PROFILES}
        base = outputs[BASE]
        if base is None:
            continue
        counts["nodes"] += 1
        counts["models"] += key not in seen
        seen.add(key)
        counts["elements"] += sum(array.size for array in base)
        for a, b in pairs():
            x, y = outputs[a], outputs[b]
            counts[f"{a} {b}"] += differing(x, y) if x is not None and y is not None else 0


def alone(model: bytes, profile: str, inputs: dict[int, object]) -> list | None:
    try:
        return list(intengine.Interpreter(model, profile=profile).run(inputs).values())
    except IntEngineError:
        return None


def table(data: dict[str, dict[str, int]]) -> list[str]:
    """Rows of the operators on which some pair differs, and a sentence on the others."""
    columns = [f"{a} {b}" for a, b in pairs()]
    titles = [f"{a.removeprefix('litert-')} / {b.removeprefix('litert-')}" for a, b in pairs()]
    lines = [
        f"| operator | types | models | nodes | elements | {' | '.join(titles)} |",
        "|---|---|---:|---:|---:|" + "---:|" * len(titles),
    ]
    same = []
    for key, counts in sorted(data.items()):
        op, kind = key.split(" ", 1)
        if not any(counts.get(column) for column in columns):
            same.append(op)
            continue
        shares = [_share(counts.get(column, 0), counts["elements"]) for column in columns]
        cells = [op, kind, str(counts["models"]), str(counts["nodes"]), f"{counts['elements']:,}", *shares]
        lines.append(f"| {' | '.join(cells)} |")
    differing_ops = {key.split(" ", 1)[0] for key in data} - set(same)
    always = sorted(set(same) - differing_ops)
    return [*lines, "", f"The same under all profiles on these models: {', '.join(always)}."]


def _share(part: int, whole: int) -> str:
    if not part:
        return ""
    share = part / max(whole, 1)
    return f"{share:.2%}" if share >= 1e-4 else f"{share * 1e6:.1f} ppm"


def main() -> None:
    parser = argparse.ArgumentParser(description="Count how often profiles differ on the shared models.")
    parser.add_argument("--only", default="", help="models whose path contains this; nothing is written then")
    arguments = parser.parse_args()
    found: Counts = {}
    for path in sorted((SHARED / "models").rglob("*.tflite")):
        if arguments.only in str(path):
            print(path.stem, flush=True)
            count(path, found)
    data = {f"{op} {kind}": dict(counts) for (op, kind), counts in sorted(found.items())}
    text = "\n".join(table(data))
    if arguments.only:
        print(text)
        return
    DATA.write_text(json.dumps(data, indent=1) + "\n")
    before, _, rest = PAGE.read_text().partition(BEGIN)
    after = rest.partition(END)[2]
    PAGE.write_text(f"{before}{BEGIN}\n\n{text}\n\n{END}{after}")


if __name__ == "__main__":
    main()
