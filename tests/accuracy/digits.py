"""The embedded digits models, and single faults planted in the int8 one."""

from collections.abc import Iterator
from dataclasses import replace
from importlib.resources import files
from typing import Any

import numpy as np

from intengine import load
from intengine.constants import unpack
from intengine.model import Model, Options
from intengine.writer import pack

Planted = tuple[str, int, Model]


def path(name: str) -> str:
    return str(files("intengine").joinpath("data", "digits", name))


def model(name: str) -> Model:
    return load(path(f"{name}.tflite"))


def with_tensor(whole: Model, index: int, **changes: Any) -> Model:
    """The model with fields of one tensor replaced; those of its quantization by their names."""
    graph = whole.main
    spec = graph.tensors[index]
    scheme = {name: changes.pop(name) for name in ("scale", "zero_point") if name in changes}
    tensors = list(graph.tensors)
    tensors[index] = replace(spec, **changes, quantization=replace(spec.quantization, **scheme))
    return replace(whole, subgraphs=(replace(graph, tensors=tuple(tensors)),))


def with_node(whole: Model, index: int, **changes: Any) -> Model:
    graph = whole.main
    nodes = list(graph.nodes)
    nodes[index] = replace(nodes[index], **changes)
    return replace(whole, subgraphs=(replace(graph, nodes=tuple(nodes)),))


def nameless(whole: Model) -> Model:
    graph = whole.main
    tensors = tuple(replace(spec, name=f"x{spec.index}") for spec in graph.tensors)
    return replace(whole, subgraphs=(replace(graph, tensors=tensors),), signatures=())


def faults() -> Iterator[Planted]:
    """(cause, node, digits_int8 with that one thing damaged)."""
    whole = model("digits_int8")
    for node in (0, 1, 2, 3, 4):
        yield "weight-scale", node, damaged_scale(whole, node)
        yield "bias", node, truncated_bias(whole, node)
        out = whole.main.tensors[whole.main.nodes[node].outputs[0]]
        yield "clipped-range", node, with_tensor(whole, out.index, scale=out.quantization.scale * np.float32(0.4))
        moved = out.quantization.zero_point + (128 if out.quantization.zero_point[0] < 0 else -128)
        yield "zero-point", node, with_tensor(whole, out.index, zero_point=moved)
    for node in (0, 4):
        yield "operator", node, activation(whole, node, 2 if node == 0 else 1)
    yield "operator", 6, with_node(whole, 6, op="MAX_POOL_2D")


def damaged_scale(whole: Model, node: int) -> Model:
    """The scale of the channel with the greatest bias times 2.5."""
    inputs = whole.main.nodes[node].inputs
    scale = whole.main.tensors[inputs[1]].quantization.scale.copy()
    scale[np.argmax(np.abs(unpack(whole.main.tensors[inputs[2]])))] *= 2.5
    return with_tensor(whole, inputs[1], scale=scale)


def truncated_bias(whole: Model, node: int) -> Model:
    spec = whole.main.tensors[whole.main.nodes[node].inputs[2]]
    values = unpack(spec)
    limit = int(np.abs(values).max() * 0.3)
    return with_tensor(whole, spec.index, raw=pack(np.clip(values, -limit, limit), spec.type))


def activation(whole: Model, node: int, number: int) -> Model:
    options = whole.main.nodes[node].options
    return with_node(whole, node, options=Options(options.table, {**options, "fused_activation_function": number}))
