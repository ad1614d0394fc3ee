"""Record LiteRT's reference outputs for all one-op problems: python tools/record_golden.py [module ...].

Writes tests/golden/ops/<module>.npz. Needs ai-edge-litert.
"""

import sys
from pathlib import Path

import numpy as np

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

import intengine  # noqa: E402
from intengine.runners import LiteRTRunner  # noqa: E402
from tests.cases import modules, problems  # noqa: E402
from tests.ops.test_against_litert import GOLDEN, fingerprint  # noqa: E402


def record(module: str, litert: LiteRTRunner) -> int:
    arrays: dict[str, np.ndarray] = {}
    count = 0
    for problem in problems(module):
        graph = intengine.load(problem.model).main
        litert.load(problem.model)
        found = litert.run(dict(zip(graph.inputs, problem.inputs, strict=True)), graph.outputs)
        arrays[f"{problem.name}/sha256"] = np.array(fingerprint(problem))
        for i, index in enumerate(graph.outputs):
            arrays[f"{problem.name}/{i}"] = found[index]
        count += 1
    GOLDEN.mkdir(parents=True, exist_ok=True)
    np.savez_compressed(GOLDEN / f"{module}.npz", **arrays)
    return count


def main() -> None:
    with LiteRTRunner("reference") as litert:
        for module in sys.argv[1:] or modules():
            print(f"{module}: {record(module, litert)} problems")


if __name__ == "__main__":
    main()
