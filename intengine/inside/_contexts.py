"""The nodes of a run as operators see them: shapes and values of the run, the profile in force for each."""

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from numpy.typing import NDArray

from intengine.model import Model
from intengine.numerics import Numerics
from intengine.ops import NodeContext
from intengine.plan import UNPACKING, Builder, Surroundings


def contexts(
    model: Model, numerics: Numerics, values: Mapping[int, NDArray[Any]], *, subgraph: int = 0,
    nodes: Collection[int] | None = None,
) -> Iterator[NodeContext]:  # fmt: skip
    """Every node (of `nodes`) whose outputs are among `values`, in order.

    Args:
        values: tensor -> elements in a run, as a trace has them; shapes are theirs.
    """
    graph = model.subgraphs[subgraph]
    builder = Builder(Surroundings(model, numerics), graph, values, {})
    builder.shapes.update({i: array.shape for i, array in values.items()})
    for node in graph.nodes:
        if node.op in UNPACKING and builder.static.issuperset(i for i in node.inputs if i >= 0):
            builder.static.update(node.outputs)
        if (nodes is None or node.index in nodes) and all(i in values for i in node.outputs):
            yield builder.context(node, [values[i].shape for i in node.outputs])
