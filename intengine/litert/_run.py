"""One subgraph between resizing, allocating and invoking."""

import weakref
from typing import Any

import numpy as np
from numpy.typing import NDArray

from intengine.constants import unpack
from intengine.errors import IntEngineError
from intengine.interpreter import Interpreter
from intengine.litert._details import shown, tensor_details, type_name
from intengine.model import Model, TensorSpec, TensorType
from intengine.shapes import Shape
from intengine.state import State

_RANGES = {TensorType.INT4: (-8, 7), TensorType.UINT4: (0, 15), TensorType.INT2: (-2, 1)}


def text_of(error: IntEngineError) -> str:
    """The message with its notes, in one line."""
    return " ".join([str(error), *getattr(error, "__notes__", ())])


class Run:
    """One subgraph with the arrays of its tensors, which stay between runs as LiteRT's do.

    Args:
        state: what all subgraphs of the model remember.
        keep_all: whether every tensor can be read after a run.
        compress: whether details give equal zero points once.
    """

    def __init__(
        self,
        model: Model,
        subgraph: int,
        profile: str,
        num_threads: int,
        state: State,
        *,
        keep_all: bool,
        compress: bool,
    ) -> None:
        self.graph = model.subgraphs[subgraph]
        self._model = model
        self._profile = profile
        self._num_threads = num_threads
        self._state = state
        self._keep_all = keep_all
        self._compress = compress
        self._shapes: dict[int, Shape] = {}
        self._engine: Interpreter | None = None
        self._ready = False
        self._values: dict[int, NDArray[Any]] = {}
        self._views: list[weakref.ref[NDArray[Any]]] = []

    # -- shapes ---------------------------------------------------------------------------------------------------

    def spec(self, index: int) -> TensorSpec:
        if not 0 <= index < len(self.graph.tensors):
            raise ValueError(f"Invalid tensor index {index} exceeds max tensor index {len(self.graph.tensors)}")
        return self.graph.tensors[index]

    def details(self, index: int) -> dict[str, Any]:
        return tensor_details(self.graph.tensors, index, self._shape(self.spec(index)), compress=self._compress)

    def _shape(self, spec: TensorSpec) -> Shape:
        return self._shapes.get(spec.index, spec.shape)

    def resize(self, index: int, shape: Shape, *, strict: bool) -> None:
        if index not in self.graph.inputs:
            raise RuntimeError(f"tensor_index must name an input; {index} does not.")
        spec = self.graph.tensors[index]
        old = self._shape(spec)
        if strict and len(shape) != len(old):
            raise RuntimeError(f"Attempting to resize tensor {index} from {len(old)} dimensions to {len(shape)}.")
        if strict:
            for axis, (new, size, free) in enumerate(zip(shape, old, spec.shape_signature or old, strict=True)):
                if new != size and free != -1:
                    raise RuntimeError(
                        f"Attempting to resize dimension {axis} of tensor {index} with value {size} to {new}. "
                        "ResizeInputTensorStrict only allows mutating unknown dimensions identified by -1."
                    )
        if any(size < 0 for size in shape):
            raise RuntimeError(f"Sizes must not be negative; tensor {index} was given {list(shape)}.")
        if shape != old:
            self._shapes[index] = shape
            self._values.pop(index, None)
            self._ready = False

    # -- running --------------------------------------------------------------------------------------------------

    def allocate(self) -> None:
        if self._ready:
            return
        shapes = {i: self._shape(self.graph.tensors[i]) for i in self.graph.inputs}
        try:
            if self._engine is None:
                self._engine = Interpreter(
                    self._model,
                    profile=self._profile,
                    subgraph=self.graph.index,
                    shapes=shapes,
                    num_threads=self._num_threads,
                    state=self._state,
                )
            self._engine.resize(shapes)
        except IntEngineError as error:
            raise RuntimeError(text_of(error)) from error
        planned = self._engine.plan.shapes
        self._shapes.update(planned)
        readable = {*self.graph.inputs, *self._computed()}
        kept = {i: self._values[i] for i in self.graph.inputs if i in self._values}
        zeros = {i: np.zeros(planned[i], self._dtype(i)) for i in readable - kept.keys() if i in planned}
        self._values = {**zeros, **kept, **self._engine.variables}
        self._ready = True

    def invoke(self) -> None:
        if not self._ready or self._engine is None:
            raise RuntimeError("Invoke called on model that is not ready.")
        try:
            execution = self._engine.execute({i: self._values[i] for i in self.graph.inputs}, keep_all=self._keep_all)
        except IntEngineError as error:
            raise RuntimeError(text_of(error)) from error
        for i in self._computed():
            value = execution.value(i)
            held = self._values.get(i)
            if held is not None and held.shape == value.shape:
                np.copyto(held, value)
            else:
                self._values[i] = value.copy()
                self._shapes[i] = value.shape

    def call(self, arrays: dict[int, NDArray[Any]]) -> None:
        """Resize to these inputs, allocate, set and invoke."""
        for index, array in arrays.items():
            self.resize(index, array.shape, strict=False)
        self.allocate()
        for index, array in arrays.items():
            self.set(index, array)
        self.invoke()

    def reset_variables(self) -> None:
        if self._engine is None and any(spec.is_variable for spec in self.graph.tensors):
            raise RuntimeError("Variables can be reset after allocate_tensors.")
        if self._engine is not None:
            self._engine.reset_variables()

    def _dtype(self, index: int) -> np.dtype[Any]:
        return self.graph.tensors[index].type.dtype

    def _computed(self) -> set[int]:
        """What a run computes and a caller can read: the outputs, or everything."""
        computed = set(self.graph.outputs)
        if self._keep_all:
            computed.update(i for node in self.graph.nodes for i in node.outputs)
        specs = (self.graph.tensors[i] for i in computed - set(self.graph.inputs))
        return {s.index for s in specs if s.type.bits and not s.is_constant and not s.is_variable}

    # -- values ---------------------------------------------------------------------------------------------------

    def set(self, index: int, array: NDArray[Any]) -> None:
        """Copy into an input or a variable, after LiteRT's checks in LiteRT's words."""
        spec = self.spec(index)
        if array.dtype != self._dtype(index):
            raise ValueError(
                f"Cannot set tensor: Got value of type {type_name(array.dtype)} but expected type {spec.type.name} "
                f"for input {index}, name: {spec.name} "
            )
        shape = self._shape(spec)
        if array.ndim != len(shape):
            raise ValueError(
                f"Cannot set tensor: Dimension mismatch. Got {array.ndim} but expected {len(shape)} for input {index}."
            )
        for axis, (got, size) in enumerate(zip(array.shape, shape, strict=True)):
            if got != size:
                raise ValueError(
                    f"Cannot set tensor: Dimension mismatch. Got {got} but expected {size} for dimension {axis} "
                    f"of input {index}."
                )
        if index not in self.graph.inputs and not spec.is_variable:
            raise ValueError(f"Cannot set tensor: tensor {index} is not an input.")
        if not self._ready:
            raise ValueError("Cannot set tensor: Tensor is unallocated. Try calling allocate_tensors() first")
        low, high = _RANGES.get(spec.type, (0, 0))
        if low < high and array.size and not low <= int(array.min()) <= int(array.max()) <= high:
            raise ValueError(f"Cannot set tensor: Values for {spec.type.name} input must be between {low} and {high}.")
        np.copyto(self._values[index], array)

    def read(self, index: int) -> NDArray[Any]:
        """The array of an input, output, variable or constant; of any tensor if everything is kept."""
        spec = self.spec(index)
        value = self._values.get(index)
        if value is None and spec.raw is not None:
            value = _constant(spec)
        if value is None and self._ready and index in self._shapes:
            raise ValueError(
                f"Tensor data is null. Tensor {index} {spec.name!r} is an intermediate result; "
                "experimental_preserve_all_tensors=True keeps it."
            )
        if value is None:
            raise ValueError("Tensor data is null. Run allocate_tensors() first")
        return shown(value, spec.type)

    def view(self, index: int) -> NDArray[Any]:
        """What `read` gives, watched: `ensure_safe` knows while the caller holds it or a part of it."""
        array = self.read(index)
        if array.dtype == object:
            raise ValueError(f"Tensor {index} holds strings; get_tensor() gives them.")
        # NumPy keeps this array, whose memory is not an array's, alive for all views of it.
        root = np.frombuffer(array.reshape(-1).view(np.uint8).data, np.uint8)
        self._views.append(weakref.ref(root))
        return root.view(array.dtype).reshape(array.shape)

    def ensure_safe(self) -> None:
        self._views = [view for view in self._views if view() is not None]
        if self._views:
            raise RuntimeError(
                "There is at least 1 reference to internal data in the interpreter in the form of a numpy array or "
                "slice. Be sure to only hold the function returned from tensor() if you are using raw data access."
            )


def _constant(spec: TensorSpec) -> NDArray[Any]:
    """A constant's elements; of a sparse one those that are stored."""
    assert spec.raw is not None
    try:
        return spec.raw.view(spec.type.dtype) if spec.sparsity is not None else unpack(spec)
    except (IntEngineError, ValueError) as error:
        raise ValueError(f"Tensor {spec.index} {spec.name!r} cannot be read: {error}") from error
