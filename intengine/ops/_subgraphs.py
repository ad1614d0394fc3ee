"""What operators that run other subgraphs share: arguments, checks, the call and its results."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from intengine.errors import InputError
from intengine.ops._context import NodeContext
from intengine.ops._operand import Operand
from intengine.shapes import Shape
from intengine.state import State
from intengine.step import Holder

#: Inputs are at most so many.
MOST = 1000
Arrays = tuple[NDArray[Any], ...]
Targets = tuple[NDArray[Any] | Holder, ...]


def arguments_of(ctx: NodeContext, first: int = 0) -> list[Operand]:
    """The inputs from `first` on."""
    return [ctx.input(i) for i in range(first, len(ctx.inputs))]


def shapes_of(ctx: NodeContext, subgraph: int, arguments: Sequence[Operand]) -> Sequence[Shape] | None:
    """Shapes that a subgraph makes of the arguments, after its types are checked; None if only running it tells."""
    found = ctx.model.output_shapes(subgraph, [operand.shape for operand in arguments])
    graph = ctx.model.subgraphs[subgraph]
    for operand, index in zip(arguments, graph.inputs, strict=True):
        wanted = graph.tensors[index].type
        ctx.require(operand.type is wanted, f"needs {wanted.name} for {graph.tensors[index].name!r}", operand.type.name)
    return found


def check_results(ctx: NodeContext, subgraph: int) -> None:
    """Check that a subgraph's outputs are the node's."""
    graph = ctx.model.subgraphs[subgraph]
    types = [graph.tensors[i].type for i in graph.outputs]
    found = [operand.type for operand in ctx.outputs]
    ctx.require(types == found, f"needs outputs {[t.name for t in types]}", [t.name for t in found])


def give(results: Sequence[NDArray[Any]], targets: Targets) -> None:
    """Results into the tensors that take them."""
    for result, target in zip(results, targets, strict=True):
        if isinstance(target, Holder):
            target.array = result.copy()
        elif target.shape != result.shape:
            raise InputError(f"A subgraph must give shape {list(target.shape)} here; it gave {list(result.shape)}.")
        else:
            np.copyto(target, result)


def call(state: State, subgraph: int, inputs: Arrays, targets: Targets) -> None:
    """Run a subgraph, and give its results."""
    give(state.call(subgraph, inputs), targets)
