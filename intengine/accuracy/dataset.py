"""Samples with labels, for measuring what a change to a model does."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from intengine import samples
from intengine.errors import InputError
from intengine.images import IMAGE_SUFFIXES, load_image, map_pixels
from intengine.interpreter import Interpreter
from intengine.model import TensorSpec
from intengine.quantization import INTEGER_RANGE, dequantize, quantize
from intengine.samples import Sample

_LABELS = ("labels", "label", "y", "targets")


@dataclass(frozen=True, eq=False)
class Dataset:
    """What models are fed with.

    Attributes:
        samples: input name of the model it was read for -> array: in that input's type, or float32, real numbers.
        labels: int64[n], the right class of each sample, or None.
        source: where it comes from. notes: what was assumed on the way.
    """

    samples: tuple[Sample, ...]
    labels: NDArray[np.int64] | None = None
    source: str = ""
    notes: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.samples)


def read_dataset(
    engine: Interpreter,
    text: str,
    *,
    limit: int | None = None,
    labels: Path | None = None,
    mean: Sequence[float] | None = None,
    std: Sequence[float] | None = None,
) -> Dataset:
    """Samples for the engine's inputs from an .npz, .npy, image, a folder of these, or random:N:seed.

    An npz may hold the labels under the name labels, label, y or targets. Float arrays for quantized inputs are real
    numbers, to be quantized. uint8 arrays for other inputs of images are pixels, mapped as `intengine run` maps images.

    Args:
        limit: at most so many samples, the first ones.
        labels: an .npy or a text file with one class number for each sample.
        mean, std: real = (pixel - mean) / std, for pixels.

    Raises:
        InputError: if there is nothing to read, or what there is fits no input.
    """
    wanted = samples.parse(text)
    if isinstance(wanted, samples.Random):
        drawn = tuple(samples.draw(engine, wanted))
        return _limited(Dataset(drawn, None if labels is None else _label_file(labels), str(wanted)), limit)
    notes: dict[str, None] = {}
    found: list[Sample] = []
    right: list[NDArray[np.int64]] = []
    for file in _files(wanted):
        rows, marks = _read(engine, file, mean, std, notes)
        found += rows
        if marks is not None:
            right.append(marks)
        if limit is not None and len(found) >= limit:
            break
    known = np.concatenate(right) if right else None
    if labels is not None:
        known = _label_file(labels)
    return _limited(Dataset(tuple(found), known, str(wanted), tuple(notes)), limit)


def _limited(data: Dataset, limit: int | None) -> Dataset:
    count = len(data.samples) if limit is None else min(limit, len(data.samples))
    if not count:
        raise InputError(f"Data must hold at least one sample; {data.source} has none.")
    if data.labels is not None and data.labels.size < count:
        raise InputError(f"There must be a label for each sample; {data.source}: {data.labels.size} for {count}.")
    marks = None if data.labels is None else data.labels[:count]
    return Dataset(data.samples[:count], marks, data.source, data.notes)


def _files(path: Path) -> list[Path]:
    if not path.is_dir():
        return [path]
    known = {".npy", ".npz", *IMAGE_SUFFIXES}
    files = sorted(file for file in path.iterdir() if file.suffix.lower() in known)
    if not files:
        raise InputError(f"A folder of data must have .npy, .npz or image files; {str(path)!r} has none.")
    return files


def _read(
    engine: Interpreter,
    path: Path,
    mean: Sequence[float] | None,
    std: Sequence[float] | None,
    notes: dict[str, None],
) -> tuple[list[Sample], NDArray[np.int64] | None]:
    if path.suffix.lower() in IMAGE_SUFFIXES:
        name, spec = samples.only_input(engine, path)
        image = load_image(path, spec, engine.input_shapes[name], mean=mean, std=std)
        notes[f"{spec.name}: images, {image.assumed.rsplit(', ', 1)[-1]}"] = None
        return [{name: image.values}], None
    arrays = samples.load_arrays(path)
    marks = _taken(arrays, engine)
    given = samples.match_names(engine, arrays, path)
    stacks = {}
    for name, array in given.items():
        spec = engine.inputs[name]
        converted, note = _converted(array, spec, mean, std, path)
        if note:
            notes[f"{spec.name}: {note}"] = None
        stacks[name] = samples.rows(engine, name, converted, path)
    counts = {len(stack) for stack in stacks.values()}
    if len(counts) != 1:
        raise InputError(f"All inputs must have the same number of samples; {path} has {sorted(counts)}.")
    return [{name: stack[i] for name, stack in stacks.items()} for i in range(counts.pop())], marks


def _taken(arrays: dict[str, NDArray[Any]], engine: Interpreter) -> NDArray[np.int64] | None:
    """The labels, taken out of an npz's arrays."""
    for name in _LABELS:
        if name in arrays and name not in engine.inputs and len(arrays) > 1 and arrays[name].dtype.kind in "iu":
            return arrays.pop(name).reshape(-1).astype(np.int64)
    return None


def _converted(
    array: NDArray[Any], spec: TensorSpec, mean: Sequence[float] | None, std: Sequence[float] | None, source: object
) -> tuple[NDArray[Any], str]:
    dtype = spec.type.dtype
    is_image = array.dtype == np.uint8 and len(spec.shape) == 4 and spec.shape[-1] in (1, 3, 4)
    if is_image and (dtype != np.uint8 or mean is not None or std is not None):
        return map_pixels(array, spec, mean, std)
    takes_real = bool(spec.quantization) and spec.type in INTEGER_RANGE
    if array.dtype.kind == "f" and (takes_real or dtype.kind == "f"):
        return array.astype(np.float32 if takes_real else dtype), "real numbers, quantized" if takes_real else ""
    if array.dtype != dtype:
        raise InputError(
            f"Input {spec.name!r} takes {dtype}, or float32 if it is quantized; {source} has {array.dtype}."
        )
    return array, ""


def _label_file(path: Path) -> NDArray[np.int64]:
    try:
        if path.suffix.lower() == ".npy":
            found = np.load(path, allow_pickle=False)
        else:
            found = np.array([int(line) for line in path.read_text(encoding="utf-8").split()], np.int64)
    except (OSError, ValueError, UnicodeDecodeError) as error:
        raise InputError(
            f"Labels must be an .npy or a text file with one number for each sample; {path}: {error}."
        ) from error
    if found.dtype.kind not in "iu":
        raise InputError(f"Labels must be class numbers; {path} has {found.dtype}.")
    return found.reshape(-1).astype(np.int64)


# -- real numbers -------------------------------------------------------------------------------------------------


def is_real(spec: TensorSpec) -> bool:
    """Whether integers of this tensor stand for real numbers."""
    return bool(spec.quantization) and spec.type in INTEGER_RANGE


def to_real(values: NDArray[Any], spec: TensorSpec) -> NDArray[Any]:
    """Values of a tensor as real numbers, float32; those that stand for themselves as they are."""
    if not is_real(spec) or values.dtype.kind == "f":
        return values
    return dequantize(values, spec.quantization).reshape(values.shape)


def as_input(values: NDArray[Any], read_for: TensorSpec, spec: TensorSpec) -> NDArray[Any]:
    """A sample's array, read for one model's input, as another model's input takes it."""
    same = spec.type is read_for.type and np.array_equal(spec.quantization.scale, read_for.quantization.scale)
    if (
        values.dtype == spec.type.dtype
        and same
        and np.array_equal(spec.quantization.zero_point, read_for.quantization.zero_point)
    ):
        return values
    real = to_real(values, read_for)
    if is_real(spec):
        return quantize(np.asarray(real, np.float32), spec.quantization, spec.type)
    return np.ascontiguousarray(real.astype(spec.type.dtype))


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
