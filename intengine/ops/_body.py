"""Subgraphs of two scalars that stand for a function, as StableHLO's scatter and reductions have them."""

import numpy as np

from intengine.model import Subgraph, TensorType
from intengine.ops._context import NodeContext

Function = np.ufunc

_FUNCTIONS: dict[str, tuple[Function, Function]] = {
    "ADD": (np.add, np.logical_or),
    "MULTIPLY": (np.multiply, np.logical_and),
    "MUL": (np.multiply, np.logical_and),
    "MAXIMUM": (np.maximum, np.logical_or),
    "MINIMUM": (np.minimum, np.logical_and),
    "AND": (np.bitwise_and, np.logical_and),
    "OR": (np.bitwise_or, np.logical_or),
    "LOGICAL_AND": (np.logical_and, np.logical_and),
    "LOGICAL_OR": (np.logical_or, np.logical_or),
}


def recognize(ctx: NodeContext, index: int) -> Function | None:
    """The binary function that a subgraph computes; None for "take the second".

    Raises:
        UnsupportedOpError: for any other subgraph.
    """
    ctx.require(0 <= index < len(ctx.model.subgraphs), "needs a subgraph that is there", index)
    graph = ctx.model.subgraphs[index]
    if len(graph.inputs) == 2 and len(graph.outputs) == 1:
        if not graph.nodes and graph.outputs[0] == graph.inputs[1]:
            return None
        if len(graph.nodes) == 1 and _is_plain(graph):
            name = graph.nodes[0].op.removeprefix("STABLEHLO_")
            if name in _FUNCTIONS:
                return _FUNCTIONS[name][graph.tensors[graph.inputs[0]].type is TensorType.BOOL]
    found = [node.op for node in graph.nodes]
    ctx.unsupported(f"the function of subgraph {index}, {found}")


def _is_plain(graph: Subgraph) -> bool:
    node = graph.nodes[0]
    return sorted(node.inputs) == sorted(graph.inputs) and node.outputs == graph.outputs
