"""CALL_ONCE: another subgraph, run once."""

from collections.abc import Sequence

from intengine.ops._context import NodeContext
from intengine.ops._registry import Operator, register
from intengine.ops._subgraphs import check_results
from intengine.shapes import Shape
from intengine.state import State
from intengine.step import MEMORY, Call


def infer(ctx: NodeContext) -> Sequence[Shape]:
    subgraph = ctx.options["init_subgraph_index"]
    ctx.model.output_shapes(subgraph, [])
    check_results(ctx, subgraph)
    return []


def _once(state: State, subgraph: int) -> None:
    if subgraph not in state.done:
        state.call(subgraph, ())
        state.done.add(subgraph)


def prepare(ctx: NodeContext) -> Sequence[Call]:
    """The subgraph, the first time that the model comes here.

    Source: tflite/kernels/call_once.cc
    """
    return [Call(_once, (MEMORY, ctx.options["init_subgraph_index"]))]


register(Operator("CALL_ONCE", infer, prepare, (0, 0), is_pure=False))
