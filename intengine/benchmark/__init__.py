"""Speed, measured: intengine and LiteRT side by side, each model in a process of its own, equality first."""

import os
import platform
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from intengine_kernels import isa

from intengine.benchmark.measure import Spread
from intengine.benchmark.records import LITERT, OURS, About, ModelResult, NodeResult, Options, State
from intengine.benchmark.sides import is_installed
from intengine.runners._child import receive, send

_PACKAGES = ("intengine", "numba", "llvmlite", "numpy", "ai-edge-litert")


class Bench:
    """Measures models one by one.

    Args:
        options: LiteRT is left out of `against` if it is not installed.

    Attributes:
        peaks: operands -> GMAC/s of one core, the best that was seen so far.
    """

    def __init__(self, options: Options) -> None:
        self.options = options
        self.peaks: dict[str, float] = {}

    def measure(self, path: Path, say: Callable[[str], None] | None = None) -> ModelResult:
        """One model in a process of its own; where LiteRT makes that abort, once more without LiteRT.

        Args:
            say: hears what is being done.
        """
        found = self._ask(path, self.options, say)
        if isinstance(found, int) and self.options.against:
            alone = self._ask(path, replace(self.options, against=()), say)
            if not isinstance(alone, int):
                note = f"LiteRT's process died with exit code {found}; intengine alone"
                return replace(alone, note="; ".join(filter(None, (note, alone.note))))
        if isinstance(found, int):
            return ModelResult(path.name, str(path), State.FAILED, f"its process died with exit code {found}")
        return found

    def about(self) -> About:
        """The machine, versions and options of what was measured."""
        return About(
            cpu(),
            platform.platform(terse=True),
            platform.python_version(),
            {name: found for name in _PACKAGES if (found := _version(name))},
            isa.NAMES[isa.best()],
            self.peaks,
            self.options,
            os.getloadavg()[0] if hasattr(os, "getloadavg") else None,
        )

    def _ask(self, path: Path, options: Options, say: Callable[[str], None] | None) -> ModelResult | int:
        """The result, or the exit code of a process that died."""
        here = os.pathsep.join(one or os.getcwd() for one in sys.path)
        child = subprocess.Popen(
            [sys.executable, "-P", "-m", "intengine.benchmark.worker"],
            env={**os.environ, "PYTHONPATH": here},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        with child:
            assert child.stdin is not None
            assert child.stdout is not None
            try:
                send(child.stdin, (str(path), options, self.peaks))
                while True:
                    verb, what = receive(child.stdout)
                    if verb == "done":
                        result: ModelResult
                        result, self.peaks = what
                        return result
                    if say:
                        say(what)
            except (EOFError, BrokenPipeError, ConnectionError):
                return child.wait()
            except BaseException:
                child.kill()
                raise


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return ""


def cpu() -> str:
    """The processor's name, where the system tells it."""
    info = Path("/proc/cpuinfo")
    if info.exists():
        for line in info.read_text().splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.processor() or platform.machine()


__all__ = [
    "LITERT",
    "OURS",
    "About",
    "Bench",
    "ModelResult",
    "NodeResult",
    "Options",
    "Spread",
    "State",
    "cpu",
    "is_installed",
]
