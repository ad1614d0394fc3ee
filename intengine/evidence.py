"""What was measured against LiteRT, by operator and types; recorded by tools/differential.py, shipped as data."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files

from intengine import ops
from intengine.model import Node, Subgraph

#: An operator that takes more inputs takes any number.
MANY = 32


def signature(graph: Subgraph, node: Node) -> str:
    """The types of a node, as in "int8 x int8 -> int8"; several outputs of one type, and inputs where any number is
    taken, count as one, as in "int8... -> int8"."""

    def names(tensors: Sequence[int]) -> list[str]:
        return ["-" if i < 0 else graph.tensors[i].type.name.lower() for i in tensors]

    operator = ops.find(node.op)
    sources, results = names(node.inputs), names(node.outputs)
    if operator is not None and operator.inputs[1] > MANY:
        sources = [f"{name}..." for name in dict.fromkeys(sources)]
    return f"{' x '.join(sources)} -> {', '.join(dict.fromkeys(results))}".strip()


@dataclass(frozen=True)
class Evidence:
    """Drawn problems of one operator and type combination, through a profile's runtime and through intengine.

    Attributes:
        signature: as in "int8 x int8 -> int8".
        resolver: of LiteRT: "reference", "optimized" or "xnnpack"; the reference profile is compared with one of the
            others where LiteRT has the operator only there. "tflm" is tflite-micro.
        equal: problems whose outputs agreed, floats within `ulp`. refused, crashed: by the runtime.
        nbytes: bytes of outputs that were compared; none differed beyond `ulp`.
        ulp: greatest distance that was allowed between floats, in units in the last place; 0 is bit for bit.
        power: other profile -> elements compared for which it gives something else: points that tell the two apart.
    """

    signature: str
    resolver: str
    equal: int
    refused: int
    crashed: int
    nbytes: int
    ulp: int
    power: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Record:
    """The evidence of one profile: the runtime's version, and operator -> types -> what was measured."""

    runtime: str
    operators: Mapping[str, Mapping[str, Evidence]]

    def find(self, op: str, signature: str) -> Evidence | None:
        return self.operators.get(op, {}).get(signature)


@cache
def recorded(profile: str = "litert-reference") -> Record:
    """The record of a profile that ships with this version; without operators for a profile that was not measured."""
    file = files("intengine") / "data" / "evidence" / f"{profile}.json"
    if not file.is_file():
        return Record("", {})
    data = json.loads(file.read_text())
    return Record(
        data["runtime"],
        {
            op: {signature: Evidence(signature=signature, **found) for signature, found in kinds.items()}
            for op, kinds in data["operators"].items()
        },
    )
