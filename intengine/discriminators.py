"""One-op models with inputs on which profiles differ, and what each runtime gave for them; shipped as data.

tools/discriminate.py finds them among drawn problems and records the runtimes. They are this project's own models.
"""

import io
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

import numpy as np
from numpy.typing import NDArray

Arrays = tuple[NDArray[Any], ...]


@dataclass(frozen=True, eq=False)
class Discriminator:
    """One problem.

    Attributes:
        op, signature: of its node, as in `evidence.signature`.
        model: bytes of a .tflite. invocations: for each, the inputs in the order of the graph's inputs.
        recorded: profile -> outputs of all invocations, one after the other, as the runtime of that name gave them.
    """

    op: str
    signature: str
    model: bytes
    invocations: tuple[Arrays, ...]
    recorded: Mapping[str, Arrays]


@dataclass(frozen=True, eq=False)
class Collection:
    """All problems, and the versions of the runtimes that were recorded."""

    problems: tuple[Discriminator, ...]
    versions: Mapping[str, str]

    def __iter__(self) -> Iterator[Discriminator]:
        return iter(self.problems)

    def __len__(self) -> int:
        return len(self.problems)


def save(problems: Sequence[Discriminator], versions: Mapping[str, str]) -> bytes:
    """The collection as an npz."""
    arrays: dict[str, NDArray[Any]] = {}
    index = []
    for n, problem in enumerate(problems):
        arrays[f"{n}.model"] = np.frombuffer(problem.model, np.uint8)
        for i, inputs in enumerate(problem.invocations):
            arrays.update({f"{n}.in.{i}.{j}": array for j, array in enumerate(inputs)})
        for profile, outputs in problem.recorded.items():
            arrays.update({f"{n}.{profile}.{j}": array for j, array in enumerate(outputs)})
        index.append(
            {
                "op": problem.op,
                "signature": problem.signature,
                "inputs": [len(inputs) for inputs in problem.invocations],
                "recorded": {profile: len(outputs) for profile, outputs in problem.recorded.items()},
            }
        )
    out = io.BytesIO()
    text = np.array(json.dumps({"versions": dict(versions), "problems": index}))
    np.savez_compressed(out, index=text, **arrays)  # type: ignore[arg-type]
    return out.getvalue()


@cache
def collection() -> Collection:
    """The collection that ships with this version."""
    with np.load(io.BytesIO((files("intengine") / "data" / "discriminators.npz").read_bytes())) as data:
        index = json.loads(str(data["index"]))
        problems = tuple(
            Discriminator(
                entry["op"],
                entry["signature"],
                data[f"{n}.model"].tobytes(),
                tuple(tuple(data[f"{n}.in.{i}.{j}"] for j in range(count)) for i, count in enumerate(entry["inputs"])),
                {
                    profile: tuple(data[f"{n}.{profile}.{j}"] for j in range(count))
                    for profile, count in entry["recorded"].items()
                },
            )
            for n, entry in enumerate(index["problems"])
        )
    return Collection(problems, index["versions"])
