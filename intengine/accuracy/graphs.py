"""One planned graph with what alignment asks of it: who makes and who reads a tensor, and what constants mean."""

from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from intengine.accuracy._kinds import CONVERSIONS, MATRIX
from intengine.model import Node
from intengine.plan import Plan
from intengine.quantization import dequantize
from intengine.shapes import Shape


class Graph:
    """A view of one plan.

    Attributes:
        plan: the plan. nodes: those that run, in order (nodes of constants alone do not).
        producer: tensor -> the node that computes it. readers: tensor -> nodes that read it, in order.
    """

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.tensors = plan.subgraph.tensors
        self.nodes = tuple(
            node for node in plan.subgraph.nodes if not all(i in plan.constants for i in node.outputs if i >= 0)
        )
        self.producer = {i: node for node in self.nodes for i in node.outputs if i >= 0}
        self.readers: dict[int, list[Node]] = {}
        for node in self.nodes:
            for i in dict.fromkeys(node.inputs):
                self.readers.setdefault(i, []).append(node)

    def name(self, tensor: int) -> str:
        return self.tensors[tensor].name

    def shape(self, tensor: int) -> Shape:
        return self.plan.shapes.get(tensor, self.tensors[tensor].shape)

    @cached_property
    def computed(self) -> tuple[int, ...]:
        """Inputs of the graph, then what its nodes compute, in order."""
        return (*self.plan.subgraph.inputs, *(i for node in self.nodes for i in node.outputs if i >= 0))

    @cached_property
    def compute_nodes(self) -> tuple[Node, ...]:
        """Nodes that do more than convert numbers."""
        return tuple(node for node in self.nodes if node.op not in CONVERSIONS)

    def root(self, tensor: int) -> int:
        """The tensor whose real numbers this one repeats: before any QUANTIZE and DEQUANTIZE."""
        while (node := self.producer.get(tensor)) is not None and node.op in CONVERSIONS:
            tensor = node.inputs[0]
        return tensor

    def onward(self, tensor: int) -> list[Node]:
        """Nodes that read these real numbers, through any QUANTIZE and DEQUANTIZE."""
        found: list[Node] = []
        for node in self.readers.get(tensor, []):
            found += self.onward(node.outputs[0]) if node.op in CONVERSIONS else [node]
        return found

    def constant(self, tensor: int) -> NDArray[Any] | None:
        """The real numbers of a constant, float; integers without a scale as they are. None for other tensors."""
        if tensor < 0 or tensor not in self.plan.constants:
            return None
        values = np.asarray(self.plan.constants[tensor])
        scheme = self.tensors[tensor].quantization
        if scheme.scale.size and values.dtype.kind in "iu" and scheme.details is None:
            return dequantize(values, scheme)
        return values.astype(np.float32) if values.dtype in (np.float16, np.float64) else values

    def weights(self, node: Node) -> NDArray[Any] | None:
        """Real weights of an operator that sums products, or of any with one float constant of rank 2 or more."""
        if node.op in MATRIX:
            return self.constant(node.inputs[MATRIX[node.op][1]])
        for i in node.inputs:
            found = self.constant(i)
            if found is not None and found.dtype.kind == "f" and found.ndim >= 2:
                return found
        return None

    def bias(self, node: Node) -> NDArray[Any] | None:
        """Real bias of an operator that sums products: int32 and int64 values times input scale times weight scale."""
        source, filter_, place = MATRIX[node.op]
        if len(node.inputs) <= place or node.inputs[place] < 0:
            return None
        values = self.plan.constants.get(node.inputs[place])
        if values is None or values.dtype.kind == "f":
            return None if values is None else np.asarray(values, np.float64)
        scales = [self.tensors[node.inputs[i]].quantization.scale.astype(np.float64) for i in (source, filter_)]
        if not all(scale.size for scale in scales):
            return None
        return np.asarray(values.astype(np.float64) * scales[0] * scales[1])


def is_activation(node: Node) -> bool:
    """Whether an operator changes elements one by one, as fused activations do."""
    return node.op in {"RELU", "RELU6", "RELU_N1_TO_1", "RELU_0_TO_1", "TANH", "LOGISTIC", "HARD_SWISH", "LEAKY_RELU"}
