"""Record what larq-compute-engine makes of one-op models of its operators: python tools/record_larq.py PYTHON.

PYTHON is the interpreter of an environment that has it (see tools/larq_worker.py). Writes tests/golden/larq.npz.
"""

import io
import struct
import subprocess
import sys
from pathlib import Path

import numpy as np

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

from tests.cases import Problem  # noqa: E402
from tests.golden.larq_problems import problems  # noqa: E402

GOLDEN = ROOT / "tests" / "golden" / "larq.npz"


def ask(child: subprocess.Popen[bytes], problem: Problem) -> np.ndarray:
    assert child.stdin
    assert child.stdout
    message = io.BytesIO()
    inputs = {f"a{i}": array for i, array in enumerate(problem.inputs)}
    np.savez(message, model=np.frombuffer(problem.model, np.uint8), **inputs)
    child.stdin.write(struct.pack("<Q", len(message.getvalue())) + message.getvalue())
    child.stdin.flush()
    (size,) = struct.unpack("<Q", child.stdout.read(8))
    return np.load(io.BytesIO(child.stdout.read(size)))["o0"]


def main() -> None:
    worker = [sys.argv[1], str(ROOT / "tools" / "larq_worker.py")]
    with subprocess.Popen(worker, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
        found = {problem.name: ask(child, problem) for problem in problems()}
        assert child.stdin
        child.stdin.close()
    np.savez_compressed(GOLDEN, **found)
    print(f"{len(found)} problems")


if __name__ == "__main__":
    main()
