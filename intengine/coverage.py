"""Which nodes of a model run here, and how exactly; nothing is run but what the plan itself needs."""

from dataclasses import dataclass
from enum import Enum

from intengine import evidence, numerics, ops
from intengine.errors import IntEngineError, UnsupportedError
from intengine.evidence import Evidence, Record
from intengine.model import Model, Node, Subgraph
from intengine.plan import Builder, Surroundings


class Support(Enum):
    """How a node runs."""

    EXACT = "exact"
    WITHIN = "within ulp"
    RUNS = "runs"
    UNSUPPORTED = "unsupported"
    INVALID = "invalid"


@dataclass(frozen=True)
class NodeCoverage:
    """One node.

    Attributes:
        subgraph, node: indices. op: name. signature: types, as in "int8 x int8 -> int8".
        support: EXACT and WITHIN are measured against LiteRT for these types; RUNS is without a measurement of them.
        why: the evidence, or the reason.
        quirks: of LiteRT, that the node's results may depend on.
    """

    subgraph: int
    node: int
    op: str
    signature: str
    support: Support
    why: str
    quirks: tuple[str, ...] = ()


def coverage(model: Model, profile: str = "litert-reference") -> tuple[NodeCoverage, ...]:
    """Every node of every subgraph, with the shapes that the model declares."""
    found: list[NodeCoverage] = []
    for graph in model.subgraphs:
        surroundings = Surroundings(model, numerics.get(profile))
        surroundings.active.append(graph.index)
        builder = Builder(surroundings, graph, {}, {})
        found += [_cover(builder, graph, node) for node in graph.nodes]
    return tuple(found)


def _cover(builder: Builder, graph: Subgraph, node: Node) -> NodeCoverage:
    signature = evidence.signature(graph, node)

    def made(support: Support, why: str, quirks: tuple[str, ...] = ()) -> NodeCoverage:
        return NodeCoverage(graph.index, node.index, node.op, signature, support, why, quirks)

    if ops.find(node.op) is None:
        return made(Support.UNSUPPORTED, ops.absence(node.op))
    try:
        step = builder.prepare(node)
        if builder.foldable(node):
            builder.fold(step)
    except ops.NeedsValue:
        return made(Support.RUNS, "its shapes are known when the model runs, and its types are checked then")
    except UnsupportedError as error:
        return made(Support.UNSUPPORTED, "; ".join(error.problems))
    except IntEngineError as error:
        return made(Support.INVALID, str(error))
    record = evidence.recorded(builder.surroundings.numerics.name)
    return made(*_measured(record, record.find(node.op, signature)), step.quirks)


def _measured(record: Record, found: Evidence | None) -> tuple[Support, str]:
    if found is None or not found.equal:
        return Support.RUNS, "these types have not been measured against the runtime"
    where = f"{found.equal} drawn problems, {found.nbytes:,} bytes, {record.runtime}"
    if found.resolver == "optimized":
        where += " (optimized kernels; it has no reference kernel)"
    if found.resolver == "xnnpack":
        where += " (XNNPACK delegate; it has no kernel)"
    return (Support.WITHIN, f"at most {found.ulp} ulp: {where}") if found.ulp else (Support.EXACT, where)
