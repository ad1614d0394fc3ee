"""The embedded digits models against what LiteRT computed with them, with nothing but this package.

The recordings are in `intengine/data/digits` (see its README): the output of every model for each of 360 test images,
and every operator's output for four of them. Integer tensors must be equal. The recordings of float arithmetic were
made on x86-64 with its C library, so on other machines their last bits may differ: float tensors may lie
`FLOAT_MODEL` apart, relative to the greatest magnitude in the tensor. What really differs is counted all the same.
"""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

import numpy as np
from numpy.typing import NDArray

from intengine.comparison.metrics import difference, is_float
from intengine.comparison.tolerances import FLOAT_MODEL
from intengine.comparison.traces import magnitude
from intengine.interpreter import Interpreter
from intengine.quantization import quantize
from intengine.reader import load

FLOAT = "digits_float32"
_ORDER = (FLOAT, "digits_float16", "digits_dynamic", "digits_int8", "digits_int16x8", "digits_qat_int8")
Progress = Callable[[str], None]


@dataclass(frozen=True)
class Exactness:
    """Elements compared with a recording.

    Attributes:
        elements, differing: compared, and not equal bit for bit.
        max_ulp: greatest distance of two floats, None for integers.
        beyond: elements of tensors that differ by more than is allowed; 0 means good.
    """

    elements: int = 0
    differing: int = 0
    max_ulp: int | None = None
    beyond: int = 0

    def __add__(self, other: "Exactness") -> "Exactness":
        ulps = [ulp for ulp in (self.max_ulp, other.max_ulp) if ulp is not None]
        return Exactness(
            self.elements + other.elements,
            self.differing + other.differing,
            max(ulps, default=None),
            self.beyond + other.beyond,
        )


@dataclass(frozen=True)
class DemoResult:
    """One embedded model.

    Attributes:
        what: how it is quantized. nbytes: size of its file.
        images, correct: test images, and how many it reads right. recorded_correct: with LiteRT.
        agreeing: images that it reads as the float32 model does.
        outputs: its outputs for all images against LiteRT's. tensors: every operator's output for four images.
        milliseconds: per image, after compiling.
    """

    model: str
    what: str
    nbytes: int
    images: int
    correct: int
    recorded_correct: int
    agreeing: int
    outputs: Exactness
    tensors: Exactness
    milliseconds: float

    @property
    def ok(self) -> bool:
        """Whether nothing differs by more than is allowed."""
        return not self.outputs.beyond and not self.tensors.beyond

    @property
    def accuracy(self) -> float:
        return self.correct / self.images


def demo(progress: Progress | None = None) -> tuple[DemoResult, ...]:
    """Run the six models on the test images and compare with the recordings.

    Args:
        progress: called with a model's name before it runs.

    Raises:
        UnsupportedError: if this installation lacks an operator of theirs.
    """
    split = _arrays("test_split.npz")
    outputs, traces = _arrays("litert_outputs.npz"), _arrays("litert_traces.npz")
    provenance = json.loads(_bytes("provenance.json"))
    images, labels = split["images"], split["labels"]
    reference: NDArray[Any] | None = None
    results = []
    for name in _ORDER:
        if progress:
            progress(name)
        facts = provenance["models"][name]
        content = _bytes(f"{name}.tflite")
        engine = Interpreter(load(content))
        inputs = _as_inputs(engine, images)
        engine.run(inputs[0])
        started = time.perf_counter()
        made = np.concatenate([next(iter(engine.run(x).values())) for x in inputs])
        spent = time.perf_counter() - started
        answers = np.argmax(made, axis=1)
        reference = answers if reference is None else reference
        results.append(
            DemoResult(
                name,
                facts["what"],
                len(content),
                len(images),
                int(np.count_nonzero(answers == labels)),
                facts["correct"],
                int(np.count_nonzero(answers == reference)),
                _exactness(made, outputs[name]),
                _tensors(engine, inputs, name, traces),
                1000 * spent / len(images),
            )
        )
    return tuple(results)


def _bytes(name: str) -> bytes:
    return files("intengine").joinpath("data", "digits", name).read_bytes()


def _arrays(name: str) -> dict[str, NDArray[Any]]:
    with files("intengine").joinpath("data", "digits", name).open("rb") as file, np.load(file) as data:
        return {key: data[key] for key in data.files}


def _as_inputs(engine: Interpreter, images: NDArray[Any]) -> list[NDArray[Any]]:
    """Each image alone, quantized where the input is an integer."""
    (spec,) = engine.inputs.values()
    values = quantize(images, spec.quantization, spec.type) if spec.quantization else images
    return [value[None] for value in values]


def _tensors(engine: Interpreter, inputs: list[NDArray[Any]], name: str, traces: dict[str, NDArray[Any]]) -> Exactness:
    recorded = {int(key.split("/")[1]): array for key, array in traces.items() if key.startswith(f"{name}/")}
    total = Exactness()
    for at in range(min(map(len, recorded.values()))):
        trace = engine.trace(inputs[at])
        for step in trace.steps:
            for i in step.outputs:
                total += _exactness(trace[i], recorded[i][at])
    return total


def _exactness(made: NDArray[Any], recorded: NDArray[Any]) -> Exactness:
    if made.dtype != recorded.dtype or made.shape != recorded.shape:
        return Exactness(made.size, made.size, None, made.size)
    found = difference(made, recorded)
    allowed = FLOAT_MODEL * magnitude(recorded) if is_float(made.dtype) else 0.0
    beyond = found.differing if found.max_abs > allowed else 0
    return Exactness(made.size, found.differing, found.max_ulp, beyond)
