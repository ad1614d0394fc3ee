"""Micro-kernels per instruction set, and the plain loops they must equal.

An instruction set is an argument of kernels (see `tag`), so a test can ask for any that the host can run.
"""

import contextlib
import functools
import os
from collections.abc import Iterator
from contextvars import ContextVar
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

#: Plain loops: runs everywhere, and uncompiled.
GENERIC = 0
#: 256-bit vpmaddwd on int16 pairs.
AVX2 = 1
#: 256-bit vpdpbusd and vpdpwssd.
AVXVNNI = 2
#: 512-bit vpdpbusd and vpdpwssd.
AVX512VNNI = 3
#: 128-bit sdot of arm64, on int8 pairs; int16 by multiplying long.
DOTPROD = 4

NAMES = {GENERIC: "generic", AVX2: "avx2", AVXVNNI: "avxvnni", AVX512VNNI: "avx512vnni", DOTPROD: "dotprod"}

#: What instructions for bytes take as activations.
_BYTES: dict[int, DTypeLike] = {AVXVNNI: np.uint8, AVX512VNNI: np.uint8, DOTPROD: np.int8}
#: Columns of a panel of packed weights, for all instruction sets.
COLUMNS = 32
#: Rows of the tallest tile.
TILE_ROWS = 12
#: Rows of activations that are multiplied before the block is requantized; a multiple of every tile's rows.
ROW_BLOCK = 48


@functools.cache
def host_features() -> frozenset[str]:
    """Names of the CPU features that Numba compiles for."""
    from llvmlite import binding
    from numba.core import config

    override = getattr(config, "CPU_FEATURES", None)
    if override:
        return frozenset(f[1:] for f in override.split(",") if f.startswith("+"))
    if getattr(config, "CPU_NAME", None) == "generic":
        return frozenset()
    return frozenset(name for name, there in binding.get_host_cpu_features().items() if there)


def available() -> tuple[int, ...]:
    """The instruction sets that the host can run, best last."""
    if os.environ.get("NUMBA_DISABLE_JIT", "0") not in ("", "0"):
        return (GENERIC,)
    features = host_features()
    found = [GENERIC]
    if "avx2" in features:
        found.append(AVX2)
    if "avxvnni" in features or {"avx512vnni", "avx512vl"} <= features:
        found.append(AVXVNNI)
    if {"avx512vnni", "avx512bw", "avx512vl", "avx512f"} <= features:
        found.append(AVX512VNNI)
    if "dotprod" in features:
        found.append(DOTPROD)
    return tuple(found)


_CHOSEN: ContextVar[int | None] = ContextVar("instruction set", default=None)


def best() -> int:
    """The fastest instruction set of the host, or the one that `use` chose."""
    chosen = _CHOSEN.get()
    return available()[-1] if chosen is None else chosen


@contextlib.contextmanager
def use(instruction_set: int) -> Iterator[None]:
    """Prepare kernels for another of the available instruction sets; results never depend on it."""
    if instruction_set not in available():
        raise ValueError(f"The host cannot run {NAMES.get(instruction_set, instruction_set)}.")
    token = _CHOSEN.set(instruction_set)
    try:
        yield
    finally:
        _CHOSEN.reset(token)


def tag(instruction_set: int) -> tuple[int, ...] | None:
    """What kernels take for an instruction set: its *type* says which, so that only that one is compiled."""
    return None if instruction_set == GENERIC else (0,) * instruction_set


def panel_dtype(isa: int, activations: DTypeLike, weights: DTypeLike) -> np.dtype:
    """Element type that activations are copied to before they are multiplied with int8 or int16 weights.

    vpdpbusd takes uint8, sdot int8; without them, and for wider operands, both sides are int16.
    """
    are_bytes = np.dtype(activations).itemsize == 1 and np.dtype(weights).itemsize == 1
    return np.dtype(_BYTES.get(isa, np.int16) if are_bytes else np.int16)


def flip(panel: np.dtype[Any], activations: DTypeLike) -> int:
    """128 where activations become the other type of 8 bits by flipping the top bit, else 0."""
    return 128 if panel.itemsize == 1 and panel != np.dtype(activations) else 0


def flipped_zero_point(zero_point: int, panel: np.dtype[Any], activations: DTypeLike) -> int:
    """What a zero point of activations is in a panel."""
    moved = flip(panel, activations)
    return zero_point + (moved if panel == np.uint8 else -moved)
