"""One node of a model as a model of its own, for running it alone on chosen inputs."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from intengine.model import Model, Node, Quantization, Subgraph, TensorSpec, TensorType
from intengine.shapes import Shape
from intengine.writer import dump, pack

_HANDLES = (TensorType.RESOURCE, TensorType.VARIANT)


@dataclass(frozen=True, eq=False)
class Alone:
    """A one-node model; its tensors have the indices that they have in the whole model.

    Attributes:
        node: in the whole model. model: with this node only.
        inputs: tensors to be given, in the order of the graph's inputs. outputs: tensors that it computes.
        has_state: whether a run depends on those before it.
    """

    node: Node
    model: Model
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    has_state: bool


@dataclass(frozen=True, eq=False)
class Cut:
    """`Alone` as the bytes of a file."""

    node: Node
    model: bytes
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    has_state: bool


def cut(model: Model, node: Node, shapes: Mapping[int, Shape], known: Mapping[int, NDArray[Any]]) -> Cut | None:
    """`alone` as a file, for other runtimes."""
    found = alone(model, node, shapes, known)
    if found is None:
        return None
    return Cut(node, dump(found.model), found.inputs, found.outputs, found.has_state)


def alone(model: Model, node: Node, shapes: Mapping[int, Shape], known: Mapping[int, NDArray[Any]]) -> Alone | None:
    """A model of one node of the primary subgraph, with the shapes of a run; None if it cannot stand alone.

    A node that reads or writes what other nodes hold (resource variables, hash tables) cannot, and neither can one
    of strings. Subgraphs that it calls come along.

    Args:
        shapes: tensor -> shape in the run, of every tensor that the node touches.
        known: tensors that are computed from constants alone; they become constants, as LiteRT's delegates see them.
    """
    graph = model.main
    used = {i for i in (*node.inputs, *node.outputs, *node.intermediates) if i >= 0}
    used |= {i for index in used for i in _named(graph.tensors[index].quantization)}
    if any(graph.tensors[i].type in _HANDLES or graph.tensors[i].type is TensorType.STRING for i in used):
        return None
    tensors = tuple(
        _tensor(spec, shapes, known, node) if spec.index in used else TensorSpec(spec.index, "", TensorType.FLOAT32, ())
        for spec in graph.tensors
    )
    inputs = tuple(
        dict.fromkeys(i for i in node.inputs if i >= 0 and tensors[i].raw is None and not tensors[i].is_variable)
    )
    if not inputs:
        return None
    outputs = tuple(i for i in node.outputs if i >= 0)
    piece = Subgraph(0, graph.name, tensors, inputs, outputs, (replace(node, index=0),))
    whole = Model(model.version, "", (piece, *model.subgraphs[1:]))
    has_state = any(spec.is_variable for spec in tensors)
    return Alone(node, whole, inputs, outputs, has_state)


def _named(quantization: Quantization) -> tuple[int, ...]:
    """Tensors that a tensor's quantization refers to."""
    details = quantization.details
    named = (getattr(details, "scales", -1), getattr(details, "zero_points", -1))
    return tuple(i for i in named if i >= 0)


def _tensor(spec: TensorSpec, shapes: Mapping[int, Shape], known: Mapping[int, NDArray[Any]], node: Node) -> TensorSpec:
    if spec.raw is not None or spec.is_variable:
        return spec
    shape = shapes.get(spec.index, spec.shape)
    raw = None
    if spec.index in known and spec.index in node.inputs:
        raw = pack(np.asarray(known[spec.index]), spec.type)
    return replace(spec, shape=shape, shape_signature=(), raw=raw, buffer=0)
