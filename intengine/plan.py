"""Model + Numerics -> Plan: shapes inferred, every node prepared, lifetimes and the arena laid out.

Nodes whose inputs are all known before running (constants, shapes) are run here, once; their outputs are constants
of the plan. Where a shape depends on a value that only a run can give, the plan ends there (`pending`), and the
interpreter builds on with that value.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from intengine import arena, ops
from intengine.binding import bind_step
from intengine.constants import unpack
from intengine.errors import IntEngineError, InvalidModelError, UnsupportedError, UnsupportedOpError
from intengine.model import Model, Node, Subgraph, TensorSpec
from intengine.numerics import Numerics
from intengine.shapes import Shape, elements
from intengine.step import Step

#: No computed tensor may be larger; damaged files ask for more, networks do not.
MAX_BYTES = 2**32


@dataclass(frozen=True, eq=False)
class Plan:
    """One subgraph, ready to run with these shapes under this profile.

    Attributes:
        steps: in order of execution; folded nodes are not among them.
        shapes: of every tensor that a step or the caller touches.
        constants: tensor -> elements known before running.
        lifetimes: of the tensors that live in the arena.
        offsets: tensor -> byte offset in the arena. arena_size: bytes.
        pending: the tensor whose value must be known to plan on, or None when the plan is whole.
    """

    model: Model
    subgraph: Subgraph
    numerics: Numerics
    steps: tuple[Step, ...]
    shapes: Mapping[int, Shape]
    constants: Mapping[int, NDArray[Any]]
    lifetimes: tuple[arena.Lifetime, ...] = ()
    offsets: Mapping[int, int] = field(default_factory=dict)
    arena_size: int = 0
    pending: int | None = None


class _Builder:
    def __init__(
        self, model: Model, subgraph: Subgraph, numerics: Numerics, values: Mapping[int, NDArray[Any]]
    ) -> None:
        self.model = model
        self.subgraph = subgraph
        self.numerics = numerics
        self.run_values = values
        self.shapes: dict[int, Shape] = {}
        self.known: dict[int, NDArray[Any]] = {}
        self.unpacked: dict[int, NDArray[Any]] = {}

    def value(self, spec: TensorSpec) -> NDArray[Any] | None:
        found = self.known.get(spec.index)
        if found is None and spec.raw is not None and not spec.is_variable:
            found = self.known[spec.index] = unpack(spec)
        if found is None:
            found = self.run_values.get(spec.index)
        return found

    def operand(self, index: int) -> ops.Operand | None:
        if index < 0:
            return None
        spec = self.subgraph.tensors[index]
        shape = self.shapes.get(index, spec.shape)
        return ops.Operand(spec, shape, self.value(spec))

    def context(self, node: Node, shapes: Sequence[Shape] | None = None) -> ops.NodeContext:
        outputs = []
        for i, index in enumerate(node.outputs):
            if index < 0:
                raise InvalidModelError(f"{node.op} needs all its outputs; output {i} is left out.")
            spec = self.subgraph.tensors[index]
            outputs.append(ops.Operand(spec, shapes[i] if shapes is not None else spec.shape))
        return ops.NodeContext(
            node,
            self.numerics,
            tuple(self.operand(i) for i in node.inputs),
            tuple(outputs),
            tuple(self.operand(i) for i in node.intermediates),
            self.operand,
        )

    def prepare(self, node: Node) -> Step:
        operator = ops.find(node.op)
        assert operator is not None
        least, most = operator.inputs
        if not least <= len(node.inputs) <= most:
            rule = f"{least}" if least == most else f"{least} to {most}"
            raise InvalidModelError(f"{node.op} takes {rule} inputs; the node has {len(node.inputs)}.")
        shapes = [tuple(int(size) for size in shape) for shape in operator.infer(self.context(node))]
        if len(shapes) != len(node.outputs):
            raise InvalidModelError(f"{node.op} has {len(shapes)} outputs; the node names {len(node.outputs)}.")
        for index, shape in zip(node.outputs, shapes, strict=True):
            self.check_size(index, shape)
        context = self.context(node, shapes)
        calls = tuple(operator.prepare(context))
        for index, shape in zip(node.outputs, shapes, strict=True):
            self.shapes[index] = shape
        inputs = tuple(i for i in node.inputs if i >= 0)
        return Step(node.index, node.op, inputs, node.outputs, calls)

    def check_size(self, index: int, shape: Shape) -> None:
        spec = self.subgraph.tensors[index]
        if spec.is_variable and shape != spec.shape:
            raise InvalidModelError(
                f"A variable keeps its shape {list(spec.shape)}; {spec.name!r} would become {list(shape)}."
            )
        if elements(shape) * spec.type.bits // 8 > MAX_BYTES:
            raise InvalidModelError(f"A tensor must have at most 2**32 bytes; {spec.name!r} has shape {list(shape)}.")

    def foldable(self, node: Node) -> bool:
        operator = ops.find(node.op)
        assert operator is not None
        if any(self.subgraph.tensors[i].is_variable for i in node.outputs):
            return False
        if not operator.needs_values:
            return True
        return operator.is_pure and all(i < 0 or i in self.known for i in node.inputs)

    def fold(self, step: Step) -> None:
        """Run a node whose inputs are known; its outputs are constants from now on."""
        buffers = {i: np.ascontiguousarray(self.known[i]) for i in step.inputs if i in self.known}
        for i in step.outputs:
            buffers[i] = np.empty(self.shapes[i], self.subgraph.tensors[i].type.dtype)
        for function, args in bind_step(step, buffers):
            function(*args)
        for i in step.outputs:
            buffers[i].flags.writeable = False
            self.known[i] = buffers[i]


def build(
    model: Model,
    numerics: Numerics,
    *,
    subgraph: int = 0,
    input_shapes: Mapping[int, Shape] | None = None,
    values: Mapping[int, NDArray[Any]] | None = None,
) -> Plan:
    """Plan one subgraph.

    Args:
        input_shapes: tensor index -> shape, for inputs that are resized.
        values: tensor index -> elements that an earlier part of the run has computed.

    Raises:
        UnsupportedOpError: naming every node that cannot run.
        ModelError: if a node's meaning is impossible; a note says which node.
    """
    graph = model.subgraphs[subgraph]
    builder = _Builder(model, graph, numerics, values or {})
    for spec in graph.tensors:
        if spec.is_variable:
            builder.check_size(spec.index, spec.shape)
    for index in graph.inputs:
        spec = graph.tensors[index]
        builder.shapes[index] = (input_shapes or {}).get(index, spec.shape)
        builder.check_size(index, builder.shapes[index])
    _check_supported(graph)
    defined = {t.index for t in graph.tensors if t.is_constant or t.is_variable} | set(graph.inputs)
    steps: list[Step] = []
    problems: list[str] = []
    pending: int | None = None
    for node in graph.nodes:
        try:
            missing = [i for i in node.inputs if i >= 0 and i not in defined]
            if missing:
                raise InvalidModelError(f"A node's inputs must be computed before it; tensor {missing[0]} is not.")
            both = [i for i in node.outputs if i in node.inputs and i >= 0]
            if both:
                raise InvalidModelError(f"A tensor cannot be both input and output of a node; tensor {both[0]} is.")
            for i in node.inputs:
                builder.operand(i)
            step = builder.prepare(node)
            if builder.foldable(node):
                builder.fold(step)
            else:
                steps.append(step)
        except ops.NeedsValue as need:
            pending = need.tensor
            break
        except UnsupportedError as error:
            problems += [f"{problem} ({_place(graph, node)})" for problem in error.problems]
        except IntEngineError as error:
            error.add_note(f"while preparing {_place(graph, node)}")
            raise
        defined.update(node.outputs)
    if problems:
        raise UnsupportedOpError(problems)
    if pending is None:
        missing = [i for i in graph.outputs if i not in defined]
        if missing:
            raise InvalidModelError(f"A graph output must be computed; tensor {missing[0]} never is.")
    for index in graph.outputs:
        builder.operand(index)
    lifetimes = _lifetimes(graph, steps, builder)
    offsets, size = arena.allocate(lifetimes)
    touched = {i for step in steps for i in (*step.inputs, *step.outputs)} | {*graph.inputs, *graph.outputs}
    for i in touched:
        builder.shapes.setdefault(i, graph.tensors[i].shape)
    return Plan(model, graph, numerics, tuple(steps), builder.shapes, builder.known, lifetimes, offsets, size, pending)


def _place(graph: Subgraph, node: Node) -> str:
    name = graph.tensors[node.outputs[0]].name if node.outputs and node.outputs[0] >= 0 else ""
    return f"node {node.index} {node.op} {name!r}"


def _check_supported(graph: Subgraph) -> None:
    problems = [
        f"{node.op} is not supported ({_place(graph, node)})" for node in graph.nodes if ops.find(node.op) is None
    ]
    if problems:
        raise UnsupportedOpError(problems)


def _lifetimes(graph: Subgraph, steps: Sequence[Step], builder: _Builder) -> tuple[arena.Lifetime, ...]:
    first: dict[int, int] = dict.fromkeys(graph.inputs, -1)
    last: dict[int, int] = dict.fromkeys(graph.inputs, -1)
    for at, step in enumerate(steps):
        for i in (*step.inputs, *step.outputs):
            first.setdefault(i, at)
            last[i] = at
    for i in graph.outputs:
        first.setdefault(i, -1)
        last[i] = len(steps)
    lives = []
    for i in first:
        spec = graph.tensors[i]
        if i in builder.known or spec.is_variable or spec.type.bits == 0:
            continue
        shape = builder.shapes.get(i, spec.shape)
        lives.append(arena.Lifetime(i, elements(shape) * spec.type.dtype.itemsize, first[i], last[i]))
    return tuple(lives)
