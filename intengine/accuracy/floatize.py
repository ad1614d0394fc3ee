"""A quantized model with some or all of its operators computing in float32."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from intengine.accuracy._kinds import CONVERSIONS, MATRIX, MOVERS, bias_scale, folded_activation, real_tensors, why_not
from intengine.constants import unpack
from intengine.errors import InputError
from intengine.model import Model, Node, Options, Signature, Subgraph, TensorSpec, TensorType
from intengine.quantization import dequantize
from intengine.reader.options import default_options
from intengine.writer import pack


@dataclass(frozen=True, eq=False)
class Floatized:
    """A model of which some nodes compute in float32.

    Attributes:
        model: runs under any profile, and can be written to a file. Tensors have the indices that they have in the
            original graph; new ones come behind them.
        float_of: tensor of the original graph -> its float32 twin in `model`, the same real values; tensors that were
            float32 are their own twins.
        nodes: nodes of the original graph that compute in float32, those that already did included.
        refused: node of the original graph -> why it stays quantized although it was to compute in float32.
        node_of: node of `model` -> node of the original graph that it does the work of; conversions that were put in
            have none.
    """

    model: Model
    float_of: Mapping[int, int]
    nodes: frozenset[int]
    refused: Mapping[int, str] = field(default_factory=dict)
    node_of: Mapping[int, int] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class Twin:
    """What a float model has in a node's place, to compute in float32 as that model does.

    Attributes:
        op, options: the operator.
        constants: place among the node's inputs -> float32 values in place of the dequantized ones.
    """

    op: str
    options: Options
    constants: Mapping[int, NDArray[Any]] = field(default_factory=dict)


def floatize(
    model: Model,
    nodes: Collection[int] | None = None,
    *,
    subgraph: int = 0,
    constants: Mapping[int, NDArray[Any]] | None = None,
    twins: Mapping[int, Twin] | None = None,
    keep_borders: bool = False,
) -> Floatized:
    """`model` with these nodes computing in float32 on dequantized constants.

    A DEQUANTIZE comes before and a QUANTIZE behind where a neighbour stays quantized. Fused activations stay as they
    are, in real numbers, and those that a converter folded into an output's range come back. Operators that only move
    data are float32 too where all their neighbours are. QUANTIZE and DEQUANTIZE between float32 nodes become a
    multiplication by 1. A graph input becomes float32 if all that read it do, a graph output if what computes it does.

    A bias is real by the scale that its sum has, input scale x weight scale, which is what kernels take it for.

    Args:
        nodes: nodes of the subgraph; all, if None.
        subgraph: the one whose nodes they are; the others stay as they are.
        constants: tensor -> real values to take in place of the dequantized ones.
        twins: node -> what a float model has in its place, which then says what it computes.
        keep_borders: keep the types of the graph's inputs and outputs, as is done where other subgraphs call it.

    Raises:
        InputError: for a node that the subgraph does not have.
    """
    graph = model.subgraphs[subgraph]
    wanted = set(range(len(graph.nodes))) if nodes is None else set(nodes)
    beyond = sorted(wanted - set(range(len(graph.nodes))))
    if beyond:
        raise InputError(f"A node must be one of 0..{len(graph.nodes) - 1}; got {beyond[0]}.")
    real = real_tensors(graph)
    quantized = {node.index for node in graph.nodes if _touches(node, real, graph)}
    refused = {i: why for i in wanted & quantized if (why := why_not(graph, graph.nodes[i], real))}
    chosen = _with_movers(graph, real, quantized, wanted & quantized - refused.keys())
    called = subgraph > 0 and all(signature.subgraph != subgraph for signature in model.signatures)
    work = _Work(graph, real, chosen, constants or {}, twins or {}, keep_borders=keep_borders or called)
    made = work.graph()
    graphs = (*model.subgraphs[:subgraph], made, *model.subgraphs[subgraph + 1 :])
    signatures = tuple(_signature(s, graph, made) if s.subgraph == subgraph else s for s in model.signatures)
    already = {n.index for n in graph.nodes if n.index not in quantized and _is_float(graph, n)}
    own = {spec.index: spec.index for spec in graph.tensors if spec.type is TensorType.FLOAT32}
    return Floatized(
        replace(model, subgraphs=graphs, signatures=signatures),
        {**own, **work.twins},
        frozenset(chosen | already),
        refused,
        work.node_of,
    )


def _touches(node: Node, real: Collection[int], graph: Subgraph) -> bool:
    """Whether a node's work is on quantized numbers; blocks of weights count, which have no scales of their own."""
    touched = [i for i in (*node.inputs, *node.outputs) if i >= 0]
    return any(i in real or graph.tensors[i].quantization.details is not None for i in touched)


def _is_float(graph: Subgraph, node: Node) -> bool:
    return any(graph.tensors[i].type is TensorType.FLOAT32 for i in node.outputs)


def _with_movers(graph: Subgraph, real: frozenset[int], quantized: set[int], chosen: set[int]) -> set[int]:
    """The chosen nodes, and movers and conversions of which all neighbours are float32 by then."""
    makers = {i: node.index for node in graph.nodes for i in node.outputs}
    readers: dict[int, set[int]] = {}
    for node in graph.nodes:
        for i in node.inputs:
            readers.setdefault(i, set()).add(node.index)
    free = {
        i
        for i in quantized - chosen
        if graph.nodes[i].op in MOVERS | CONVERSIONS and not why_not(graph, graph.nodes[i], real)
    }
    found = set(chosen)
    while free:
        group, border = {free.pop()}, set[int]()
        todo = list(group)
        while todo:
            node = graph.nodes[todo.pop()]
            tensors = [i for i in (*node.inputs, *node.outputs) if i in real]
            near = {m for i in tensors for m in (*readers.get(i, ()), *([makers[i]] if i in makers else ()))}
            fresh = near & free - group
            group |= fresh
            todo += fresh
            border |= near
        free -= group
        border -= group
        if border and border <= chosen:
            found |= group
    return found


def _signature(signature: Signature, old: Subgraph, new: Subgraph) -> Signature:
    moved = dict(zip((*old.inputs, *old.outputs), (*new.inputs, *new.outputs), strict=True))
    return replace(
        signature,
        inputs={name: moved.get(i, i) for name, i in signature.inputs.items()},
        outputs={name: moved.get(i, i) for name, i in signature.outputs.items()},
    )


class _Work:
    """The new graph in the making.

    Attributes:
        twins: tensor -> float32 tensor of the same real values. node_of: new node -> old node.
    """

    def __init__(
        self,
        graph: Subgraph,
        real: frozenset[int],
        chosen: set[int],
        constants: Mapping[int, NDArray[Any]],
        originals: Mapping[int, Twin],
        *,
        keep_borders: bool,
    ) -> None:
        self._graph, self._real, self._chosen = graph, real, chosen
        self._constants, self._originals = constants, originals
        self._tensors = list(graph.tensors)
        self._nodes: list[Node] = []
        self.twins: dict[int, int] = {}
        self.node_of: dict[int, int] = {}
        #: tensors that exist only as float32 so far
        self._only_float: set[int] = set()
        read_quantized = {i for node in graph.nodes if node.index not in chosen for i in node.inputs}
        read_float = {i for node in graph.nodes if node.index in chosen for i in node.inputs} & real - read_quantized
        made_float = {i for node in graph.nodes if node.index in chosen for i in node.outputs} & real
        self._float_inputs = set() if keep_borders else read_float & set(graph.inputs) - set(graph.outputs)
        self._float_outputs = set() if keep_borders else made_float & set(graph.outputs)
        self._one = -1

    def graph(self) -> Subgraph:
        graph = self._graph
        for i in sorted(self._float_inputs):
            self._only_float.add(self._twin(i))
        for node in graph.nodes:
            if node.index in self._chosen:
                self._add_float(node)
            else:
                for i in node.inputs:
                    self._need_quantized(i)
                self._add(node, node.inputs, node.outputs)
        outputs = []
        for i in graph.outputs:
            if i in self._float_outputs:
                outputs.append(self.twins[i])
            else:
                self._need_quantized(i)
                outputs.append(i)
        inputs = tuple(self.twins[i] if i in self._float_inputs else i for i in graph.inputs)
        return replace(
            graph, tensors=tuple(self._tensors), inputs=inputs, outputs=tuple(outputs), nodes=tuple(self._nodes)
        )

    def _add_float(self, node: Node) -> None:
        inputs = [self._need_float(node, at, i) for at, i in enumerate(node.inputs)]
        outputs = []
        for i in node.outputs:
            if i in self._real:
                outputs.append(self._twin(i))
                self._only_float.add(i)
            else:
                outputs.append(i)
        if node.op in CONVERSIONS:
            # A node of its own, not another name: tensors keep their names, and so do the graph's outputs.
            self._add(
                replace(node, op="MUL", version=1, options=default_options("MUL")), [*inputs, self._unit()], outputs
            )
            return
        if node.index in self._originals:
            original = self._originals[node.index]
            node = replace(node, op=original.op, options=original.options)
        elif "fused_activation_function" in node.options:
            activation = folded_activation(self._graph, node)
            fields = {**node.options, "fused_activation_function": activation}
            node = replace(node, options=Options(node.options.table, fields))
        self._add(node, inputs, outputs)

    def _need_float(self, node: Node, at: int, i: int) -> int:
        """The tensor to read in place of the one at this input."""
        if i < 0:
            return i
        spec = self._graph.tensors[i]
        original = self._originals.get(node.index)
        if original is not None and at in original.constants:
            return self._constant(spec, original.constants[at])
        if i in self._constants:
            return self.twins[i] if i in self.twins else self._constant(spec, self._constants[i])
        if node.op in MATRIX and at == MATRIX[node.op][2] and spec.type is not TensorType.FLOAT32:
            # Its scale is that of its node, so another node that shares the integers has a twin of its own.
            return self._constant(spec, unpack(spec).reshape(-1) * bias_scale(self._graph, node))
        if i not in self._real:
            return i
        if i not in self.twins and spec.raw is not None:
            return self._constant(spec, dequantize(unpack(spec), spec.quantization))
        if i not in self.twins:
            self._insert("DEQUANTIZE", i, self._twin(i))
        return self.twins[i]

    def _constant(self, spec: TensorSpec, values: NDArray[Any]) -> int:
        """A float32 constant in place of an integer one; the first is its twin."""
        index = self._new(spec, spec.name)
        self.twins.setdefault(spec.index, index)
        real = np.ascontiguousarray(values, np.float32).reshape(spec.shape)
        made = replace(self._tensors[index], shape_signature=(), raw=pack(real, TensorType.FLOAT32))
        self._tensors[index] = made
        return index

    def _need_quantized(self, i: int) -> None:
        """See that the tensor itself has its value, where only its twin does."""
        if i in self._only_float:
            self._only_float.remove(i)
            self._insert("QUANTIZE", self.twins[i], i)

    def _twin(self, i: int) -> int:
        self.twins[i] = self._new(self._graph.tensors[i], self._graph.tensors[i].name)
        return self.twins[i]

    def _new(self, spec: TensorSpec, name: str) -> int:
        index = len(self._tensors)
        self._tensors.append(
            TensorSpec(index, name, TensorType.FLOAT32, spec.shape, spec.shape_signature, has_rank=spec.has_rank)
        )
        return index

    def _unit(self) -> int:
        if self._one < 0:
            self._one = len(self._tensors)
            self._tensors.append(
                TensorSpec(self._one, "one", TensorType.FLOAT32, (), raw=pack(np.float32(1), TensorType.FLOAT32))
            )
        return self._one

    def _insert(self, op: str, source: int, target: int) -> None:
        node = Node(len(self._nodes), op, 1, (source,), (target,), default_options(op))
        self._nodes.append(node)

    def _add(self, node: Node, inputs: Sequence[int], outputs: Sequence[int]) -> None:
        self.node_of[len(self._nodes)] = node.index
        self._nodes.append(replace(node, index=len(self._nodes), inputs=tuple(inputs), outputs=tuple(outputs)))
