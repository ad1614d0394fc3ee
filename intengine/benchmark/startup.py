"""How long a new process takes to answer: from its start to the outputs of one run."""

import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from intengine.errors import InputError

_RUNS = 5
_CODE = """
import sys
import numpy as np
import intengine
engine = intengine.Interpreter(sys.argv[1], profile=sys.argv[2])
engine.run({name: np.zeros(engine.input_shapes[name], spec.type.dtype) for name, spec in engine.inputs.items()})
"""


@dataclass(frozen=True)
class Startup:
    """Seconds of a process that loads a model and answers: with compiled kernels on disk, the median; and without."""

    model: str
    warm: float
    cold: float | None = None


def measure(path: Path, *, profile: str = "litert-reference", cold: bool = True) -> Startup:
    """Start processes for one model; a cold one compiles everything into a new folder.

    Raises:
        InputError: if the model does not run in such a process.
    """
    with tempfile.TemporaryDirectory(prefix="intengine-") as folder:
        first = _seconds(path, profile, {"NUMBA_CACHE_DIR": folder} if cold else {})
        kept = {"NUMBA_CACHE_DIR": folder} if cold else {}
        warm = sorted(_seconds(path, profile, kept) for _ in range(_RUNS))[_RUNS // 2]
    return Startup(path.name, warm, first if cold else None)


def _seconds(path: Path, profile: str, more: dict[str, str]) -> float:
    here = os.pathsep.join(one or os.getcwd() for one in sys.path)
    # Installed packages have their bytecode on disk; a checkout gets it too, whatever the shell says.
    inherited = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    begin = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-P", "-c", _CODE, str(path), profile],
        env={**inherited, "PYTHONPATH": here, **more},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        last = (done.stderr.strip().splitlines() or [f"exit code {done.returncode}"])[-1]
        raise InputError(f"A model must run on zeros to have its start timed; {path.name} does not: {last}")
    return time.perf_counter() - begin
