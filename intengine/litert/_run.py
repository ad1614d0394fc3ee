"""One subgraph between resizing, allocating and invoking."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from intengine import interpreter
from intengine.constants import unpack
from intengine.errors import IntEngineError
from intengine.execution import Execution
from intengine.litert._details import tensor_details, type_name
from intengine.model import Model, Subgraph, TensorSpec


def text_of(error: IntEngineError) -> str:
    """The message with its notes, in one line."""
    return " ".join([str(error), *getattr(error, "__notes__", ())])


class Run:
    """One subgraph with its inputs' arrays: what LiteRT calls tensors, between resizing, allocating and invoking."""

    def __init__(self, model: Model, subgraph: int, profile: str, num_threads: int, keep_all: bool) -> None:
        self.graph: Subgraph = model.subgraphs[subgraph]
        self._model = model
        self._profile = profile
        self._num_threads = num_threads
        self._keep_all = keep_all
        self._shapes = {i: self.graph.tensors[i].shape for i in self.graph.inputs}
        self._engine: interpreter.Interpreter | None = None
        self._arrays: dict[int, NDArray[Any]] | None = None
        self._values: dict[int, NDArray[Any]] = {}

    def call(self, arrays: dict[int, NDArray[Any]]) -> None:
        """Resize to these inputs, allocate, set and invoke."""
        for index, array in arrays.items():
            self.resize(index, array.shape, strict=False)
        self.allocate()
        for index, array in arrays.items():
            self.set(index, array)
        self.invoke()

    def spec(self, index: int) -> TensorSpec:
        if not 0 <= index < len(self.graph.tensors):
            raise ValueError(f"Invalid tensor index {index} exceeds max tensor index {len(self.graph.tensors)}")
        return self.graph.tensors[index]

    def shape(self, index: int) -> tuple[int, ...]:
        if index in self._shapes:
            return self._shapes[index]
        if self._engine is not None and self._arrays is not None:
            return self._engine.plan.shapes.get(index, self.graph.tensors[index].shape)
        return self.graph.tensors[index].shape

    def details(self, index: int) -> dict[str, Any]:
        return tensor_details(self.graph.tensors[index], self.shape(index))

    def resize(self, index: int, shape: tuple[int, ...], strict: bool) -> None:
        if index not in self._shapes:
            raise RuntimeError(f"tensor_index must name an input; {index} does not.")
        spec = self.graph.tensors[index]
        if strict:
            signature = spec.shape_signature or spec.shape
            for axis, (new, old, free) in enumerate(zip(shape, self._shapes[index], signature, strict=False)):
                if new != old and free != -1:
                    raise RuntimeError(
                        f"Attempting to resize dimension {axis} of tensor {index} with value {old} to {new}. "
                        "ResizeInputTensorStrict only allows mutating unknown dimensions identified by -1."
                    )
        if shape != self._shapes[index]:
            self._shapes[index] = shape
            self._arrays = None

    def allocate(self) -> None:
        if self._arrays is not None:
            return
        try:
            if self._engine is None:
                self._engine = interpreter.Interpreter(
                    self._model, profile=self._profile, subgraph=self.graph.index, num_threads=self._num_threads
                )
            self._engine.resize(self._shapes)
        except IntEngineError as error:
            raise RuntimeError(text_of(error)) from error
        self._arrays = {i: np.zeros(shape, self.graph.tensors[i].type.dtype) for i, shape in self._shapes.items()}
        shapes = self._engine.plan.shapes
        shown = {i for node in self.graph.nodes for i in node.outputs} if self._keep_all else set(self.graph.outputs)
        self._values = {
            i: np.zeros(shapes[i], spec.type.dtype)
            for i in shown - self._shapes.keys()
            if i in shapes and (spec := self.graph.tensors[i]).type.bits
        }

    def invoke(self) -> None:
        if self._arrays is None or self._engine is None:
            raise RuntimeError("Invoke called on model that is not ready.")
        try:
            execution = self._engine.execute(self._arrays, keep_all=self._keep_all)
        except IntEngineError as error:
            raise RuntimeError(text_of(error)) from error
        for i in self._shown(execution):
            value = execution.value(i)
            kept = self._values.get(i)
            if kept is not None and kept.shape == value.shape:
                np.copyto(kept, value)
            else:
                self._values[i] = value.copy()

    def _shown(self, execution: Execution) -> set[int]:
        shown = set(self.graph.outputs)
        if self._keep_all:
            shown.update(execution.buffers)
            shown.update(i for node in self.graph.nodes for i in node.outputs)
        return {i for i in shown if i not in self._shapes}

    def set(self, index: int, array: NDArray[Any]) -> None:
        """Copy into an input, after LiteRT's checks in LiteRT's words."""
        target = self.writable(index)
        spec = self.graph.tensors[index]
        place = f"for input {index}"
        if array.dtype != target.dtype:
            got = type_name(array.dtype)
            raise ValueError(
                f"Cannot set tensor: Got value of type {got} but expected type {spec.type.name} {place}, "
                f"name: {spec.name} "
            )
        if array.ndim != target.ndim:
            raise ValueError(
                f"Cannot set tensor: Dimension mismatch. Got {array.ndim} but expected {target.ndim} {place}."
            )
        for axis, (got_size, size) in enumerate(zip(array.shape, target.shape, strict=True)):
            if got_size != size:
                raise ValueError(
                    f"Cannot set tensor: Dimension mismatch. Got {got_size} but expected {size} for dimension {axis} "
                    f"of input {index}."
                )
        target[...] = array

    def writable(self, index: int) -> NDArray[Any]:
        self.spec(index)
        if self._arrays is None:
            raise ValueError("Cannot set tensor: Tensor is unallocated. Try calling allocate_tensors() first")
        if index not in self._arrays:
            raise ValueError(f"Cannot set tensor: tensor {index} is not an input.")
        return self._arrays[index]

    def read(self, index: int) -> NDArray[Any]:
        spec = self.spec(index)
        if self._arrays is not None:
            if index in self._arrays:
                return self._arrays[index]
            if index in self._values:
                return self._values[index]
        if spec.raw is not None:
            return unpack(spec)
        raise ValueError("Tensor data is null. Run allocate_tensors() first")
