"""The child process of `TFLMRunner`: answers load and run requests on its standard streams."""

import os
from dataclasses import dataclass
from typing import IO, Any

import numpy as np

from intengine.runners._child import Tensors, serve

#: Sizes of the arena that are tried. Pages that no kernel touches cost nothing.
_LEAST, _MOST = 1 << 24, 1 << 31
#: What tflite-micro says of an arena that is too small.
_TOO_SMALL = ("failed to resize buffer", "failed to allocate", "missing:", "arena size")


@dataclass(frozen=True, eq=False)
class _Loaded:
    """An interpreter with what it does not tell: which tensors its inputs and outputs are.

    Attributes:
        shown: further tensors that it can show.
    """

    interpreter: Any
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    shown: frozenset[int]


class _Said:
    """What tflite-micro prints, which is why it refuses; its exceptions do not say."""

    def __init__(self) -> None:
        self.file: IO[bytes] = os.fdopen(os.memfd_create("said"), "w+b", buffering=0)
        os.dup2(self.file.fileno(), 2)

    def take(self) -> str:
        """All since the last time."""
        self.file.seek(0)
        text = self.file.read().decode("utf-8", "replace")
        self.file.seek(0)
        self.file.truncate()
        return "; ".join(line.strip() for line in text.splitlines() if line.strip())


_said = _Said()


def _load(model: bytes, inputs: tuple[int, ...], outputs: tuple[int, ...], shown: set[int], keep_all: bool) -> _Loaded:
    from tflite_micro.python.tflite_micro.runtime import Interpreter, InterpreterConfig

    config = InterpreterConfig.kPreserveAllTensors if keep_all else InterpreterConfig.kAllocationRecording
    size = _LEAST
    while True:
        _said.take()
        try:
            interpreter = Interpreter.from_bytes(model, arena_size=size, intrepreter_config=config)
        except RuntimeError as error:
            why = _said.take()
            if size < _MOST and any(text in why.lower() for text in _TOO_SMALL):
                size *= 2
                continue
            raise RuntimeError(why or str(error)) from error
        return _Loaded(interpreter, inputs, outputs, frozenset(shown))


def _run(loaded: _Loaded, inputs: Tensors, wanted: tuple[int, ...]) -> Tensors:
    _said.take()
    for position, index in enumerate(loaded.inputs):
        loaded.interpreter.set_input(inputs[index], position)
    try:
        loaded.interpreter.invoke()
    except RuntimeError as error:
        raise RuntimeError(_said.take() or str(error)) from error
    out: Tensors = {}
    for index in wanted:
        try:
            if index in loaded.outputs:
                out[index] = np.array(loaded.interpreter.get_output(loaded.outputs.index(index)))
            elif index in loaded.shown:
                out[index] = np.array(loaded.interpreter.GetTensor(index, 0)["tensor_data"])
        except ValueError:
            continue
    return out


if __name__ == "__main__":
    serve(_load, _run)
