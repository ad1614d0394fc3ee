"""Record LiteRT's reference outputs for all one-op problems: python tools/record_golden.py [module ...].

Writes tests/golden/ops/<module>.npz. Needs ai-edge-litert.
"""

import sys
from pathlib import Path

import numpy as np

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

from tests.cases import modules, problems  # noqa: E402
from tests.ops.test_against_litert import GOLDEN  # noqa: E402
from tests.sides import LiteRT, fingerprint, litert_outputs, storable  # noqa: E402


def record(module: str, litert: LiteRT) -> int:
    arrays: dict[str, np.ndarray] = {}
    count = 0
    for problem in problems(module):
        arrays[f"{problem.name}/sha256"] = np.array(fingerprint(problem))
        found = litert_outputs(problem, litert[problem.resolver])
        for i, array in enumerate(found):
            arrays[f"{problem.name}/{i}"] = storable(array)
        count += 1
    GOLDEN.mkdir(parents=True, exist_ok=True)
    np.savez_compressed(GOLDEN / f"{module}.npz", **arrays)
    return count


def main() -> None:
    with LiteRT() as litert:
        for module in sys.argv[1:] or modules():
            print(f"{module}: {record(module, litert)} problems")


if __name__ == "__main__":
    main()
