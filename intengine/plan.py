"""Model + Numerics -> Plan: shapes inferred, every node prepared, lifetimes and the arena laid out.

Nodes whose inputs are all known before running (constants, shapes) are run here, once; their outputs are constants
of the plan. Where a shape depends on a value that only a run can give, the plan ends there (`pending`), and the
execution builds on with that value; where an operator's outputs have a shape that only running it tells, the plan ends
behind it (`late`), and the execution builds on with the shapes.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from intengine import arena, ops
from intengine.binding import Binder
from intengine.constants import unpack
from intengine.errors import IntEngineError, InvalidModelError, UnsupportedError, UnsupportedOpError
from intengine.model import Model, Node, Subgraph, TensorSpec
from intengine.numerics import Numerics
from intengine.padding import absorb
from intengine.shapes import Shape, elements
from intengine.sharing import Layout, lay_out
from intengine.step import Holder, Step

#: No computed tensor may be larger; damaged files ask for more, networks do not.
MAX_BYTES = 2**32
#: No tensor may have more axes; operators that split axes need twice as many of NumPy's 64.
MAX_RANK = 32


@dataclass(frozen=True, eq=False)
class Plan:
    """One subgraph, ready to run with these shapes under this profile.

    Attributes:
        steps: in order of execution; folded nodes are not among them.
        arena_steps: the same for runs in the arena, which keep the outputs alone.
        held: tensors that have bytes where each has its own.
        shapes: of every tensor that a step or the caller touches.
        constants: tensor -> elements known before running.
        layout: where tensors live in the arena.
        pending: the tensor whose value must be known to plan on, or None.
        late: the tensors whose shapes must be known to plan on, outputs of the last step; or empty.
    """

    model: Model
    subgraph: Subgraph
    numerics: Numerics
    steps: tuple[Step, ...]
    arena_steps: tuple[Step, ...]
    held: tuple[int, ...]
    shapes: Mapping[int, Shape]
    constants: Mapping[int, NDArray[Any]]
    layout: Layout
    pending: int | None = None
    late: tuple[int, ...] = ()

    @property
    def lifetimes(self) -> tuple[arena.Lifetime, ...]:
        """Of the tensors that have bytes of their own in the arena."""
        return self.layout.lifetimes

    @property
    def arena_size(self) -> int:
        """Bytes of the arena."""
        return self.layout.size

    @property
    def is_whole(self) -> bool:
        """Whether it reaches the end of the subgraph."""
        return self.pending is None and not self.late


#: Operators on constants that a delegate runs beforehand.
UNPACKING = ("DEQUANTIZE", "DENSIFY")

#: Model -> (kind, name...) -> number of a resource.
_HANDLES: WeakKeyDictionary[Model, dict[tuple[object, ...], int]] = WeakKeyDictionary()


class Surroundings:
    """The model around the nodes of one plan, and of the plans of subgraphs that these call."""

    def __init__(self, model: Model, numerics: Numerics) -> None:
        self.model = model
        self.numerics = numerics
        self.active: list[int] = []
        self._shapes: dict[tuple[int, tuple[Shape, ...]], list[Shape] | None] = {}

    @property
    def subgraphs(self) -> Sequence[Subgraph]:
        return self.model.subgraphs

    def handle(self, *key: object) -> int:
        handles = _HANDLES.setdefault(self.model, {})
        return handles.setdefault(key, len(handles))

    def output_shapes(self, subgraph: int, inputs: Sequence[Shape]) -> Sequence[Shape] | None:
        if not 0 <= subgraph < len(self.subgraphs):
            raise InvalidModelError(f"A subgraph must be one of 0..{len(self.subgraphs) - 1}; got {subgraph}.")
        graph = self.subgraphs[subgraph]
        if len(graph.inputs) != len(inputs):
            raise InvalidModelError(f"Subgraph {subgraph} takes {len(graph.inputs)} inputs; it is given {len(inputs)}.")
        if subgraph in self.active:
            raise InvalidModelError(f"A subgraph cannot call itself; subgraph {subgraph} does.")
        key = (subgraph, tuple(inputs))
        if key not in self._shapes:
            shapes = dict(zip(graph.inputs, inputs, strict=True))
            plan = build(self.model, self.numerics, subgraph=subgraph, input_shapes=shapes, surroundings=self)
            self._shapes[key] = [plan.shapes[i] for i in graph.outputs] if plan.is_whole else None
        return self._shapes[key]


class Builder:
    """Shapes and known values of one subgraph while its nodes are prepared in order."""

    def __init__(
        self,
        surroundings: Surroundings,
        subgraph: Subgraph,
        values: Mapping[int, NDArray[Any]],
        late: Mapping[int, Shape],
    ) -> None:
        self.surroundings = surroundings
        self.subgraph = subgraph
        self.run_values = values
        self.late = late
        self.shapes: dict[int, Shape] = {}
        self.known: dict[int, NDArray[Any]] = {}
        self.static = {spec.index for spec in subgraph.tensors if spec.is_constant and not spec.is_variable}

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
        return ops.Operand(spec, shape, self.value(spec), is_static=index in self.static)

    def context(self, node: Node, shapes: Sequence[Shape | None] | None = None) -> ops.NodeContext:
        is_late = shapes is not None and None in shapes
        outputs = []
        for i, index in enumerate(node.outputs):
            if index < 0:
                raise InvalidModelError(f"{node.op} needs all its outputs; output {i} is left out.")
            spec = self.subgraph.tensors[index]
            shape = shapes[i] if shapes is not None else None
            outputs.append(ops.Operand(spec, spec.shape if shape is None else shape, is_late=is_late))
        context = ops.NodeContext(
            node,
            self.surroundings.numerics,
            self.surroundings,
            tuple(self.operand(i) for i in node.inputs),
            tuple(outputs),
            tuple(self.operand(i) for i in node.intermediates),
            self.operand,
        )
        return context if shapes is None else replace(context, numerics=context.numerics.of(context))

    def prepare(self, node: Node) -> Step:
        operator = ops.find(node.op)
        assert operator is not None
        least, most = operator.inputs
        if not least <= len(node.inputs) <= most:
            rule = f"{least}" if least == most else f"{least} to {most}"
            raise InvalidModelError(f"{node.op} takes {rule} inputs; the node has {len(node.inputs)}.")
        inferred = operator.infer(self.context(node))
        shapes = [None if shape is None else tuple(int(size) for size in shape) for shape in inferred]
        if len(shapes) != len(node.outputs):
            raise InvalidModelError(f"{node.op} has {len(shapes)} outputs; the node names {len(node.outputs)}.")
        is_late = None in shapes
        for index, shape in zip(node.outputs, shapes, strict=True):
            if shape is not None:
                self.check_size(index, shape)
        context = self.context(node, [None] * len(shapes) if is_late else shapes)
        calls = tuple(operator.prepare(context))
        for index, shape in zip(node.outputs, shapes, strict=True):
            found = self.late.get(index) if is_late else shape
            if found is not None:
                self.check_size(index, found)
                self.shapes[index] = found
        inputs = tuple(i for i in node.inputs if i >= 0)
        return Step(node.index, node.op, inputs, node.outputs, calls, is_late, ops.quirks(context))

    def check_size(self, index: int, shape: Shape) -> None:
        spec = self.subgraph.tensors[index]
        if len(shape) > MAX_RANK:
            raise InvalidModelError(f"A tensor must have at most {MAX_RANK} axes; {spec.name!r} has {len(shape)}.")
        if spec.is_variable and not spec.type.bits:
            raise InvalidModelError(f"A variable holds numbers; {spec.name!r} is {spec.type.name}.")
        if spec.is_variable and shape != spec.shape:
            raise InvalidModelError(
                f"A variable keeps its shape {list(spec.shape)}; {spec.name!r} would become {list(shape)}."
            )
        if elements(shape) * (spec.type.bits or 64) // 8 > MAX_BYTES:
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
        holders = {i: Holder() for i in step.outputs if step.is_late}
        for i in step.outputs:
            if not step.is_late:
                buffers[i] = np.empty(self.shapes[i], self.subgraph.tensors[i].type.dtype)
        for call in Binder(buffers, holders=holders).bind(step):
            call.run()
        for i, holder in holders.items():
            buffers[i] = holder.array
            self.shapes[i] = holder.array.shape
        for i in step.outputs:
            buffers[i].flags.writeable = False
            self.known[i] = buffers[i]
        if step.op in UNPACKING and self.static.issuperset(step.inputs):
            self.static.update(step.outputs)


def build(
    model: Model,
    numerics: Numerics,
    *,
    subgraph: int = 0,
    input_shapes: Mapping[int, Shape] | None = None,
    values: Mapping[int, NDArray[Any]] | None = None,
    late: Mapping[int, Shape] | None = None,
    surroundings: Surroundings | None = None,
) -> Plan:
    """Plan one subgraph.

    Args:
        input_shapes: tensor index -> shape, for inputs that are resized.
        values: tensor index -> elements that an earlier part of the run has computed.
        late: tensor index -> shape that an earlier part of the run has found.
        surroundings: of the plan that asks, if a subgraph is planned because another calls it.

    Raises:
        UnsupportedOpError: naming every node that cannot run.
        ModelError: if a node's meaning is impossible; a note says which node.
    """
    graph = model.subgraphs[subgraph]
    surroundings = surroundings or Surroundings(model, numerics)
    builder = Builder(surroundings, graph, values or {}, late or {})
    surroundings.active.append(subgraph)
    try:
        return _build(builder, input_shapes or {})
    finally:
        surroundings.active.pop()


def _build(builder: Builder, input_shapes: Mapping[int, Shape]) -> Plan:
    graph = builder.subgraph
    for spec in graph.tensors:
        if spec.is_variable:
            builder.check_size(spec.index, spec.shape)
    for index in graph.inputs:
        spec = graph.tensors[index]
        builder.shapes[index] = input_shapes.get(index, spec.shape)
        builder.check_size(index, builder.shapes[index])
    _check_supported(graph)
    defined = {t.index for t in graph.tensors if t.is_constant or t.is_variable} | set(graph.inputs)
    steps: list[Step] = []
    problems: list[str] = []
    pending: int | None = None
    unknown: tuple[int, ...] = ()
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
                unknown = tuple(i for i in step.outputs if step.is_late and i not in builder.late)
                if unknown:
                    unknown = step.outputs
                    break
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
    if pending is None and not unknown:
        missing = [i for i in graph.outputs if i not in defined]
        if missing:
            raise InvalidModelError(f"A graph output must be computed; tensor {missing[0]} never is.")
    for index in graph.outputs:
        builder.operand(index)
    kept = {*graph.outputs, *(spec.index for spec in graph.tensors if spec.is_variable)}
    in_arena = absorb(steps, builder.shapes, builder.known, kept)
    layout = lay_out(in_arena, _lifetimes(graph, in_arena, builder, unknown), graph.inputs, graph.outputs)
    touched = {i for step in steps for i in (*step.inputs, *step.outputs)} | {*graph.inputs, *graph.outputs}
    for i in touched:
        builder.shapes.setdefault(i, graph.tensors[i].shape)
    around = builder.surroundings
    return Plan(
        around.model,
        graph,
        around.numerics,
        tuple(steps),
        in_arena,
        tuple(life.tensor for life in _lifetimes(graph, steps, builder, unknown)),
        builder.shapes,
        builder.known,
        layout,
        pending,
        unknown,
    )


def _place(graph: Subgraph, node: Node) -> str:
    name = graph.tensors[node.outputs[0]].name if node.outputs and node.outputs[0] >= 0 else ""
    return f"node {node.index} {node.op} {name!r}"


def _check_supported(graph: Subgraph) -> None:
    problems = [
        f"{node.op} is not supported: {ops.absence(node.op)} ({_place(graph, node)})"
        for node in graph.nodes
        if ops.find(node.op) is None
    ]
    if problems:
        raise UnsupportedOpError(problems)


def _lifetimes(
    graph: Subgraph, steps: Sequence[Step], builder: Builder, unknown: Sequence[int]
) -> tuple[arena.Lifetime, ...]:
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
        if i in builder.known or i in unknown or i not in builder.shapes or spec.is_variable:
            continue
        if not spec.type.dtype.hasobject:
            size = elements(builder.shapes[i]) * spec.type.dtype.itemsize
            lives.append(arena.Lifetime(i, size, first[i], last[i]))
    return tuple(lives)
