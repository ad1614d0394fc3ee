"""Which tensor of a float model stands for which tensor of a quantized one.

Graphs of one network differ in names, in what converters fused and folded, and in QUANTIZE and DEQUANTIZE. Tensors are
matched by evidence in this order, every match only where it is the only one of its kind on both sides:

1. whole names, first as they are, then without converters' prefixes, suffixes and counters;
2. inputs and outputs of the graphs, by their place;
3. weights: filters of the same size whose channels have nearly the same direction;
4. structure: what makes and what reads a matched tensor, by operator, place and shape;
5. any one of the names that were fused into one; last, because converters spread names over their neighbours.

Tensors behind QUANTIZE and DEQUANTIZE are the same real numbers, and go by the tensor before.
"""

from collections.abc import Callable, Iterable

import numpy as np

from intengine.accuracy import names
from intengine.accuracy.graphs import Graph, is_activation
from intengine.accuracy.records import Alignment, Match, Unmatched
from intengine.accuracy.weights import FOLDABLE, find, likeness
from intengine.model import Node
from intengine.shapes import Shape, elements

#: Filters are of one layer if their likeness is at least this, and if the next best is this much less.
_LIKE, _MARGIN = 0.9, 0.02
#: Axes that bring a float layout into the quantized one, tried where the shapes differ: NCHW, NCW -> NHWC, NWC.
_PERMUTATIONS: dict[int, tuple[tuple[int, ...], ...]] = {4: ((0, 2, 3, 1), (0, 3, 1, 2)), 3: ((0, 2, 1),)}
_ACTIVATIONS = {1: "RELU", 2: "RELU_N1_TO_1", 3: "RELU6"}


def permutation(found: Shape, wanted: Shape) -> tuple[int, ...] | None:
    """Axes that bring a shape to the wanted one; () if only sizes of 1 differ, None if there are none."""
    if [n for n in found if n != 1] == [n for n in wanted if n != 1]:
        return ()
    for axes in _PERMUTATIONS.get(len(found), ()):
        if len(wanted) == len(found) and tuple(found[i] for i in axes) == wanted:
            return axes
    return None


def align(real: Graph, quantized: Graph) -> Alignment:
    """Match the computed tensors of a float graph and a quantized graph."""
    work = _Aligner(real, quantized)
    work.run()
    return work.result()


class _Aligner:
    """Matches in the making.

    Attributes:
        pairs: quantized tensor -> float tensor, both before any conversion. evidence: quantized tensor -> why.
    """

    def __init__(self, real: Graph, quantized: Graph) -> None:
        self.real, self.quantized = real, quantized
        self.pairs: dict[int, int] = {}
        self.evidence: dict[int, str] = {}
        self._taken: set[int] = set()
        self._roots_r = tuple(dict.fromkeys(real.root(i) for i in real.computed))
        self._roots_q = tuple(dict.fromkeys(quantized.root(i) for i in quantized.computed))

    def run(self) -> None:
        self._ends(self.quantized.plan.subgraph.inputs, self.real.plan.subgraph.inputs, "input")
        for key in names.WHOLE:
            self._by_name(key)
        self._ends(self.quantized.plan.subgraph.outputs, self.real.plan.subgraph.outputs, "output")
        self._grow()
        for key in names.PARTS:
            self._by_name(key)
            self._grow()

    def _grow(self) -> None:
        before = -1
        while before != len(self.pairs):
            before = len(self.pairs)
            self._by_weights()
            self._by_structure()

    def _fits(self, q: int, r: int) -> bool:
        free = q not in self.pairs and r not in self._taken
        return free and permutation(self.real.shape(r), self.quantized.shape(q)) is not None

    def _take(self, q: int, r: int, why: str) -> None:
        self.pairs[q] = r
        self.evidence[q] = why
        self._taken.add(r)

    def _ends(self, ours: Iterable[int], theirs: Iterable[int], why: str) -> None:
        mine = [self.quantized.root(i) for i in ours]
        other = [self.real.root(i) for i in theirs]
        by_name = {names.parts(self.real.name(i)): i for i in other}
        for q in mine:
            r = by_name.get(names.parts(self.quantized.name(q)))
            if r is not None and self._fits(q, r):
                self._take(q, r, "names")
        if len(mine) == len(other):
            for q, r in zip(mine, other, strict=True):
                if self._fits(q, r):
                    self._take(q, r, why)

    def _by_name(self, key: Callable[[str], Iterable[str]]) -> None:
        """Tensors that share a key which no other tensor of either graph has; the last one of a fused chain."""
        ours, theirs = self._keyed(self.quantized, self._roots_q, key), self._keyed(self.real, self._roots_r, key)
        found: dict[int, list[int]] = {}
        for word, q in ours.items():
            r = theirs.get(word, -1)
            if q >= 0 and r >= 0 and self._fits(q, r):
                found.setdefault(q, []).append(r)
        place = {r: at for at, r in enumerate(self._roots_r)}
        for q, candidates in found.items():
            r = max(candidates, key=place.__getitem__)
            if self._fits(q, r) and self._same_work(q, r):
                self._take(q, r, "names")

    def _keyed(self, graph: Graph, tensors: Iterable[int], key: Callable[[str], Iterable[str]]) -> dict[str, int]:
        found: dict[str, int] = {}
        for tensor in tensors:
            for word in key(graph.name(tensor)):
                if word:
                    found[word] = -1 if found.get(word, tensor) != tensor else tensor
        return found

    def _same_work(self, q: int, r: int) -> bool:
        """Not a filter here and another filter there: names that only seem to agree."""
        a, b = self.quantized.producer.get(q), self.real.producer.get(r)
        if a is None or b is None or a.op != b.op:
            return True
        ours, theirs = self.quantized.weights(a), self.real.weights(b)
        return ours is None or theirs is None or not likeness(a.op, ours, theirs) < 0.2

    # -- weights and structure --------------------------------------------------------------------------------

    def _by_weights(self) -> None:
        mine = [
            n for n in self.quantized.nodes if n.outputs[0] not in self.pairs and self._has_filter(self.quantized, n)
        ]
        other = [n for n in self.real.nodes if self._has_filter(self.real, n)]
        if not mine or not other:
            return
        table = np.full((len(mine), len(other)), -1.0)
        for i, a in enumerate(mine):
            for j, b in enumerate(other):
                table[i, j] = self._alike(a, b)
        for i, a in enumerate(mine):
            j = int(np.argmax(table[i]))
            others = max(np.delete(table[i], j).max(initial=-1.0), np.delete(table[:, j], i).max(initial=-1.0))
            if table[i, j] >= _LIKE and others < table[i, j] - _MARGIN:
                self._take_chain(a, other[j], "weights")

    def _has_filter(self, graph: Graph, node: Node) -> bool:
        found = graph.weights(node)
        return found is not None and found.ndim >= 2

    def _alike(self, a: Node, b: Node) -> float:
        ours, theirs = self.quantized.weights(a), self.real.weights(b)
        if a.op != b.op or ours is None or theirs is None or ours.size != theirs.size:
            return -1.0
        found = likeness(a.op, ours, theirs)
        return found if found == found else -1.0

    def _take_chain(self, a: Node, b: Node, why: str) -> None:
        """Match the end of what the float graph does in several nodes and the quantized one in one."""
        r = self._chain_end(a, b)
        if self._fits(a.outputs[0], r):
            self._take(a.outputs[0], r, why)

    def _chain_end(self, a: Node, b: Node) -> int:
        """The float tensor that has everything which is fused into a quantized node."""
        end = b.outputs[0]
        fused = int(a.options.get("fused_activation_function", 0) or 0)
        mine = {node.op for node in self.quantized.onward(a.outputs[0])}
        while True:
            readers = self.real.onward(end)
            if len(readers) != 1:
                return end
            node = readers[0]
            folded = node.op in FOLDABLE and any(self.real.constant(i) is not None for i in node.inputs)
            activation = is_activation(node) and (_ACTIVATIONS.get(fused, "") == node.op or not fused)
            if node.op in mine or not (folded or activation):
                return end
            end = node.outputs[0]
            if activation or node.options.get("fused_activation_function"):
                return end

    def _by_structure(self) -> None:
        grown = True
        while grown:
            before = len(self.pairs)
            for q, r in list(self.pairs.items()):
                self._backward(q, r)
                self._forward(q, r)
            grown = len(self.pairs) > before

    def _backward(self, q: int, r: int) -> None:
        """Inputs of two nodes that do the same."""
        a, b = self.quantized.producer.get(q), self.real.producer.get(r)
        if a is None or b is None or a.op != b.op:
            return
        for i, j in zip(a.outputs, b.outputs, strict=False):
            if i >= 0 and j >= 0 and self._fits(i, j):
                self._take(i, j, "structure")
        if len(a.inputs) != len(b.inputs):
            return
        for i, j in zip(a.inputs, b.inputs, strict=True):
            if i < 0 or j < 0 or i in self.quantized.plan.constants or j in self.real.plan.constants:
                continue
            mine, other = self.quantized.root(i), self.real.root(j)
            if self._fits(mine, other) and self._same_kind(mine, other):
                self._take(mine, other, "structure")

    def _same_kind(self, q: int, r: int) -> bool:
        a, b = self.quantized.producer.get(q), self.real.producer.get(r)
        return (a is None) == (b is None) and (a is None or b is None or a.op == b.op)

    def _forward(self, q: int, r: int) -> None:
        """Readers that are the only ones of their operator and shape on both sides."""
        ours = [n for n in self.quantized.onward(q) if n.outputs[0] not in self.pairs]
        theirs = [n for n in self.real.onward(r) if n.outputs[0] not in self._taken]
        for node in ours:
            kin = [n for n in ours if self._looks(self.quantized, n) == self._looks(self.quantized, node)]
            others = [n for n in theirs if self._looks(self.real, n) == self._looks(self.quantized, node)]
            if len(kin) == 1 and len(others) == 1:
                if self._has_filter(self.quantized, node) and self._alike(node, others[0]) < 0.2:
                    continue
                self._take_chain(node, others[0], "structure")

    def _looks(self, graph: Graph, node: Node) -> tuple[str, Shape]:
        op = "RESHAPE" if node.op in {"SQUEEZE", "EXPAND_DIMS"} else node.op
        return op, tuple(n for n in graph.shape(node.outputs[0]) if n != 1)

    # -- the result -------------------------------------------------------------------------------------------

    def result(self) -> Alignment:
        matches = []
        for tensor in self.quantized.computed:
            root = self.quantized.root(tensor)
            if root not in self.pairs:
                continue
            r = self.pairs[root]
            why = self.evidence[root] if root == tensor else f"{self.evidence[root]} + conversion"
            cosine = self._cosine(tensor, r)
            if cosine is not None and cosine >= _LIKE and "weights" not in why:
                why += " + weights"
            axes = permutation(self.real.shape(r), self.quantized.shape(tensor))
            matches.append(Match(r, self.real.name(r), tensor, self.quantized.name(tensor), why, axes or (), cosine))
        matched = {match.quantized_tensor for match in matches}
        nodes = self.quantized.compute_nodes
        missing = [node for node in nodes if node.outputs[0] not in matched]
        return Alignment(
            tuple(matches),
            len(nodes),
            len(nodes) - len(missing),
            tuple(Unmatched(n.index, n.op, self.quantized.name(n.outputs[0]), self._reason(n)) for n in missing),
        )

    def _cosine(self, q: int, r: int) -> float | None:
        node = self.quantized.producer.get(q)
        ours = self.quantized.weights(node) if node is not None else None
        if node is None or ours is None:
            return None
        theirs = find(self.real, node, r, self.quantized)
        if theirs is None:
            return None
        found = likeness(node.op, ours, theirs.weights)
        return found if found == found else None

    def _reason(self, node: Node) -> str:
        size = elements(self.quantized.shape(node.outputs[0]))
        same = [r for r in self._roots_r if elements(self.real.shape(r)) == size and r not in self._taken]
        kinds = {self.real.producer[r].op for r in same if r in self.real.producer}
        if not same:
            return "no free tensor of its size in the float model"
        if node.op not in kinds:
            return f"the float model has no free {node.op} with an output of its size"
        return f"{len(same)} tensors of its size could be it, and neither names, weights nor neighbours tell them apart"
