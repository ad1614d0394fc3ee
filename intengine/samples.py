"""Input values for a model: drawn at random, or read from .npy, .npz and image files."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from intengine.comparison.metrics import is_float
from intengine.errors import InputError
from intengine.images import IMAGE_SUFFIXES, load_image
from intengine.interpreter import Interpreter
from intengine.model import TensorSpec, TensorType
from intengine.quantization import INTEGER_RANGE
from intengine.shapes import Shape

Sample = dict[str, NDArray[Any]]


@dataclass(frozen=True)
class Random:
    """`count` random samples: integers over the whole range of their type, floats standard normal, seeded."""

    count: int = 5
    seed: int = 0

    def __str__(self) -> str:
        return f"random:{self.count}:{self.seed}"


def parse(text: str) -> Random | Path:
    """What `--inputs` says: "random[:N[:seed]]" or a path.

    Raises:
        InputError: for another form of random, or a path that does not exist.
    """
    head, *rest = text.split(":")
    if head == "random" and not Path(text).exists():
        if len(rest) > 2 or not all(part.isdecimal() for part in rest) or (rest and int(rest[0]) < 1):
            raise InputError(f"Random inputs are written random:N:seed, as in random:5:0; got {text!r}.")
        return Random(*map(int, rest))
    path = Path(text)
    if not path.exists():
        raise InputError(f"Inputs must be a folder, an .npy, an .npz or random:N:seed; {text!r} does not exist.")
    return path


def draw(engine: Interpreter, wanted: Random) -> Iterator[Sample]:
    """Random samples in the engine's input shapes; the same for the same seed on every machine.

    Raises:
        InputError: for an input whose type holds no numbers.
    """
    rng = np.random.default_rng(wanted.seed)
    for _ in range(wanted.count):
        yield {name: _random(rng, spec, engine.input_shapes[name]) for name, spec in engine.inputs.items()}


def _random(rng: np.random.Generator, spec: TensorSpec, shape: Shape) -> NDArray[Any]:
    if spec.type.bits == 0:
        raise InputError(f"Random values are numbers; input {spec.name!r} is a {spec.type.name} tensor.")
    dtype = spec.type.dtype
    if dtype == np.bool_:
        return rng.integers(0, 2, shape).astype(np.bool_)
    if dtype.kind == "c":
        return (rng.standard_normal(shape) + 1j * rng.standard_normal(shape)).astype(dtype)
    if is_float(dtype):
        return rng.standard_normal(shape).astype(dtype)
    lo, hi = INTEGER_RANGE.get(spec.type) or (int(np.iinfo(dtype).min), int(np.iinfo(dtype).max))
    return rng.integers(lo, hi, shape, dtype=dtype, endpoint=True)


def read(engine: Interpreter, path: Path) -> Iterator[Sample]:
    """Samples from a file, or from every .npy, .npz and image file of a folder in the order of their names.

    An .npy holds the input of a model that has one; an .npz holds an array for each input, by name. An array has
    the input's shape, or one more dimension in front, or more rows than a batch of 1: then it is several samples.

    Raises:
        InputError: if a file cannot be read or fits no input.
    """
    if not path.is_dir():
        yield from _file(engine, path)
        return
    known = {".npy", ".npz", *IMAGE_SUFFIXES}
    files = sorted(file for file in path.iterdir() if file.suffix.lower() in known)
    if not files:
        raise InputError(f"A folder of inputs must have .npy, .npz or image files; {str(path)!r} has none.")
    for file in files:
        yield from _file(engine, file)


def _file(engine: Interpreter, path: Path) -> Iterator[Sample]:
    if path.suffix.lower() in IMAGE_SUFFIXES:
        name, spec = only_input(engine, path)
        yield {name: load_image(path, spec, engine.input_shapes[name]).values}
        return
    arrays = match_names(engine, load_arrays(path), path)
    stacks = {name: _split(engine, name, array, path) for name, array in arrays.items()}
    counts = {len(stack) for stack in stacks.values()}
    if len(counts) != 1:
        raise InputError(f"All inputs must have the same number of samples; {path} has {sorted(counts)}.")
    for i in range(counts.pop()):
        yield {name: stack[i] for name, stack in stacks.items()}


def load_arrays(path: Path) -> dict[str, NDArray[Any]]:
    """The arrays of an .npy (under the name "") or .npz file.

    Raises:
        InputError: if it is neither, or holds pickled objects.
    """
    try:
        with path.open("rb") as file:
            loaded = np.load(file, allow_pickle=False)
            return {name: loaded[name] for name in loaded.files} if hasattr(loaded, "files") else {"": loaded}
    except (OSError, ValueError, EOFError, KeyError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise InputError(f"An input file must be a readable .npy or .npz; {path}: {reason}.") from error
    except Exception as error:  # zipfile and zlib have their own exceptions for damaged archives
        raise InputError(f"An input file must be a readable .npy or .npz; {path}: {error}.") from error


def only_input(engine: Interpreter, source: object) -> tuple[str, TensorSpec]:
    """Name and tensor of the single input.

    Raises:
        InputError: if there are several.
    """
    if len(engine.inputs) != 1:
        names = ", ".join(map(repr, engine.inputs))
        raise InputError(f"{source} does not say for which of the inputs it is: {names}.")
    return next(iter(engine.inputs.items()))


def match_names(engine: Interpreter, arrays: Mapping[str, NDArray[Any]], source: object) -> Sample:
    """Arrays by input name. A single unnamed array, or a single array of any name, is for the only input.

    Raises:
        InputError: if an array has no input or an input no array.
    """
    if len(arrays) == 1 and not set(arrays) <= engine.inputs.keys() and (len(engine.inputs) == 1 or "" in arrays):
        name, _ = only_input(engine, source)
        return {name: next(iter(arrays.values()))}
    unknown = [name for name in arrays if name not in engine.inputs]
    missing = [name for name in engine.inputs if name not in arrays]
    if unknown or missing:
        raise InputError(
            f"An .npz must have one array for each input ({_list(list(engine.inputs))}); "
            f"{source} has {_list(list(arrays))}."
        )
    return dict(arrays)


def _list(names: Sequence[str]) -> str:
    return ", ".join(map(repr, names)) or "none"


def _split(engine: Interpreter, name: str, array: NDArray[Any], source: object) -> list[NDArray[Any]]:
    spec, shape = engine.inputs[name], engine.input_shapes[name]
    dtype = TensorType(spec.type).dtype
    if array.dtype != dtype:
        raise InputError(f"Input {name!r} must have dtype {dtype} and shape {list(shape)}; {source} has {array.dtype}.")
    if array.shape == shape:
        return [array]
    if array.ndim == len(shape) + 1 and _open(array.shape[1:], spec, shape):
        return list(array)
    if array.ndim == len(shape) and shape and shape[0] == 1 and array.shape[1:] == shape[1:]:
        return [row[None] for row in array]
    if array.ndim == len(shape) and _open(array.shape, spec, shape):
        return [array]
    raise InputError(
        f"Input {name!r} must have shape {list(shape)}, or that with the number of samples in front; "
        f"{source} has {list(array.shape)}."
    )


def _open(found: Shape, spec: TensorSpec, shape: Shape) -> bool:
    """Whether an array fits, where the model leaves sizes open."""
    signature = spec.shape_signature or shape
    return len(found) == len(shape) and all(
        size == wanted or free == -1 for size, wanted, free in zip(found, shape, signature, strict=True)
    )
