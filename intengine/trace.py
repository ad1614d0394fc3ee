"""Every tensor of one run, by index or name, with saving and loading."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from os import PathLike
from typing import Any

import ml_dtypes
import numpy as np
from numpy.typing import NDArray

from intengine.errors import InputError


@dataclass(frozen=True)
class TracedStep:
    """One executed node: its index, operator, output and input tensors."""

    node: int
    op: str
    outputs: tuple[int, ...]
    inputs: tuple[int, ...] = ()


@dataclass(frozen=True, eq=False)
class Inside:
    """What was inside a node that adds up integers.

    Attributes:
        node: its index.
        accumulator: int32 or int64 [*output shape], before requantization, bias included.
        unclamped: int32[*output shape], requantized, zero point added, before the clamp.
        lo, hi: the clamp, of the type or of the fused activation.
    """

    node: int
    accumulator: NDArray[np.integer]
    unclamped: NDArray[np.int32]
    lo: int
    hi: int

    @property
    def below(self) -> int:
        """Elements that the clamp raises to lo."""
        return int((self.unclamped < self.lo).sum())

    @property
    def above(self) -> int:
        """Elements that the clamp lowers to hi."""
        return int((self.unclamped > self.hi).sum())


@dataclass(frozen=True, eq=False)
class Trace(Mapping[int, NDArray[Any]]):
    """The value of every tensor that a run computed or was given.

    Indexing takes a tensor index or a name (the first tensor of that name).

    Attributes:
        tensors: index -> array, in order of computation, inputs first.
        names: index -> name.
        steps: executed nodes in order.
        profile: name of the profile that ran, or of another runtime.
        inside: output tensor -> accumulators of its node, if they were asked for.
    """

    tensors: Mapping[int, NDArray[Any]]
    names: Mapping[int, str]
    steps: tuple[TracedStep, ...] = ()
    profile: str = ""
    inside: Mapping[int, Inside] = field(default_factory=dict)
    _by_name: dict[str, int] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        by_name: dict[str, int] = {}
        for index in self.tensors:
            by_name.setdefault(self.names.get(index, ""), index)
        object.__setattr__(self, "_by_name", by_name)

    def __getitem__(self, key: int | str) -> NDArray[Any]:
        if isinstance(key, str):
            if key not in self._by_name:
                raise KeyError(key)
            key = self._by_name[key]
        return self.tensors[key]

    def __iter__(self) -> Iterator[int]:
        return iter(self.tensors)

    def __len__(self) -> int:
        return len(self.tensors)

    def save(self, path: str | PathLike[str]) -> None:
        """Write an npz: "<index>" arrays, accumulators, and one "trace" JSON string with names and steps."""
        meta = {
            "profile": self.profile,
            "names": {str(index): name for index, name in self.names.items()},
            "order": list(self.tensors),
            "dtypes": {str(index): array.dtype.name for index, array in self.tensors.items() if _is_nameless(array)},
            "inside": {str(index): [inner.node, inner.lo, inner.hi] for index, inner in self.inside.items()},
            "steps": [[step.node, step.op, list(step.outputs), list(step.inputs)] for step in self.steps],
        }
        arrays = {
            str(index): array.view(f"u{array.dtype.itemsize}") if _is_nameless(array) else array
            for index, array in self.tensors.items()
        }
        for index, inner in self.inside.items():
            arrays |= {f"acc.{index}": inner.accumulator, f"unclamped.{index}": inner.unclamped}
        with open(path, "wb") as file:
            np.savez_compressed(file, trace=np.array(json.dumps(meta)), **arrays)  # type: ignore[arg-type]

    @classmethod
    def load(cls, path: str | PathLike[str]) -> "Trace":
        """Read what `save` wrote.

        Raises:
            InputError: if the file is not such an npz.
        """
        try:
            with np.load(path, allow_pickle=False) as data:
                meta = json.loads(str(data["trace"]))
                special = {index: np.dtype(getattr(ml_dtypes, name)) for index, name in meta.get("dtypes", {}).items()}
                stored = {int(index): data[str(index)] for index in meta["order"]}
                inside = {
                    int(i): Inside(node, data[f"acc.{i}"], data[f"unclamped.{i}"], lo, hi)
                    for i, (node, lo, hi) in meta.get("inside", {}).items()
                }
                tensors = {i: array.view(special.get(str(i), array.dtype)) for i, array in stored.items()}
            return cls(
                tensors,
                {int(index): name for index, name in meta["names"].items()},
                tuple(TracedStep(node, op, *map(tuple, tensors)) for node, op, *tensors in meta["steps"]),
                meta["profile"],
                inside,
            )
        except (OSError, KeyError, ValueError, TypeError, AttributeError) as error:
            raise InputError(f"A trace must be an npz that Trace.save wrote; {path}: {error}.") from error


def _is_nameless(array: NDArray[Any]) -> bool:
    """Whether an npz has no name for the type (bfloat16, float8); the file then holds its bits as unsigned integers."""
    return array.dtype.isbuiltin == 2
