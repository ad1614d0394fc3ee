"""Any program that runs a model: files in, files out. docs/runners.md is its protocol."""

import shlex
import subprocess
import tempfile
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from intengine.errors import InputError
from intengine.runners.litert import RunnerError


class CommandRunner:
    """Runs `command MODEL INPUTS.npz OUTPUTS.npz` once for each sample, in a folder of its own.

    Args:
        command: as a shell would split it; nothing of it is given to a shell.
        seconds: how long one run may take.

    Raises:
        InputError: for an empty or unfinished command.
    """

    def __init__(self, command: str, *, seconds: float = 600.0) -> None:
        try:
            self.words = shlex.split(command)
        except ValueError as error:
            raise InputError(f"A command must be what a shell can split; got {command!r}: {error}.") from error
        if not self.words:
            raise InputError("A command must name a program; it is empty.")
        self.seconds = seconds

    def run(self, model: bytes, inputs: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
        """Output name (or tensor name, or tensor index as text) -> array, whatever the program gives.

        Args:
            inputs: input name -> array.

        Raises:
            RunnerError: if the program cannot be started, fails, takes too long, or writes no readable npz.
        """
        with tempfile.TemporaryDirectory(prefix="intengine-") as folder:
            place = Path(folder)
            paths = [place / "model.tflite", place / "inputs.npz", place / "outputs.npz"]
            paths[0].write_bytes(model)
            write_npz(paths[1], inputs)
            self._call([str(path) for path in paths])
            return _read(paths[2], self.words[0])

    def _call(self, paths: list[str]) -> None:
        try:
            done = subprocess.run(
                [*self.words, *paths], stdin=subprocess.DEVNULL, capture_output=True, timeout=self.seconds, check=False
            )
        except OSError as error:
            raise RunnerError(f"The command must be a program that can be started; {error}.", crashed=True) from error
        except subprocess.TimeoutExpired:
            raise RunnerError(
                f"The command must end within {self.seconds:g} seconds; {self.words[0]} did not.", crashed=True
            ) from None
        if done.returncode:
            said = done.stderr.decode("utf-8", "replace").strip().splitlines()
            raise RunnerError(
                f"The command must end with exit code 0; {self.words[0]} ended with {done.returncode}"
                + (f": {said[-1][:300]}" if said else "."),
                crashed=True,
            )


def write_npz(path: Path, arrays: Mapping[str, NDArray[Any]]) -> None:
    """An .npz, not compressed; not by np.savez, whose keyword arguments the names would be, "file" among them."""
    with zipfile.ZipFile(path, "w") as archive:
        for name, array in arrays.items():
            with archive.open(f"{name}.npy", "w", force_zip64=True) as file:
                np.lib.format.write_array(file, array, allow_pickle=False)


def _read(path: Path, program: str) -> dict[str, NDArray[Any]]:
    try:
        with np.load(path, allow_pickle=False) as data:
            return {name: data[name] for name in data.files}
    except (OSError, ValueError, zipfile.BadZipFile, AttributeError) as error:
        raise RunnerError(f"The command must write its outputs as an npz; {program} did not: {error}.") from error
