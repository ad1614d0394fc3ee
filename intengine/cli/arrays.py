"""Arrays that a run gave: to files, and to people."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from intengine.cli.console import Printer
from intengine.comparison.metrics import is_float
from intengine.errors import InputError
from intengine.runners import write_npz

_SHOWN = 8


def check_output(path: Path | None, *, force: bool) -> None:
    """Whether the outputs can go there.

    Raises:
        InputError: for another kind of file, one that exists (without `force`), or a folder that does not.
    """
    if path is None:
        return
    if path.suffix not in (".npy", ".npz"):
        raise InputError(f"--output must end in .npz or .npy; got {str(path)!r}.")
    check_new_file(path, "--output", force=force)


def check_new_file(path: Path, option: str, *, force: bool) -> None:
    """Whether a file can be made there.

    Raises:
        InputError: for one that exists (without `force`), or a folder that does not.
    """
    if path.exists() and not force:
        raise InputError(f"{str(path)!r} exists; --force overwrites it.")
    if not path.parent.is_dir():
        raise InputError(f"{option} must be in a folder that exists; {str(path.parent)!r} does not.")


def write_arrays(path: Path, arrays: Mapping[str, NDArray[Any]]) -> None:
    """Write an .npz, or an .npy if there is one array.

    bfloat16 and float8, which such files cannot name, are written as float32, which holds them exactly.

    Raises:
        InputError: if an .npy is to hold several arrays.
    """
    plain = {name: array.astype(np.float32) if array.dtype.isbuiltin == 2 else array for name, array in arrays.items()}
    if path.suffix == ".npy":
        if len(plain) != 1:
            raise InputError(f"An .npy holds one output; this model has {len(plain)}. Use an .npz.")
        np.save(path, next(iter(plain.values())), allow_pickle=False)
        return
    write_npz(path, plain)


def print_array(out: Printer, name: str, array: NDArray[Any]) -> None:
    """Name, type, range and the first elements, in one line."""

    def show(value: Any) -> str:
        return f"{value:.6g}" if is_float(array.dtype) else str(value)

    text = f"{name}: {array.dtype}{list(array.shape)}"
    if array.dtype.kind in "iuf" and array.size:
        text += f", {show(array.min())} to {show(array.max())}"
    flat = array.reshape(-1)
    shown = ", ".join(map(show, flat[:_SHOWN]))
    out.line(f"{text}: {shown}{', ...' if flat.size > _SHOWN else ''}")
