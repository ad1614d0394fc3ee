"""Samples with labels for several models of one network, and how their inputs and outputs correspond."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from intengine.accuracy.data import Data, DataSource, Sample
from intengine.errors import InputError
from intengine.interpreter import Interpreter
from intengine.model import Quantization, TensorSpec
from intengine.quantization import INTEGER_RANGE, dequantize, quantize


@dataclass(frozen=True, eq=False)
class Dataset:
    """What models are fed with, read once.

    Attributes:
        samples: by tensor of the model it was read for.
        labels: int64[n], the right class of each sample, or None.
        notes: what was assumed on the way.
    """

    samples: tuple[Sample, ...]
    labels: NDArray[np.int64] | None = None
    notes: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.samples)


def read_dataset(
    engine: Interpreter,
    source: DataSource,
    *,
    limit: int | None = None,
    labels: Path | NDArray[np.int64] | None = None,
    mean: Sequence[float] | None = None,
    std: Sequence[float] | None = None,
) -> Dataset:
    """Samples for the engine's inputs, as `Data` reads them.

    Args:
        limit: at most so many samples, the first ones.
        labels: the right classes, or an .npy or a text file with one number for each sample.
        mean, std: real = (pixel - mean) / std, for pixels.

    Raises:
        InputError: if there is nothing to read, or what there is fits no input or has too few labels.
    """
    data = Data(engine, source, limit, mean, std, read_labels(labels) if isinstance(labels, Path) else labels)
    found = tuple(data)
    if not found:
        raise InputError("Data must hold at least one sample; these have none.")
    marks = data.labels
    if marks is not None and marks.size < len(found):
        raise InputError(f"There must be a label for each sample; there are {marks.size} for {len(found)}.")
    return Dataset(found, None if marks is None else marks[: len(found)], tuple(data.assumed))


def read_labels(path: Path) -> NDArray[np.int64]:
    """int64[n] class numbers from an .npy or a text file.

    Raises:
        InputError: if the file holds anything else.
    """
    try:
        if path.suffix.lower() == ".npy":
            found = np.load(path, allow_pickle=False)
        else:
            found = np.array([int(word) for word in path.read_text(encoding="utf-8").split()], np.int64)
    except (OSError, ValueError, EOFError) as error:
        raise InputError(
            f"Labels must be an .npy or a text file with one number for each sample; {path}: {error}."
        ) from error
    if found.dtype.kind not in "iu":
        raise InputError(f"Labels must be class numbers; {path} has {found.dtype}.")
    return found.reshape(-1).astype(np.int64)


def is_real(spec: TensorSpec) -> bool:
    """Whether integers of this tensor stand for real numbers."""
    return bool(spec.quantization) and spec.type in INTEGER_RANGE


def to_real(values: NDArray[Any], spec: TensorSpec) -> NDArray[Any]:
    """Values of a tensor as real numbers, float32; those that stand for themselves as they are."""
    return dequantize(values, spec.quantization).reshape(values.shape) if is_real(spec) else values


def as_input(sample: Sample, read_for: TensorSpec, spec: TensorSpec) -> NDArray[Any]:
    """One input of a sample, which was read for one model, as another model's input takes it."""
    values = sample.given[read_for.index]
    if spec.type is read_for.type and (_same(spec.quantization, read_for.quantization) or not is_real(spec)):
        return values
    real = sample.real.get(read_for.index, values)
    if is_real(spec):
        return quantize(np.asarray(real, np.float32), spec.quantization, spec.type).reshape(values.shape)
    return np.array(np.asarray(real).reshape(values.shape), spec.type.dtype, order="C")


def _same(a: Quantization, b: Quantization) -> bool:
    return np.array_equal(a.scale, b.scale) and np.array_equal(a.zero_point, b.zero_point)


def pair_tensors(ours: Mapping[str, TensorSpec], theirs: Mapping[str, TensorSpec], what: str) -> dict[str, str]:
    """Name here -> name there, of two models' inputs or outputs: by name, by place, or by a shape that is unique.

    Raises:
        InputError: if none of these tells them apart.
    """
    if len(ours) == len(theirs):
        if ours.keys() == theirs.keys():
            return {name: name for name in ours}
        if [_size(a) for a in ours.values()] == [_size(b) for b in theirs.values()]:
            return dict(zip(ours, theirs, strict=True))
        by_shape = {_size(spec): name for name, spec in theirs.items()}
        if len(by_shape) == len(theirs) and {_size(spec) for spec in ours.values()} == by_shape.keys():
            return {name: by_shape[_size(spec)] for name, spec in ours.items()}
    raise InputError(
        f"The reference must have the same {what} as the model; "
        f"{_listed(theirs)} cannot be matched with {_listed(ours)}."
    )


def _size(spec: TensorSpec) -> tuple[int, ...]:
    return tuple(n for n in spec.shape if n != 1)


def _listed(specs: Mapping[str, TensorSpec]) -> str:
    return ", ".join(f"{name!r} {list(spec.shape)}" for name, spec in specs.items())
