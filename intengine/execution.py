"""A Plan on its buffers, ready to be called; and, where a plan waits for a value of the run, how it goes on."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from intengine.binding import Binder
from intengine.model import TensorType
from intengine.native import BoundCall
from intengine.plan import Plan
from intengine.ports import Port, port
from intengine.program import Program
from intengine.scratch import ScratchPool, aligned_empty
from intengine.shapes import Shape, elements
from intengine.state import State
from intengine.step import Holder, Ref, Step, leaves
from intengine.workers import Workers

#: Given what the run has computed so far (tensor -> elements, tensor -> late shape), plans further.
BuildOn = Callable[[Mapping[int, NDArray[Any]], Mapping[int, Shape]], Plan]
#: Continuations that are kept for values seen before.
_KEPT = 8


def _without(step: Step, at: int, shared: frozenset[tuple[int, int]]) -> Step:
    """A step without the calls that only copy what lies in its place already."""
    needed = tuple(call for number, call in enumerate(step.calls) if (at, number) not in shared)
    return step if len(needed) == len(step.calls) else replace(step, calls=needed)


class Execution:
    """One plan in one arena, or with a buffer for every tensor (`keep_all`, and plans that are not whole).

    Args:
        variables: variable tensor -> its array, which outlives this execution. state: the model's memory.
        workers: threads that share calls; None for the caller's alone.
        before: the execution that it continues. values, late: what that one has found so far.

    Attributes:
        plan: what it runs.
        buffers: tensor -> its array.
        first: index of the first step that is its own; those before belong to `before`.
        calls: bound calls of its own steps.
    """

    def __init__(
        self,
        plan: Plan,
        *,
        keep_all: bool,
        variables: Mapping[int, NDArray[Any]],
        state: State,
        workers: Workers | None = None,
        before: "Execution | None" = None,
        values: Mapping[int, NDArray[Any]] | None = None,
        late: Mapping[int, Shape] | None = None,
    ) -> None:
        self.plan = plan
        self._state = state
        self._workers = workers
        self._variables = variables
        self.first = len(before.plan.steps) if before else 0
        self.buffers: dict[int, NDArray[Any]] = {**variables, **(before.shared() if before else {})}
        self._values = dict(values or {})
        self._late = dict(late or {})
        self._holders = {i: Holder() for i in plan.late}
        self._after: dict[bytes, Execution] = {}
        separate = keep_all or before is not None or not plan.is_whole
        memory = aligned_empty(0 if separate else plan.arena_size)
        for index in plan.held if separate else plan.layout.offsets:
            if index in self.buffers:
                continue
            dtype, shape = plan.subgraph.tensors[index].type.dtype, plan.shapes[index]
            size = elements(shape) * dtype.itemsize
            piece = aligned_empty(size) if separate else memory[plan.layout.offsets[index] :][:size]
            self.buffers[index] = piece.view(dtype).reshape(shape)
        for index in plan.shapes.keys() - self.buffers.keys() - plan.constants.keys() - set(plan.late):
            if plan.subgraph.tensors[index].type is TensorType.STRING:
                self.buffers[index] = np.full(plan.shapes[index], b"", object)
        shared = frozenset[tuple[int, int]]() if separate else plan.layout.shared
        given = plan.steps if separate else plan.arena_steps
        steps = tuple(_without(step, at, shared) for at, step in enumerate(given) if at >= self.first)
        # Private aligned copies of the constants that calls name; packed weights are inside the calls already.
        named = {
            arg.tensor for step in steps for call in step.calls for arg in leaves(call.args) if isinstance(arg, Ref)
        }
        for index in named - self.buffers.keys():
            self.buffers[index] = np.array(plan.constants[index], order="C")
        pools = [ScratchPool(steps) for _ in range(workers.count if workers else 1)]
        common = [ScratchPool(steps) for _ in range(2)] if workers else pools
        binder = Binder(self.buffers, holders=self._holders, state=state, pools=pools, common=common)
        self.calls: list[list[BoundCall]] = [binder.bind(step) for step in steps]
        self._memory = memory
        self._inputs, self._outputs = (
            self._ports(some, is_input=is_input)
            for some, is_input in ((plan.subgraph.inputs, True), (plan.subgraph.outputs, False))
        )
        copies = ([port.native for port in ports.values()] for ports in (self._inputs, self._outputs))
        self._program = Program([call for calls in self.calls for call in calls], workers, *copies)

    def _ports(self, tensors: Sequence[int], *, is_input: bool) -> dict[int, Port]:
        """By which threads copy what the caller gives and gets, for what is in the arena."""
        threads = self._workers.count if self._workers and self._memory.size else 1
        if threads == 1:
            return {}
        found = {i: port(self.buffers[i], threads, is_input=is_input) for i in tensors if i in self.plan.layout.offsets}
        return {i: port for i, port in found.items() if port is not None}

    def enter(self, arrays: Mapping[int, NDArray[Any]]) -> None:
        """Copy inputs to their buffers."""
        for i, array in arrays.items():
            self.buffers[i][...] = array

    def run_on(
        self, arrays: Mapping[int, NDArray[Any]], outputs: Iterable[int], build_on: BuildOn
    ) -> list[NDArray[Any]]:
        """Run on these inputs; gives copies of the outputs."""
        if not self._inputs and not self._outputs:
            self.enter(arrays)
            last = self.run(build_on)
            return [last.value(i).copy() for i in outputs]
        self.enter({i: array for i, array in arrays.items() if i not in self._inputs})
        given = {i: self._apart(array) for i, array in arrays.items() if i in self._inputs}
        taken = {i: np.empty_like(self.buffers[i]) for i in self._outputs}
        for ports, some in ((self._inputs, given), (self._outputs, taken)):
            for i, array in some.items():
                ports[i].give(array)
        self._program.run_whole()
        return [taken.pop(i) if i in taken else self.value(i).copy() for i in outputs]

    def _apart(self, array: NDArray[Any]) -> NDArray[Any]:
        """A contiguous array that is not in the arena."""
        array = np.ascontiguousarray(array)
        return array.copy() if np.may_share_memory(array, self._memory) else array

    def value(self, tensor: int) -> NDArray[Any]:
        """The elements of a tensor: its buffer, or a constant. A buffer in an arena may have been used again.

        Raises:
            KeyError: for a tensor that this plan never touches.
        """
        found = self.buffers.get(tensor)
        return self.plan.constants[tensor] if found is None else found

    def shared(self) -> dict[int, NDArray[Any]]:
        """Buffers that a continuation goes on with: of the inputs and of all steps so far."""
        touched = {i for step in self.plan.steps for i in (*step.inputs, *step.outputs)}
        touched.update(self.plan.subgraph.inputs)
        return {i: self.buffers[i] for i in touched if i in self.buffers}

    def run(self, build_on: BuildOn) -> "Execution":
        """Call everything once, continuations included; returns the last one, whose buffers have the outputs."""
        self._program.run()
        return self if self.plan.is_whole else self.after(build_on).run(build_on)

    def after(self, build_on: BuildOn) -> "Execution":
        """The continuation for the value that the pending tensor has now, or for the late outputs."""
        values, late = self._values, self._late
        pending = self.plan.pending
        if pending is not None:
            value = self.buffers[pending].copy()
            values = {**values, pending: value}
            key = repr(value.tolist()).encode() if value.dtype == object else value.tobytes()
        else:
            shapes = {i: holder.array.shape for i, holder in self._holders.items()}
            late = {**late, **shapes}
            key = repr(shapes).encode()
        found = self._after.pop(key, None)
        if found is None:
            found = Execution(
                build_on(values, late),
                keep_all=True,
                variables=self._variables,
                state=self._state,
                workers=self._workers,
                before=self,
                values=values,
                late=late,
            )
        for index, holder in self._holders.items():
            np.copyto(found.buffers[index], holder.array)
        # The one used last comes last; the first is dropped.
        self._after[key] = found
        if len(self._after) > _KEPT:
            del self._after[next(iter(self._after))]
        return found
