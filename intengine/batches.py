"""Large batches in parts that fit the caches: there an operator finds what the one before has made.

The parts of a batch give the bytes of the whole where every operator makes each image by itself, whatever others there
are. That is so for these operators with LiteRT's reference kernels, which know no blocks of elements and add in one
order, if every tensor that is computed has the images one behind the other.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from intengine.errors import IntEngineError
from intengine.execution import BuildOn, Execution
from intengine.model import TensorType
from intengine.plan import Plan
from intengine.shapes import Shape
from intengine.step import Step

#: Bytes of an arena that is not run in parts, and of that of a single image: smaller ones gain more by products of many
#: rows.
_ENOUGH, _IMAGE = 1 << 23, 1 << 20
_PROFILE = "litert-reference"
_TYPES = (
    TensorType.INT8, TensorType.UINT8, TensorType.INT16, TensorType.INT32, TensorType.INT64, TensorType.FLOAT32,
)  # fmt: skip
#: What walks two operands side by side if they are of one rank.
_SIDE_BY_SIDE = frozenset({"ADD", "MAXIMUM", "MINIMUM", "MUL", "PRELU", "SUB"})
#: That none of the others mixes images, shapes tell: see `_is_longer`.
_BY_IMAGE = _SIDE_BY_SIDE | {
    "ARG_MAX", "AVERAGE_POOL_2D", "CONV_2D", "DEPTH_TO_SPACE", "DEPTHWISE_CONV_2D", "DEQUANTIZE", "FULLY_CONNECTED",
    "HARD_SWISH", "LEAKY_RELU", "LOGISTIC", "MAX_POOL_2D", "MEAN", "PAD", "PADV2", "QUANTIZE", "RELU", "RELU6",
    "RELU_N1_TO_1", "RESHAPE", "RESIZE_BILINEAR", "RESIZE_NEAREST_NEIGHBOR", "SOFTMAX", "SPACE_TO_DEPTH", "SQUEEZE",
    "TANH", "TRANSPOSE", "TRANSPOSE_CONV",
}  # fmt: skip
#: Inputs of operators that say nothing but the shape of an output.
_SHAPES = (("RESHAPE", 1), ("TRANSPOSE_CONV", 0))


class Parts:
    """Runs a batch part by part.

    Args:
        execution: of one part. times: how many there are.
    """

    def __init__(self, execution: Execution, times: int) -> None:
        self._execution = execution
        self._times = times

    def run_on(
        self, arrays: Mapping[int, NDArray[Any]], outputs: Iterable[int], build_on: BuildOn
    ) -> list[NDArray[Any]]:
        """As `Execution.run_on`."""
        outputs = tuple(outputs)
        parts = zip(*(np.split(array, self._times) for array in arrays.values()), strict=True)
        found = [self._execution.run_on(dict(zip(arrays, part, strict=True)), outputs, build_on) for part in parts]
        return [np.concatenate(some) for some in zip(*found, strict=True)]


def part_of(plan: Plan, build: Callable[[Mapping[int, Shape]], Plan]) -> tuple[Plan, int] | None:
    """The plan of a part of a large batch, and how many parts there are; None if it is better run as a whole.

    Args:
        build: plans the same subgraph for other shapes of its inputs.
    """
    shapes = {i: plan.shapes[i] for i in plan.subgraph.inputs}
    batches = {shape[0] if shape else 1 for shape in shapes.values()}
    if len(batches) != 1 or not plan.is_whole:
        return None
    (batch,) = batches
    if plan.arena_size <= _ENOUGH or plan.arena_size < _IMAGE * batch:
        return None
    fitting = (size for size in range(1, batch) if batch % size == 0 and plan.arena_size * size <= _ENOUGH * batch)
    size = max(fitting, default=1)
    if size == batch or plan.numerics.name != _PROFILE or not all(_is_by_image(plan, step) for step in plan.steps):
        return None
    try:
        part = build({i: (size, *shape[1:]) for i, shape in shapes.items()})
    except IntEngineError:
        return None
    times = batch // size
    alike = part.is_whole and [step.node for step in plan.steps] == [step.node for step in part.steps]
    ends = {*plan.subgraph.inputs, *plan.subgraph.outputs}
    computed = {i for step in plan.steps for i in (*step.inputs, *step.outputs)}.difference(plan.constants) | ends
    is_same = alike and _same_constants(plan, part) and all(_is_longer(plan, part, times, i) for i in computed)
    return (part, times) if is_same else None


def _is_by_image(plan: Plan, step: Step) -> bool:
    """Whether an operator makes each image by itself, if all tensors that are computed are images in a row."""
    ranks = {len(plan.shapes[i]) for i in (*step.inputs, *step.outputs) if i not in plan.constants}
    if step.op == "CONCATENATION":
        return len(ranks) == 1 and plan.subgraph.nodes[step.node].options["axis"] % ranks.pop() != 0
    return step.op in _BY_IMAGE and (step.op not in _SIDE_BY_SIDE or len(ranks) == 1)


def _same_constants(plan: Plan, part: Plan) -> bool:
    """Whether operators read the same constants, some of which are computed from the batch; but for shapes alone."""
    named = {
        i
        for step in plan.steps
        for at, i in enumerate(plan.subgraph.nodes[step.node].inputs)
        if i in plan.constants and (step.op, at) not in _SHAPES
    }
    pairs = ((plan.constants[i], part.constants.get(i)) for i in named)
    return all(
        two is not None and (one.dtype, one.shape, one.tobytes()) == (two.dtype, two.shape, two.tobytes())
        for one, two in pairs
    )


def _is_longer(plan: Plan, part: Plan, times: int, tensor: int) -> bool:
    """Whether a tensor is so many times as long as in the part along the first of its axes."""
    if tensor in plan.constants or tensor in part.constants:
        return False
    shape, of_part = plan.shapes[tensor], part.shapes[tensor]
    is_longer = len(of_part) > 1 and shape == (times * of_part[0], *of_part[1:])
    return is_longer and plan.subgraph.tensors[tensor].type in _TYPES
