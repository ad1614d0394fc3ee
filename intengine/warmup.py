"""Compiling the kernels of a model before they are needed, and saying what is compiled."""

import contextlib
import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.resources import files

import numpy as np
from intengine_kernels.jit import LOG

from intengine.errors import InputError
from intengine.interpreter import Interpreter
from intengine.model import Model


@dataclass(frozen=True)
class Compiled:
    """One kernel for one combination of argument types. seconds: what compiling took, with the kernels it calls."""

    kernel: str
    seconds: float


@dataclass(frozen=True)
class Event:
    """What happens to a kernel: it begins to compile, is compiled (in so many seconds), or comes from the disk."""

    kernel: str
    is_loaded: bool = False
    seconds: float | None = None


@dataclass(frozen=True)
class Warmed:
    """A model whose kernels are compiled.

    Attributes:
        loaded: kernels that came from the disk. compiled: those that did not, in order.
        seconds: what compiling took.
    """

    loaded: int
    compiled: tuple[Compiled, ...]
    seconds: float


class _Handler(logging.Handler):
    def __init__(self, say: Callable[[Event], None]) -> None:
        super().__init__(logging.DEBUG)
        self._say = say

    def emit(self, record: logging.LogRecord) -> None:
        seconds: float | None = getattr(record, "seconds", None)
        self._say(Event(getattr(record, "kernel", ""), record.levelno == logging.DEBUG, seconds))


@contextlib.contextmanager
def listen(say: Callable[[Event], None]) -> Iterator[None]:
    """Hear of every kernel that is compiled or loaded in the meantime, from the thread that does it."""
    handler, level, propagates = _Handler(say), LOG.level, LOG.propagate
    LOG.propagate = propagates and LOG.isEnabledFor(logging.INFO)
    LOG.addHandler(handler)
    LOG.setLevel(logging.DEBUG)
    try:
        yield
    finally:
        LOG.setLevel(level)
        LOG.removeHandler(handler)
        LOG.propagate = propagates


def embedded() -> tuple[str, ...]:
    """Paths of the embedded models."""
    folder = files("intengine") / "data" / "digits"
    return tuple(sorted(str(file) for file in folder.iterdir() if file.name.endswith(".tflite")))


def warm_up(
    model: Model | str | bytes, *, profile: str = "litert-reference", say: Callable[[Event], None] | None = None
) -> Warmed:
    """Compile all kernels that a model needs under a profile, and keep them on disk: later processes only load them.

    The model runs once, on zeros, because some kernels are known only when the values before them are.

    Args:
        say: hears of every kernel.

    Raises:
        ModelError, UnsupportedError: if the model cannot run.
        InputError: for an unknown profile.
    """
    loaded = depth = 0
    total = 0.0
    compiled: list[Compiled] = []

    def hear(event: Event) -> None:
        nonlocal loaded, depth, total
        if event.is_loaded:
            loaded += 1
        elif event.seconds is None:
            depth += 1
        else:
            depth -= 1
            compiled.append(Compiled(event.kernel, event.seconds))
            # Kernels that a kernel calls are compiled within its time.
            total += event.seconds if depth == 0 else 0.0
        if say:
            say(event)

    with listen(hear):
        engine = Interpreter(model, profile=profile)
        zeros = {
            name: np.full(engine.input_shapes[name], b"", object)
            if spec.type.dtype.hasobject
            else np.zeros(engine.input_shapes[name], spec.type.dtype)
            for name, spec in engine.inputs.items()
        }
        # Zeros may be impossible values (an index, a size); binding has compiled everything before the first of them.
        with contextlib.suppress(InputError):
            engine.execute(zeros)
    return Warmed(loaded, tuple(compiled), total)
