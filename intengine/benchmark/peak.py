"""What this core can do at most, measured: products on registers with the instruction set in force."""

import time
from collections.abc import Mapping

import numba
import numpy as np
from intengine_kernels import isa
from intengine_kernels.isa.peak import FLOAT32, INT8, INT16, macs_per_step, spin

OPERANDS = {"int8": INT8, "int16": INT16, "float32": FLOAT32}
_STEPS = 50_000
_RUNS = 9


def is_uncompiled() -> bool:
    """Whether kernels run as plain Python, of which no time means anything."""
    return bool(getattr(numba.config, "DISABLE_JIT", False))


def peaks() -> dict[str, float]:
    """Operands -> GMAC/s, the best of several runs of about a millisecond."""
    instruction_set = isa.best()
    return {name: _peak(instruction_set, operands) for name, operands in OPERANDS.items()}


def higher(a: Mapping[str, float], b: Mapping[str, float]) -> dict[str, float]:
    """The better of two measurements of each; what disturbs them only makes them worse."""
    return {name: max(value, b.get(name, 0.0)) for name, value in a.items()}


def _peak(instruction_set: int, operands: int) -> float:
    out = np.zeros(1)
    factor = 0.5 if operands == FLOAT32 else 3.0
    best = float("inf")
    for _ in range(_RUNS + 1):  # the first compiles
        begin = time.perf_counter()
        spin(instruction_set, operands, factor, _STEPS, out)
        best = min(best, time.perf_counter() - begin)
    return 1e-9 * _STEPS * macs_per_step(instruction_set, operands) / best
