"""One subgraph with its plan, its buffers and its variable tensors; runs on arrays by tensor index."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from intengine.batches import Parts, part_of
from intengine.execution import Execution
from intengine.model import Model, TensorSpec, TensorType
from intengine.numerics import Numerics
from intengine.plan import Plan, build
from intengine.shapes import Shape
from intengine.state import Callee, State
from intengine.workers import Workers


class Engine:
    """Plans a subgraph for the shapes in force and runs it; checks nothing that its caller gives.

    Attributes:
        graph: the subgraph. state: the model's memory, which other engines share.
        shapes: input tensor -> shape in force.
        variables: variable tensor -> its array, which runs read and write.
    """

    def __init__(
        self,
        model: Model,
        numerics: Numerics,
        subgraph: int,
        state: State,
        shapes: Mapping[int, Shape] | None = None,
        *,
        workers: Workers | None = None,
    ) -> None:
        self.model = model
        self.numerics = numerics
        self.graph = model.subgraphs[subgraph]
        self.state = state
        self.shapes: dict[int, Shape] = {i: self.graph.tensors[i].shape for i in self.graph.inputs}
        self.shapes.update(shapes or {})
        self.plan = self.build()
        self.variables = self._initial_variables()
        self._executions: dict[bool, Execution] = {}
        self._runner: Execution | Parts | None = None
        self._workers = workers
        state.serve(lambda subgraph: _callee(model, numerics, subgraph, state, workers))

    def build(
        self,
        values: Mapping[int, NDArray[Any]] | None = None,
        late: Mapping[int, Shape] | None = None,
        *,
        shapes: Mapping[int, Shape] | None = None,
    ) -> Plan:
        """The plan for these shapes, by default those in force, and for what a run has computed so far."""
        return build(
            self.model,
            self.numerics,
            subgraph=self.graph.index,
            input_shapes=dict(self.shapes if shapes is None else shapes),
            values=values,
            late=late,
        )

    def resize(self, shapes: Mapping[int, Shape]) -> None:
        """Give inputs other shapes, which resets the variable tensors.

        Raises:
            ModelError: if the graph does not fit these shapes; the old ones stay in force.
        """
        wanted = {**self.shapes, **shapes}
        if wanted != self.shapes:
            old, self.shapes = self.shapes, wanted
            try:
                self.plan = self.build()
            except Exception:
                self.shapes = old
                raise
            self._executions.clear()
            self._runner = None
            self.variables = self._initial_variables()

    def reset_variables(self) -> None:
        """Set all variable tensors to what they are at first."""
        for index, array in self.variables.items():
            array.fill(_initial(self.graph.tensors[index]))

    def enter(self, arrays: Mapping[int, NDArray[Any]], *, keep_all: bool = False) -> Execution:
        """An execution that has these inputs and has not run."""
        self._fit(arrays)
        execution = self._execution(keep_all=keep_all)
        execution.enter(arrays)
        return execution

    def run(self, arrays: Mapping[int, NDArray[Any]], outputs: Iterable[int]) -> list[NDArray[Any]]:
        """Run on these inputs; gives the outputs, the caller's own."""
        self._fit(arrays)
        if self._runner is None:
            self._runner = self._in_parts() or self._execution(keep_all=False)
        return self._runner.run_on(arrays, outputs, self.build)

    def _fit(self, arrays: Mapping[int, NDArray[Any]]) -> None:
        """Take the shapes of these inputs."""
        for i, array in arrays.items():
            if self.shapes[i] != array.shape:
                self.resize({i: array.shape for i, array in arrays.items()})
                break

    def _in_parts(self) -> Parts | None:
        """What runs a large batch."""
        found = part_of(self.plan, lambda shapes: self.build(shapes=shapes))
        if found is None:
            return None
        part, times = found
        return Parts(self._make(part, keep_all=False), times)

    def _make(self, plan: Plan, *, keep_all: bool) -> Execution:
        return Execution(plan, keep_all=keep_all, variables=self.variables, state=self.state, workers=self._workers)

    def _execution(self, *, keep_all: bool) -> Execution:
        """An execution for the shapes in force."""
        execution = self._executions.get(keep_all)
        if execution is None:
            execution = self._make(self.plan, keep_all=keep_all)
            self._executions[keep_all] = execution
        return execution

    def call(self, inputs: Sequence[NDArray[Any]]) -> list[NDArray[Any]]:
        """Run on inputs in order; the outputs hold until the next run."""
        execution = self.enter(dict(zip(self.graph.inputs, inputs, strict=True))).run(self.build)
        return [execution.value(i) for i in self.graph.outputs]

    def _initial_variables(self) -> dict[int, NDArray[Any]]:
        specs = [spec for spec in self.graph.tensors if spec.is_variable and spec.type.bits]
        return {spec.index: np.full(spec.shape, _initial(spec), spec.type.dtype) for spec in specs}


def _callee(model: Model, numerics: Numerics, subgraph: int, state: State, workers: Workers | None) -> Callee:
    """A subgraph to call, planned when its first inputs come."""
    made: list[Engine] = []

    def call(inputs: Sequence[NDArray[Any]]) -> list[NDArray[Any]]:
        if not made:
            shapes = {i: a.shape for i, a in zip(model.subgraphs[subgraph].inputs, inputs, strict=True)}
            made.append(Engine(model, numerics, subgraph, state, shapes, workers=workers))
        return made[0].call(inputs)

    return call


def _initial(spec: TensorSpec) -> int:
    """What a variable tensor holds at first; LiteRT too starts int8 tensors alone at their zero point."""
    scheme = spec.quantization
    if spec.type is not TensorType.INT8 or scheme.scale.size != 1 or scheme.zero_point.size != 1:
        return 0
    return int(scheme.zero_point.astype(np.int8)[0])
