"""Operators that run other subgraphs: IF, WHILE, CALL_ONCE, STABLEHLO_CASE, STABLEHLO_COMPOSITE."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from intengine.errors import InputError
from intengine.model import TensorType
from intengine.ops._context import NodeContext, Operand
from intengine.ops._registry import Operator, register
from intengine.shapes import Shape
from intengine.state import State
from intengine.step import MEMORY, Call, Holder

#: A loop that runs longer is taken for endless.
MAX_ITERATIONS = 10_000_000
Arrays = tuple[NDArray[Any], ...]
Targets = tuple[NDArray[Any] | Holder, ...]


def _arguments(ctx: NodeContext, first: int = 0) -> list[Operand]:
    return [ctx.input(i) for i in range(first, len(ctx.inputs))]


def _shapes(ctx: NodeContext, subgraph: int, arguments: Sequence[Operand]) -> Sequence[Shape] | None:
    """Shapes that a subgraph makes of the arguments, after its types are checked; None if only running it tells."""
    found = ctx.model.output_shapes(subgraph, [operand.shape for operand in arguments])
    graph = ctx.model.subgraphs[subgraph]
    for operand, index in zip(arguments, graph.inputs, strict=True):
        wanted = graph.tensors[index].type
        ctx.require(operand.type is wanted, f"needs {wanted.name} for {graph.tensors[index].name!r}", operand.type.name)
    return found


def _results(ctx: NodeContext, subgraph: int) -> None:
    """Check that a subgraph's outputs are the node's."""
    graph = ctx.model.subgraphs[subgraph]
    types = [graph.tensors[i].type for i in graph.outputs]
    found = [operand.type for operand in ctx.outputs]
    ctx.require(types == found, f"needs outputs {[t.name for t in types]}", [t.name for t in found])


def _give(results: Sequence[NDArray[Any]], targets: Targets) -> None:
    for result, target in zip(results, targets, strict=True):
        if isinstance(target, Holder):
            target.array = result.copy()
        elif target.shape != result.shape:
            raise InputError(f"A subgraph must give shape {list(target.shape)} here; it gave {list(result.shape)}.")
        else:
            np.copyto(target, result)


def _call(state: State, subgraph: int, inputs: Arrays, targets: Targets) -> None:
    _give(state.call(subgraph, inputs), targets)


def _branches(ctx: NodeContext) -> tuple[int, ...]:
    if ctx.node.op == "IF":
        return ctx.options["then_subgraph_index"], ctx.options["else_subgraph_index"]
    return tuple(int(index) for index in ctx.options["branch_subgraph_indices"])


def infer_branches(ctx: NodeContext) -> Sequence[Shape | None]:
    arguments = _arguments(ctx, 1)
    branches = _branches(ctx)
    ctx.require(len(branches) > 0, "needs a branch", "none")
    found = [_shapes(ctx, branch, arguments) for branch in branches]
    for branch in branches:
        _results(ctx, branch)
    first = found[0]
    return first if first is not None and all(other == first for other in found) else [None] * len(ctx.outputs)


def _if(state: State, condition: NDArray[np.bool_], then: int, other: int, inputs: Arrays, targets: Targets) -> None:
    _call(state, then if condition[0] else other, inputs, targets)


def prepare_if(ctx: NodeContext) -> Sequence[Call]:
    """The first branch if the condition holds, else the second.

    Source: tflite/kernels/if.cc
    """
    condition = ctx.input(0)
    ctx.require(condition.type is TensorType.BOOL and condition.size == 1, "needs one BOOL as condition", condition)
    refs = tuple(operand.ref() for operand in _arguments(ctx, 1))
    targets = tuple(out.target() for out in ctx.outputs)
    return [Call(_if, (MEMORY, condition.ref((1,)), *_branches(ctx), refs, targets))]


def _case(state: State, index: NDArray[np.int32], branches: tuple[int, ...], inputs: Arrays, targets: Targets) -> None:
    chosen = int(index[0])
    _call(state, branches[chosen if 0 <= chosen < len(branches) else -1], inputs, targets)


def prepare_case(ctx: NodeContext) -> Sequence[Call]:
    """The branch of that index, the last one if there is no such branch.

    Source: tflite/kernels/stablehlo_case.cc
    """
    index = ctx.input(0)
    ctx.require(index.type is TensorType.INT32 and index.size == 1, "needs one INT32 as index", index)
    refs = tuple(operand.ref() for operand in _arguments(ctx, 1))
    targets = tuple(out.target() for out in ctx.outputs)
    return [Call(_case, (MEMORY, index.ref((1,)), _branches(ctx), refs, targets))]


def infer_while(ctx: NodeContext) -> Sequence[Shape | None]:
    arguments = _arguments(ctx)
    condition, body = ctx.options["cond_subgraph_index"], ctx.options["body_subgraph_index"]
    decided = _shapes(ctx, condition, arguments)
    outputs = ctx.model.subgraphs[condition].outputs
    types = [ctx.model.subgraphs[condition].tensors[i].type for i in outputs]
    ctx.require(types == [TensorType.BOOL], "needs a condition that gives one BOOL", [t.name for t in types])
    ctx.require(decided is None or decided[0] in ((), (1,)), "needs a condition that gives one BOOL", decided)
    found = _shapes(ctx, body, arguments)
    _results(ctx, body)
    shapes = [operand.shape for operand in arguments]
    return shapes if found is not None and list(found) == shapes else [None] * len(ctx.outputs)


def _while(state: State, condition: int, body: int, inputs: Arrays, targets: Targets) -> None:
    values = list(inputs)
    for _ in range(MAX_ITERATIONS):
        if not state.call(condition, values)[0].reshape(-1)[0]:
            return _give(values, targets)
        values = [value.copy() for value in state.call(body, values)]
    raise InputError(f"A loop ends within {MAX_ITERATIONS} iterations; WHILE of subgraph {body} goes on.")


def prepare_while(ctx: NodeContext) -> Sequence[Call]:
    """The body again and again, on its own outputs, while the condition holds.

    Source: tflite/kernels/while.cc
    """
    refs = tuple(operand.ref() for operand in _arguments(ctx))
    targets = tuple(out.target() for out in ctx.outputs)
    condition, body = ctx.options["cond_subgraph_index"], ctx.options["body_subgraph_index"]
    return [Call(_while, (MEMORY, condition, body, refs, targets))]


def infer_composite(ctx: NodeContext) -> Sequence[Shape | None]:
    subgraph = ctx.options["decomposition_subgraph_index"]
    found = _shapes(ctx, subgraph, _arguments(ctx))
    _results(ctx, subgraph)
    return [None] * len(ctx.outputs) if found is None else found


def prepare_composite(ctx: NodeContext) -> Sequence[Call]:
    """The decomposition, whatever the composite's name.

    Source: tflite/kernels/stablehlo_composite.cc
    """
    refs = tuple(operand.ref() for operand in _arguments(ctx))
    targets = tuple(out.target() for out in ctx.outputs)
    return [Call(_call, (MEMORY, ctx.options["decomposition_subgraph_index"], refs, targets))]


def infer_once(ctx: NodeContext) -> Sequence[Shape]:
    subgraph = ctx.options["init_subgraph_index"]
    ctx.model.output_shapes(subgraph, [])
    _results(ctx, subgraph)
    return []


def _once(state: State, subgraph: int) -> None:
    if subgraph not in state.done:
        state.call(subgraph, ())
        state.done.add(subgraph)


def prepare_once(ctx: NodeContext) -> Sequence[Call]:
    """The subgraph, the first time that the model comes here.

    Source: tflite/kernels/call_once.cc
    """
    return [Call(_once, (MEMORY, ctx.options["init_subgraph_index"]))]


_ANY = ("any -> any",)
_MOST = 1000
register(Operator("IF", infer_branches, prepare_if, (1, _MOST), ("bool x any -> any",), is_pure=False))
register(Operator("STABLEHLO_CASE", infer_branches, prepare_case, (1, _MOST), ("int32 x any -> any",), is_pure=False))
for _name in ("WHILE", "STABLEHLO_WHILE"):
    register(Operator(_name, infer_while, prepare_while, (0, _MOST), _ANY, is_pure=False))
register(Operator("STABLEHLO_COMPOSITE", infer_composite, prepare_composite, (0, _MOST), _ANY, is_pure=False))
register(Operator("CALL_ONCE", infer_once, prepare_once, (0, 0), is_pure=False))
