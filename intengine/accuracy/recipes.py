"""Operators to keep in float32, in the words of the tools that quantize models."""

import re
from collections.abc import Collection
from typing import Any

from intengine.accuracy.experiment import Experiment
from intengine.model import Node, TensorType


def recipe(experiment: Experiment, nodes: Collection[int]) -> list[dict[str, Any]]:
    """A recipe for ai-edge-quantizer: the model's own scheme for all operators, then float32 for these, one by one.

    Operators that follow them because they only move data are named too.

    Entries say which operators they are for by a regular expression on the names of their outputs, those of the float
    model where the experiment has one. Later entries win.

    Source: ai_edge_quantizer/recipe_manager.py, ai_edge_quantizer/utils/tfl_flatbuffer_utils.py
    """
    kept = [f"^{re.escape(_scope(experiment, node))}$" for node in _followed(experiment, nodes)]
    return [
        {
            "regex": ".*",
            "operation": "*",
            "algorithm_key": "min_max_uniform_quantize",
            "op_config": _scheme(experiment),
        },
        *({"regex": where, "operation": "*", "algorithm_key": "no_quantize", "op_config": {}} for where in kept),
    ]


def denylist(experiment: Experiment, nodes: Collection[int]) -> dict[str, list[str]]:
    """Arguments for TensorFlow's QuantizationDebugOptions that keep these nodes in float32."""
    return {"denylisted_nodes": [_name(experiment, node) for node in _followed(experiment, nodes)]}


def _followed(experiment: Experiment, nodes: Collection[int]) -> list[Node]:
    """These nodes, and those that compute in float32 because of them."""
    found = experiment.floatized(nodes).nodes - experiment.floatized(()).nodes
    return [experiment.graph.nodes[node] for node in sorted(found)]


def _name(experiment: Experiment, node: Node) -> str:
    return experiment.float_names.get(node.index) or experiment.name(node.index)


def _scope(experiment: Experiment, node: Node) -> str:
    """What ai-edge-quantizer matches expressions with: the names of all outputs, each with a semicolon behind it."""
    graph = experiment.graph
    first, *rest = [graph.tensors[i].name for i in node.outputs if i >= 0]
    return ";".join([experiment.float_names.get(node.index) or first, *rest]) + ";"


def _scheme(experiment: Experiment) -> dict[str, Any]:
    """The configuration that is nearest to what the model has."""
    types = [experiment.graph.tensors[i].type for n in experiment.candidates for i in experiment.graph.nodes[n].outputs]
    if any(kind in (TensorType.INT8, TensorType.UINT8) for kind in types):
        return _static(8)
    if TensorType.INT16 in types:
        return _static(16)
    return {
        "weight_tensor_config": _tensor(8, "CHANNELWISE"),
        "compute_precision": "INTEGER",
        "explicit_dequantize": False,
    }


def _static(bits: int) -> dict[str, Any]:
    return {
        "activation_tensor_config": _tensor(bits, "TENSORWISE", symmetric=bits == 16),
        "weight_tensor_config": _tensor(8, "CHANNELWISE"),
        "compute_precision": "INTEGER",
        "explicit_dequantize": False,
    }


def _tensor(bits: int, granularity: str, *, symmetric: bool = True) -> dict[str, Any]:
    return {"num_bits": bits, "symmetric": symmetric, "granularity": granularity, "dtype": "INT"}
