"""Samples for two sides at once: integers as the quantized model takes them, and the real numbers they stand for."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from intengine import samples
from intengine.errors import InputError
from intengine.images import IMAGE_SUFFIXES, load_image, map_pixels
from intengine.interpreter import Interpreter
from intengine.model import TensorSpec
from intengine.quantization import dequantize, quantize
from intengine.shapes import Shape

Arrays = Mapping[str, NDArray[Any]]
#: A file, a folder, "random:N:seed", arrays by input name, or the array of the only input.
DataSource = str | PathLike[str] | samples.Random | Arrays | NDArray[Any]
#: Names under which an npz keeps the right answers.
_LABELS = ("labels", "label", "y")
#: The end of what `load_image` says of an image: how pixels became values.
_MAPPING = re.compile(r", (?:L|RGB|RGBA), (.*)$")


@dataclass(frozen=True, eq=False)
class Sample:
    """One sample, by tensor index of the quantized model's inputs.

    Attributes:
        given: as the quantized model takes it. real: float32 where the input stands for real numbers.
    """

    given: Mapping[int, NDArray[Any]]
    real: Mapping[int, NDArray[Any]]


@dataclass(eq=False)
class Data:
    """Samples of one source, read anew on each iteration.

    Attributes:
        labels: int64[n], one for each sample, or None. assumed: how values became inputs, a sentence each.
    """

    engine: Interpreter
    source: DataSource
    limit: int | None = None
    mean: Sequence[float] | None = None
    std: Sequence[float] | None = None
    labels: NDArray[np.int64] | None = None
    assumed: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        if isinstance(self.source, str | PathLike):
            self.source = samples.parse(str(self.source))
        if isinstance(self.source, Path) and self.source.suffix == ".npz":
            self.source = samples.load_arrays(self.source)
        if isinstance(self.source, np.ndarray):
            self.source = {"": self.source}
        if isinstance(self.source, Mapping):
            self.source = self._without_labels(dict(self.source))

    def _without_labels(self, arrays: dict[str, NDArray[Any]]) -> Arrays:
        for name in _LABELS:
            found = arrays.get(name)
            if found is None or name in self.engine.inputs:
                continue
            if found.ndim == 1 and found.dtype.kind in "iu":
                del arrays[name]
                self.labels = found.astype(np.int64) if self.labels is None else self.labels
        return arrays

    def __iter__(self) -> Iterator[Sample]:
        for at, sample in enumerate(self._samples()):
            if self.limit is not None and at >= self.limit:
                return
            yield sample

    def __len__(self) -> int:
        """How many samples there are; of a folder, how many files if these are more."""
        source = self.source
        if isinstance(source, samples.Random):
            found = source.count
        elif isinstance(source, Mapping):
            found = sum(1 for _ in self._stacked(source, "the data"))
        else:
            assert isinstance(source, Path)
            found = sum(1 for _ in source.iterdir()) if source.is_dir() else 1
        return found if self.limit is None else min(found, self.limit)

    def _samples(self) -> Iterator[Sample]:
        source = self.source
        if isinstance(source, samples.Random):
            for one in samples.draw(self.engine, source):
                yield self._both(one)
        elif isinstance(source, Mapping):
            yield from self._stacked(source, "the data")
        elif isinstance(source, Path) and source.is_dir():
            known = {".npy", ".npz", *IMAGE_SUFFIXES}
            files = sorted(file for file in source.iterdir() if file.suffix.lower() in known)
            if not files:
                raise InputError(f"A folder of data must have .npy, .npz or image files; {str(source)!r} has none.")
            for file in files:
                yield from self._file(file)
        else:
            assert isinstance(source, Path)
            yield from self._file(source)

    def _file(self, path: Path) -> Iterator[Sample]:
        if path.suffix.lower() not in IMAGE_SUFFIXES:
            yield from self._stacked(samples.load_arrays(path), str(path))
            return
        name, spec = samples.only_input(self.engine, path)
        image = load_image(path, spec, self.engine.input_shapes[name], mean=self.mean, std=self.std)
        mapping = _MAPPING.search(image.assumed)
        self._assume(f"{name}: images resized to its size, {mapping[1] if mapping else 'pixels as they are'}")
        yield self._both({name: image.values})

    def _stacked(self, arrays: Arrays, source: str) -> Iterator[Sample]:
        matched = samples.match_names(self.engine, arrays, source)
        stacks = {name: self._split(name, array, source) for name, array in matched.items()}
        counts = {len(stack) for stack in stacks.values()}
        if len(counts) != 1:
            raise InputError(f"All inputs must have the same number of samples; {source} has {sorted(counts)}.")
        for at in range(counts.pop()):
            yield self._both({name: stack[at] for name, stack in stacks.items()})

    def _split(self, name: str, array: NDArray[Any], source: str) -> Sequence[NDArray[Any]]:
        shape = self.engine.input_shapes[name]
        if array.shape == shape:
            return [array]
        if array.ndim == len(shape) + 1 and array.shape[1:] == shape:
            return list(array)
        if array.ndim == len(shape) and shape and shape[0] == 1 and array.shape[1:] == shape[1:]:
            return [row[None] for row in array]
        raise InputError(
            f"Input {name!r} must have shape {list(shape)}, or that with the number of samples in front; "
            f"{source} has {list(array.shape)}."
        )

    def _both(self, one: Arrays) -> Sample:
        given: dict[int, NDArray[Any]] = {}
        real: dict[int, NDArray[Any]] = {}
        for name, array in one.items():
            spec = self.engine.inputs[name]
            values, known = self._as_input(name, spec, array)
            given[spec.index] = values
            if known is not None:
                real[spec.index] = known
            elif values.dtype.kind == "f":
                real[spec.index] = values
            elif spec.quantization:
                real[spec.index] = dequantize(values, spec.quantization)
        return Sample(given, real)

    def _as_input(self, name: str, spec: TensorSpec, array: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any] | None]:
        """(values as the input takes them, the real numbers they came from, if these were given)."""
        wanted = spec.type.dtype
        pixels = array.dtype == np.uint8 and _is_image(array.shape)
        if pixels and (self.mean is not None or self.std is not None or wanted != np.uint8):
            values, text = map_pixels(array, spec, self.mean, self.std)
            self._assume(f"{name}: {text}")
            return values, None
        if array.dtype == wanted:
            return array, None
        if array.dtype.kind == "f" and spec.quantization:
            real = array.astype(np.float32)
            return quantize(real, spec.quantization, spec.type), real
        if array.dtype.kind == "f" and wanted.kind == "f":
            return array.astype(wanted), None
        raise InputError(
            f"Input {name!r} must be given as {wanted}, as floats if it is quantized, or as uint8 pixels; "
            f"got {array.dtype}."
        )

    def _assume(self, text: str) -> None:
        if text not in self.assumed and len(self.assumed) < 8:
            self.assumed.append(text)


def _is_image(shape: Shape) -> bool:
    return len(shape) == 4 and shape[-1] in (1, 3, 4)
