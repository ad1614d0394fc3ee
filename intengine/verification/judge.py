"""Which node is to blame: each node that differs is run again on the other side's inputs (teacher-forced)."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from intengine import numerics
from intengine.comparison import OPERATORS
from intengine.comparison.metrics import difference, is_float
from intengine.comparison.traces import magnitude
from intengine.cut import Cut, cut
from intengine.errors import IntEngineError
from intengine.interpreter import Interpreter
from intengine.model import Node, TensorType
from intengine.reader import load
from intengine.runners import RUNTIMES
from intengine.trace import Trace
from intengine.verification.records import HISTOGRAM_LSB, NEAR_LSB, Cause, NodeReport, Role
from intengine.verification.sides import Seen, Tensors

#: Float outputs this near, relative to the greatest magnitude in the tensor, are near rather than structural.
NEAR_FLOAT = 1e-4
#: The worst role of several runs counts.
_ORDER = (Role.UNSEEN, Role.EXACT, Role.PROPAGATED, Role.UNDECIDED, Role.CULPRIT)


@dataclass
class _Tally:
    """One node over the runs so far."""

    role: Role = Role.UNSEEN
    elements: int = 0
    differing: int = 0
    max_lsb: int = 0
    is_far: bool = False
    alone: bool = False
    histogram: Counter[int] = field(default_factory=Counter)
    worst: tuple[int, tuple[int, ...], Any, Any] | None = None
    #: Profiles that gave the other side's bytes so far; None before the first difference.
    profiles: set[str] | None = None


class Judge:
    """Looks at one run after the other and says of each node what its differences come from."""

    def __init__(self, engine: Interpreter) -> None:
        self.engine = engine
        self.tallies: dict[int, _Tally] = {node.index: _Tally() for node in engine.plan.subgraph.nodes}
        self.restart()

    def restart(self) -> None:
        """The shapes have changed: nodes alone are made anew."""
        self._cuts: dict[int, Cut | None] = {}
        self._engines: dict[tuple[int, str], Interpreter | None] = {}

    def cuts(self, ours: Trace) -> dict[int, Cut]:
        """Node -> the node alone, of all nodes that can stand alone and are not computed from constants."""
        constants = self.engine.plan.constants
        nodes = [n for n in self.engine.plan.subgraph.nodes if not all(i in constants for i in n.outputs)]
        found = {node.index: self._cut(node, ours) for node in nodes}
        return {index: piece for index, piece in found.items() if piece is not None}

    def look(self, ours: Trace, seen: Seen, skip: frozenset[int]) -> None:
        """Judge the nodes of one run, but those whose outputs are all in `skip`."""
        for node in self.engine.plan.subgraph.nodes:
            outputs = [i for i in node.outputs if i in ours and i not in skip]
            if outputs:
                self._node(node, outputs, ours, seen)

    def reports(self) -> tuple[NodeReport, ...]:
        graph = self.engine.plan.subgraph
        found = []
        for node in graph.nodes:
            tally = self.tallies[node.index]
            name = graph.tensors[node.outputs[0]].name if node.outputs and node.outputs[0] >= 0 else ""
            profiles = tuple(sorted(tally.profiles or ()))
            cause = Cause.NONE
            if tally.role is Role.CULPRIT:
                cause = Cause.ROUNDING if profiles else Cause.STRUCTURAL if tally.is_far else Cause.NEAR
            found.append(
                NodeReport(
                    node.index, node.op, name, tally.role, cause, profiles, tally.elements, tally.differing,
                    tally.max_lsb, dict(sorted(tally.histogram.items())), tally.worst, tally.alone,
                )
            )  # fmt: skip
        return tuple(found)

    # -- one node, one run ------------------------------------------------------------------------------------

    def _node(self, node: Node, outputs: list[int], ours: Trace, seen: Seen) -> None:
        if all(i in seen.alone for i in outputs):
            piece = self._cut(node, ours)
            assert piece is not None
            self._judge(node, outputs, ours.tensors, seen.alone, Role.CULPRIT, {i: ours[i] for i in piece.inputs})
            return
        outputs = [i for i in outputs if i in seen.free]
        if not outputs:
            return
        piece = self._cut(node, ours)
        inputs = _inputs(node, piece, ours)
        given = {i: seen.free[i] for i in inputs if i in seen.free}
        if piece is not None and len(given) == len(inputs) and (piece.has_state or self._differs(inputs, ours, given)):
            here = self._run(piece, self.engine.numerics.name, given)
            if here is not None:
                same = self._same(node, outputs, ours.tensors, seen.free)
                self._judge(
                    node, outputs, here, seen.free, Role.CULPRIT, given, Role.EXACT if same else Role.PROPAGATED
                )
                return
        if_differs = Role.UNDECIDED
        if len(given) == len(inputs) and not self._differs(inputs, ours, given):
            # What a resource variable or a table holds, other nodes have written.
            reads = any(self.engine.plan.subgraph.tensors[i].type is TensorType.RESOURCE for i in node.inputs if i >= 0)
            if_differs = Role.PROPAGATED if reads else Role.CULPRIT
        self._judge(node, outputs, ours.tensors, seen.free, if_differs, given)

    def _judge(
        self,
        node: Node,
        outputs: list[int],
        here: Mapping[int, NDArray[Any]],
        there: Mapping[int, NDArray[Any]],
        if_differs: Role,
        given: Tensors,
        if_same: Role = Role.EXACT,
    ) -> None:
        tally = self.tallies[node.index]
        same = self._same(node, outputs, here, there)
        role = if_same if same else if_differs
        tally.role = max(tally.role, role, key=_ORDER.index)
        tally.alone |= bool(here is not None and given)
        for index in outputs:
            _measure(tally, index, here[index], there[index])
        if not same and if_differs is Role.CULPRIT:
            self._explain(node, outputs, there, given, tally)

    def _explain(
        self, node: Node, outputs: list[int], there: Mapping[int, NDArray[Any]], given: Tensors, tally: _Tally
    ) -> None:
        piece = self._cuts.get(node.index)
        candidates = numerics.PROFILES.keys() - {self.engine.numerics.name}
        if tally.profiles is not None:
            candidates &= tally.profiles
        found = set()
        for profile in candidates if piece is not None else ():
            assert piece is not None
            here = self._run(piece, profile, given)
            if here is not None and self._same(node, outputs, here, there):
                found.add(profile)
        # Profiles that a live runtime answers for come before those read from sources, which share much with them.
        tally.profiles = found & set(RUNTIMES) or found

    @staticmethod
    def _same(node: Node, outputs: list[int], here: Mapping[int, Any], there: Mapping[int, Any]) -> bool:
        for index in outputs:
            a, b = here[index], there[index]
            if a.dtype != b.dtype or a.shape != b.shape:
                return False
            found = difference(a, b)
            allowed = OPERATORS.get(node.op)
            if found.differing and not (allowed and found.max_ulp is not None and found.max_ulp <= allowed.ulp):
                return False
        return True

    @staticmethod
    def _differs(inputs: tuple[int, ...], ours: Trace, given: Tensors) -> bool:
        return any(
            ours[i].dtype != given[i].dtype
            or ours[i].shape != given[i].shape
            or difference(ours[i], given[i]).differing
            for i in inputs
        )

    # -- nodes alone ------------------------------------------------------------------------------------------

    def _cut(self, node: Node, ours: Trace) -> Cut | None:
        if node.index not in self._cuts:
            plan = self.engine.plan
            shapes = {i: array.shape for i, array in ours.items()}
            self._cuts[node.index] = cut(self.engine.model, node, shapes, plan.constants)
        return self._cuts[node.index]

    def _run(self, piece: Cut, profile: str, given: Tensors) -> Tensors | None:
        """Outputs of a node alone under a profile; None if it cannot take these inputs."""
        key = (piece.node.index, profile)
        try:
            if key not in self._engines:
                self._engines[key] = None
                self._engines[key] = Interpreter(load(piece.model), profile=profile)
            engine = self._engines[key]
            if engine is None:
                return None
            execution = engine.execute(given)
            return {i: execution.value(i).copy() for i in piece.outputs}
        except IntEngineError:
            return None


def _inputs(node: Node, piece: Cut | None, ours: Trace) -> tuple[int, ...]:
    """Tensors that the node reads and the model computes or is given."""
    return piece.inputs if piece is not None else tuple(dict.fromkeys(i for i in node.inputs if i in ours))


def _measure(tally: _Tally, index: int, here: NDArray[Any], there: NDArray[Any]) -> None:
    tally.elements += here.size
    if here.dtype != there.dtype or here.shape != there.shape:
        tally.differing += max(here.size, 1)
        tally.is_far = True
        return
    found = difference(here, there)
    if not found.differing:
        return
    tally.differing += found.differing
    if is_float(here.dtype) or here.dtype.kind not in "iu":
        distance = found.max_ulp or 1
        tally.is_far |= not found.max_abs <= NEAR_FLOAT * magnitude(there) if is_float(here.dtype) else True
        at = found.first
    else:
        delta = there.astype(np.int64) - here.astype(np.int64)
        distance = int(np.abs(delta).max())
        tally.is_far |= distance > NEAR_LSB
        values, counts = np.unique(np.clip(delta[delta != 0], -HISTOGRAM_LSB, HISTOGRAM_LSB), return_counts=True)
        tally.histogram.update(dict(zip(values.tolist(), counts.tolist(), strict=True)))
        at = tuple(int(i) for i in np.unravel_index(int(np.abs(delta).argmax()), delta.shape))
    if distance > tally.max_lsb or tally.worst is None:
        tally.max_lsb = max(distance, tally.max_lsb)
        assert at is not None
        tally.worst = (index, at, here[at], there[at])
