"""Explaining elements of one run."""

import difflib
from collections.abc import Sequence
from os import PathLike
from typing import Any

from intengine import numerics
from intengine.errors import InputError, IntEngineError
from intengine.explanation._records import Explanation, ProfileValue, Read
from intengine.inside import At, Element, Form, Products, contexts, form_of
from intengine.interpreter import Inputs, Interpreter
from intengine.model import Model, Node, Subgraph
from intengine.ops import NeedsValue, NodeContext, Operand
from intengine.reader import load
from intengine.trace import Trace


class Explainer:
    """Explains elements of one traced run of a model.

    Args:
        model: a Model, or what `load` takes.
        trace: of that model, by this engine.
        subgraph: that the trace is of.
    """

    def __init__(self, model: Model | str | PathLike[str] | bytes, trace: Trace, *, subgraph: int = 0) -> None:
        self.model = model if isinstance(model, Model) else load(model)
        self.trace = trace
        self._graph = self.model.subgraphs[subgraph]
        self._forms: dict[tuple[int, str], tuple[NodeContext, Form]] = {}

    def form(self, node: int, profile: str) -> tuple[NodeContext, Form]:
        """A node as operators see it, and its arithmetic under a profile.

        Raises:
            UnsupportedOpError: if it has no arithmetic to explain.
            InputError: if the trace does not have what it reads.
        """
        key = (node, profile)
        if key not in self._forms:
            record = numerics.get(profile)
            found = list(contexts(self.model, record, self.trace.tensors, subgraph=self._graph.index, nodes=(node,)))
            if not found:
                raise InputError(f"A trace must have the node's outputs; it has none of node {node}.")
            try:
                self._forms[key] = found[0], form_of(found[0])
            except NeedsValue as need:
                raise InputError(
                    f"A node can be explained if the trace has its inputs; node {node} reads tensor {need.tensor}."
                ) from need
        return self._forms[key]

    def element(self, op: int | str, at: Sequence[int], profile: str) -> Element:
        """One element under one profile: taps and steps."""
        node = find_node(self._graph, op)
        _, form = self.form(node.index, profile)
        return form.element(_checked(form.output, at))

    def explain(self, op: int | str, at: Sequence[int], *, profiles: Sequence[str] | None = None) -> Explanation:
        """One element under the trace's profile, and its value under others (by default all).

        Args:
            op: index of the node, or name of the tensor that it computes. at: place in that tensor.
        """
        node = find_node(self._graph, op)
        ctx, form = self.form(node.index, self.trace.profile)
        place = _checked(form.output, at)
        element = form.element(place)
        elements: dict[str, Element] = {self.trace.profile: element}
        others = [
            self._under(node.index, place, name, element, elements)
            for name in (numerics.PROFILES if profiles is None else profiles)
        ]
        return Explanation(
            node.index, node.op, ctx.signature, self.trace.profile, place,
            tuple(_read(operand, place) for operand in ctx.inputs if operand is not None), _read(form.output, place),
            element, self.trace.tensors[form.output.index][place].item(),
            form.rules(place) if isinstance(form, Products) else {}, tuple(others), elements,
        )  # fmt: skip

    def _under(self, node: int, at: At, profile: str, reference: Element, elements: dict[str, Element]) -> ProfileValue:
        record = numerics.get(profile)
        about = (record.name, record.runtime, record.evidence)
        if profile not in elements:
            try:
                elements[profile] = self.form(node, profile)[1].element(at)
            except IntEngineError as error:
                return ProfileValue(*about, str(error), None, False)
        found = elements[profile]
        return ProfileValue(*about, found.rule, found.value, found.value == reference.value)


def explain(
    model: Model | str | PathLike[str] | bytes,
    op: int | str,
    at: Sequence[int],
    inputs: Inputs | Trace,
    *,
    profile: str = "litert-reference",
    signature: str | None = None,
) -> Explanation:
    """The arithmetic of one output element of one node, tap by tap, with its value under every profile.

    The other profiles are given the node's inputs of this run, not of runs of their own.

    Args:
        model: a Model, or what `load` takes.
        op: index of the node, or name of the tensor that it computes.
        at: place in that tensor.
        inputs: as for `Interpreter.run`; or a trace of the model.
        profile: whose arithmetic; a trace has its own.
        signature: of the model to run.

    Raises:
        InputError: for a node, a place or inputs that the model does not have.
        UnsupportedOpError: for an operator that does not add up, or in a form without an explanation.
    """
    engine = Interpreter(model, profile=profile, signature=signature)
    trace = inputs if isinstance(inputs, Trace) else engine.trace(inputs)
    return Explainer(engine.model, trace, subgraph=engine.plan.subgraph.index).explain(op, at)


def find_node(graph: Subgraph, op: int | str) -> Node:
    """The node of an index, or the one that computes a tensor of that name.

    Raises:
        InputError: if there is none.
    """
    if isinstance(op, int):
        if not 0 <= op < len(graph.nodes):
            raise InputError(f"A node must be one of 0..{len(graph.nodes) - 1}; got {op}.")
        return graph.nodes[op]
    names = {graph.tensors[i].name: node for node in reversed(graph.nodes) for i in node.outputs if i >= 0}
    if op not in names:
        near = difflib.get_close_matches(op, names, 3)
        hint = f" Near it: {', '.join(map(repr, near))}." if near else ""
        raise InputError(f"A node is an index or the name of a tensor that it computes; {op!r} is neither.{hint}")
    return names[op]


def _checked(output: Operand, at: Sequence[int]) -> At:
    place = tuple(int(i) for i in at)
    shape = output.shape
    if len(place) != len(shape) or not all(0 <= i < size for i, size in zip(place, shape, strict=True)):
        raise InputError(f"A place must lie in the output, of shape {list(shape)}; got {list(place)}.")
    return place


def _read(operand: Operand, at: At) -> Read:
    """With the scale of the element's channel, the last axis of the output, where there is one for each."""
    scheme = operand.quantization
    scale: Any = None
    point: int | None = None
    if scheme:
        channel = at[-1] % scheme.scale.size if at else 0
        scale = float(scheme.scale[channel])
        points = scheme.zero_point
        point = int(points[channel % points.size]) if points.size else 0
    return Read(operand.index, operand.name, operand.type.name.lower(), operand.shape, scale, point)
