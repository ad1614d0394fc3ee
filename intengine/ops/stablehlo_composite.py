"""STABLEHLO_COMPOSITE: another subgraph, run in place of the operator."""

from collections.abc import Sequence

from intengine.ops._context import NodeContext
from intengine.ops._registry import Operator, register
from intengine.ops._subgraphs import MOST, arguments_of, call, check_results, shapes_of
from intengine.shapes import Shape
from intengine.step import MEMORY, Call


def infer(ctx: NodeContext) -> Sequence[Shape | None]:
    subgraph = ctx.options["decomposition_subgraph_index"]
    found = shapes_of(ctx, subgraph, arguments_of(ctx))
    check_results(ctx, subgraph)
    return [None] * len(ctx.outputs) if found is None else found


def prepare(ctx: NodeContext) -> Sequence[Call]:
    """The decomposition, whatever the composite's name.

    Source: tflite/kernels/stablehlo_composite.cc
    """
    refs = tuple(operand.ref() for operand in arguments_of(ctx))
    targets = tuple(out.target() for out in ctx.outputs)
    return [Call(call, (MEMORY, ctx.options["decomposition_subgraph_index"], refs, targets))]


register(Operator("STABLEHLO_COMPOSITE", infer, prepare, (0, MOST), ("any -> any",), is_pure=False))
