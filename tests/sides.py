"""Both sides of a problem: what intengine gives and what another runtime gives, over all its invocations."""

import hashlib
from types import TracebackType
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

import intengine
from intengine.runners import LiteRTRunner, TFLMRunner
from intengine.runners.litert import Resolver
from tests.cases import Problem

Runner = LiteRTRunner | TFLMRunner

#: Profile -> LiteRT's resolver that gives its answers, or tflite-micro.
RESOLVERS: dict[str, Resolver | Literal["tflm"]] = {
    "litert-reference": "reference",
    "litert-optimized": "optimized",
    "litert-xnnpack": "xnnpack",
    "tflm": "tflm",
}


class LiteRT:
    """A process for each resolver and one for tflite-micro, started when it is first needed and again when it died."""

    def __init__(self) -> None:
        self._runners: dict[str, Runner] = {}

    def __getitem__(self, resolver: Resolver | Literal["tflm"]) -> Runner:
        if resolver not in self._runners:
            self._runners[resolver] = TFLMRunner() if resolver == "tflm" else LiteRTRunner(resolver)
        return self._runners[resolver]

    def close(self) -> None:
        for runner in self._runners.values():
            runner.close()

    def __enter__(self) -> "LiteRT":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()


def fingerprint(problem: Problem) -> str:
    """Of the model and its inputs."""
    digest = hashlib.sha256(problem.model)
    for inputs in problem.invocations:
        for array in inputs:
            digest.update(repr(array.tolist()).encode() if array.dtype == object else array.tobytes())
    return digest.hexdigest()


def storable(array: NDArray[Any]) -> NDArray[Any]:
    """The array as a file of arrays takes it: strings of bytes with a fixed width and an end mark."""
    if array.dtype != object:
        return array
    return np.array([text + b"|" for text in array.reshape(-1).tolist()], "S").reshape(array.shape)


def engine_outputs(problem: Problem, profile: str = "litert-reference") -> list[NDArray[Any]]:
    """The outputs of all invocations under a profile, one after the other."""
    engine = intengine.Interpreter(problem.model, profile=profile)
    graph = engine.model.main
    found: list[NDArray[Any]] = []
    for inputs in problem.invocations:
        found += engine.run(dict(zip(graph.inputs, inputs, strict=True))).values()
    return found


def litert_outputs(problem: Problem, runner: Runner) -> list[NDArray[Any]]:
    """The same of LiteRT, which cannot show an output without elements: that is one of zero floats then."""
    graph = intengine.load(problem.model).main
    resized = {
        index: array.shape
        for index, array in zip(graph.inputs, problem.inputs, strict=True)
        if array.shape != graph.tensors[index].shape
    }
    runner.load(problem.model, shapes=resized)
    found: list[NDArray[Any]] = []
    for inputs in problem.invocations:
        tensors = runner.run(dict(zip(graph.inputs, inputs, strict=True)), graph.outputs)
        found += [tensors.get(index, np.zeros(0, np.float32)) for index in graph.outputs]
    return found
