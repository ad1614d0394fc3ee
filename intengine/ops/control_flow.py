"""Operators that choose or repeat subgraphs: IF, WHILE, STABLEHLO_CASE."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from intengine.errors import InputError
from intengine.model import TensorType
from intengine.ops._context import NodeContext
from intengine.ops._registry import Operator, register
from intengine.ops._subgraphs import MOST, Arrays, Targets, arguments_of, call, check_results, give, shapes_of
from intengine.shapes import Shape
from intengine.state import State
from intengine.step import MEMORY, Call

#: A loop that runs longer is taken for endless.
MAX_ITERATIONS = 10_000_000


def _branches(ctx: NodeContext) -> tuple[int, ...]:
    if ctx.node.op == "IF":
        return ctx.options["then_subgraph_index"], ctx.options["else_subgraph_index"]
    return tuple(int(index) for index in ctx.options["branch_subgraph_indices"])


def infer_branches(ctx: NodeContext) -> Sequence[Shape | None]:
    arguments = arguments_of(ctx, 1)
    branches = _branches(ctx)
    ctx.require(len(branches) > 0, "needs a branch", "none")
    found = [shapes_of(ctx, branch, arguments) for branch in branches]
    for branch in branches:
        check_results(ctx, branch)
    first = found[0]
    return first if first is not None and all(other == first for other in found) else [None] * len(ctx.outputs)


def _if(state: State, condition: NDArray[np.bool_], then: int, other: int, inputs: Arrays, targets: Targets) -> None:
    call(state, then if condition[0] else other, inputs, targets)


def prepare_if(ctx: NodeContext) -> Sequence[Call]:
    """The first branch if the condition holds, else the second.

    Source: tflite/kernels/if.cc
    """
    condition = ctx.input(0)
    ctx.require(condition.type is TensorType.BOOL and condition.size == 1, "needs one BOOL as condition", condition)
    refs = tuple(operand.ref() for operand in arguments_of(ctx, 1))
    targets = tuple(out.target() for out in ctx.outputs)
    return [Call(_if, (MEMORY, condition.ref((1,)), *_branches(ctx), refs, targets))]


def _case(state: State, index: NDArray[np.int32], branches: tuple[int, ...], inputs: Arrays, targets: Targets) -> None:
    chosen = int(index[0])
    call(state, branches[chosen if 0 <= chosen < len(branches) else -1], inputs, targets)


def prepare_case(ctx: NodeContext) -> Sequence[Call]:
    """The branch of that index, the last one if there is no such branch.

    Source: tflite/kernels/stablehlo_case.cc
    """
    index = ctx.input(0)
    ctx.require(index.type is TensorType.INT32 and index.size == 1, "needs one INT32 as index", index)
    refs = tuple(operand.ref() for operand in arguments_of(ctx, 1))
    targets = tuple(out.target() for out in ctx.outputs)
    return [Call(_case, (MEMORY, index.ref((1,)), _branches(ctx), refs, targets))]


def infer_while(ctx: NodeContext) -> Sequence[Shape | None]:
    arguments = arguments_of(ctx)
    condition, body = ctx.options["cond_subgraph_index"], ctx.options["body_subgraph_index"]
    decided = shapes_of(ctx, condition, arguments)
    outputs = ctx.model.subgraphs[condition].outputs
    types = [ctx.model.subgraphs[condition].tensors[i].type for i in outputs]
    ctx.require(types == [TensorType.BOOL], "needs a condition that gives one BOOL", [t.name for t in types])
    ctx.require(decided is None or decided[0] in ((), (1,)), "needs a condition that gives one BOOL", decided)
    found = shapes_of(ctx, body, arguments)
    check_results(ctx, body)
    shapes = [operand.shape for operand in arguments]
    return shapes if found is not None and list(found) == shapes else [None] * len(ctx.outputs)


def _while(state: State, condition: int, body: int, inputs: Arrays, targets: Targets) -> None:
    values = list(inputs)
    for _ in range(MAX_ITERATIONS):
        if not state.call(condition, values)[0].reshape(-1)[0]:
            return give(values, targets)
        values = [value.copy() for value in state.call(body, values)]
    raise InputError(f"A loop ends within {MAX_ITERATIONS} iterations; WHILE of subgraph {body} goes on.")


def prepare_while(ctx: NodeContext) -> Sequence[Call]:
    """The body again and again, on its own outputs, while the condition holds.

    Source: tflite/kernels/while.cc
    """
    refs = tuple(operand.ref() for operand in arguments_of(ctx))
    targets = tuple(out.target() for out in ctx.outputs)
    condition, body = ctx.options["cond_subgraph_index"], ctx.options["body_subgraph_index"]
    return [Call(_while, (MEMORY, condition, body, refs, targets))]


register(Operator("IF", infer_branches, prepare_if, (1, MOST), ("bool x any -> any",), is_pure=False))
register(Operator("STABLEHLO_CASE", infer_branches, prepare_case, (1, MOST), ("int32 x any -> any",), is_pure=False))
for _name in ("WHILE", "STABLEHLO_WHILE"):
    register(Operator(_name, infer_while, prepare_while, (0, MOST), ("any -> any",), is_pure=False))
