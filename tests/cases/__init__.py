"""One-op problems: each module of this package has `problems()`; the same objects feed every kind of test."""

import functools
import importlib
import pkgutil
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray

from intengine.reader import load
from intengine.runners.litert import Resolver


@dataclass(frozen=True, eq=False, repr=False)
class Problem:
    """A small model with inputs.

    Attributes:
        name: unique, starts with the operator's name.
        model: bytes of a .tflite.
        inputs: in the order of the graph's inputs.
        then: inputs of further invocations, of operators with a state.
        resolver: of LiteRT; "optimized" for operators that its reference resolver does not have, "xnnpack"
            for those that only that delegate has.
        ulp: greatest distance allowed between float outputs, in units in the last place; integers are exact.
        reason: why `ulp` is not 0.
    """

    name: str
    model: bytes
    inputs: tuple[NDArray[Any], ...]
    ulp: int = 0
    reason: str = ""
    then: tuple[tuple[NDArray[Any], ...], ...] = ()
    resolver: Resolver = "reference"

    def __repr__(self) -> str:
        """The operators with their tensors and options, without the values."""
        graph = load(self.model).main
        nodes = [f"{node.op} {dict(node.options)}" for node in graph.nodes]
        tensors = [
            f"{t.type.name}{list(t.shape)}*{t.quantization.scale[:2]}{t.quantization.zero_point[:2]}"
            for t in graph.tensors
        ]
        return f"{self.name}: {'; '.join(nodes)} on {', '.join(tensors)}"

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        printer.text(repr(self))

    @property
    def invocations(self) -> tuple[tuple[NDArray[Any], ...], ...]:
        """The inputs of every invocation."""
        return (self.inputs, *self.then)


def modules() -> list[str]:
    """Names of the modules that hold problems."""
    return sorted(m.name for m in pkgutil.iter_modules(__path__) if not m.name.startswith("_"))


def problems(module: str) -> Iterator[Problem]:
    """All problems of one module, the same ones however often they are asked for."""
    yield from _made(module)


@functools.cache
def _made(module: str) -> tuple[Problem, ...]:
    return tuple(importlib.import_module(f"tests.cases.{module}").problems())
