"""Runs one signature of a model: names, checks, real numbers around an `Engine`. No arithmetic here."""

from collections.abc import Callable, Mapping, Sequence
from os import PathLike
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from intengine import numerics
from intengine.engine import Engine
from intengine.errors import InputError, UnsupportedError
from intengine.execution import Execution
from intengine.model import Model, Signature, Subgraph, TensorSpec, TensorType
from intengine.plan import Plan
from intengine.quantization import dequantize, quantize
from intengine.reader import load
from intengine.shapes import Shape
from intengine.state import State
from intengine.trace import Trace, TracedStep
from intengine.workers import Workers

Inputs = Mapping[Any, ArrayLike] | ArrayLike
Progress = Callable[[int, int, str], None]


class Interpreter:
    """Runs one signature of a model, bit for bit as its profile's runtime does.

    Args:
        model: a Model, or what `load` takes.
        profile: a profile's name, as "litert-reference".
        signature: key of the signature to run; by default the first one, or the primary subgraph.
        subgraph: index of the subgraph to run, with tensor names instead of a signature's.
        shapes: shapes of inputs other than the declared ones, as for `resize`; for models that only fit those.
        num_threads: share the rows of convolutions and products; results never depend on it.
        state: another interpreter's `state`, to share resource variables and hash tables with it; by default a new one.

    Raises:
        ModelError, UnsupportedError: if the model cannot run.
        InputError: for an unknown profile or signature.
    """

    def __init__(
        self,
        model: Model | str | PathLike[str] | bytes,
        *,
        profile: str = "litert-reference",
        signature: str | None = None,
        subgraph: int | None = None,
        shapes: Mapping[Any, Sequence[int]] | None = None,
        num_threads: int = 1,
        state: State | None = None,
    ) -> None:
        if num_threads < 1:
            raise InputError(f"num_threads must be at least 1; got {num_threads}.")
        self.model = model if isinstance(model, Model) else load(model)
        self.numerics = numerics.get(profile)
        self.signature = _find_signature(self.model, signature) if subgraph is None else None
        self._graph = _find_subgraph(self.model, self.signature.subgraph if self.signature else subgraph or 0)
        self.num_threads = num_threads
        _check_inputs(self._graph)
        self._inputs = self._names(self._graph.inputs, self.signature.inputs if self.signature else {})
        self._dtypes = {index: self._graph.tensors[index].type.dtype for index in self._graph.inputs}
        self._outputs = self._names(self._graph.outputs, self.signature.outputs if self.signature else {})
        workers = Workers(num_threads) if num_threads > 1 else None
        sizes = self._sizes(shapes or {})
        self._engine = Engine(self.model, self.numerics, self._graph.index, state or State(), sizes, workers=workers)

    # -- what it takes and gives ------------------------------------------------------------------------------

    @property
    def inputs(self) -> dict[str, TensorSpec]:
        """Input name -> tensor; the shape in force is `input_shapes[name]`."""
        return {name: self._graph.tensors[i] for name, i in self._inputs.items()}

    @property
    def outputs(self) -> dict[str, TensorSpec]:
        """Output name -> tensor."""
        return {name: self._graph.tensors[i] for name, i in self._outputs.items()}

    @property
    def input_shapes(self) -> dict[str, Shape]:
        """Input name -> shape in force."""
        return {name: self._engine.shapes[i] for name, i in self._inputs.items()}

    @property
    def plan(self) -> Plan:
        """The plan in force: steps, shapes, lifetimes, arena."""
        return self._engine.plan

    def resize(self, shapes: Mapping[Any, Sequence[int]]) -> None:
        """Give inputs other shapes; the rest follows by inference.

        Raises:
            InputError: for an unknown input or an impossible shape.
            ModelError: if the graph does not fit these shapes; the old ones stay in force.
        """
        self._engine.resize(self._sizes(shapes))

    @property
    def state(self) -> State:
        """What outlives a run, other than variable tensors: resource variables, hash tables."""
        return self._engine.state

    @property
    def variables(self) -> Mapping[int, NDArray[Any]]:
        """Variable tensor -> its array, which runs read and write; reset at first and after a change of shapes."""
        return self._engine.variables

    def reset_variables(self) -> None:
        """Set all variable tensors to what they are at first: zeros, in int8 tensors zero points.

        Resource variables stay, as in LiteRT; `reset` forgets them too.
        """
        self._engine.reset_variables()

    def reset(self) -> None:
        """Forget everything that outlives a run, as if the model had never run."""
        self._engine.reset_variables()
        self._engine.state.reset()

    # -- running ----------------------------------------------------------------------------------------------

    def run(self, inputs: Inputs) -> dict[str, NDArray[Any]]:
        """Run once.

        Args:
            inputs: input name (or tensor index) -> array of the tensor's dtype and shape; or the array itself if
                there is a single input. A size that the model leaves open may vary from run to run.

        Returns:
            Output name -> array, the caller's own.

        Raises:
            InputError: for a wrong name, dtype or shape; for values that an operator refuses, after which variables
                may be as if the run had gone on.
        """
        found = self._engine.run(self._checked_all(inputs), self._outputs.values())
        return dict(zip(self._outputs, found, strict=True))

    def execute(self, inputs: Inputs, *, keep_all: bool = False, progress: Progress | None = None) -> Execution:
        """Run once and give the execution, whose `value(tensor)` holds until the next run.

        Args:
            inputs: as for `run`. keep_all: give every tensor a buffer of its own, so that all values can be read.
            progress: as for `trace`.
        """
        execution = self._engine.enter(self._checked_all(inputs), keep_all=keep_all)
        if progress is None:
            return execution.run(self._engine.build)
        while True:
            steps = execution.plan.steps
            for at, calls in enumerate(execution.calls, execution.first):
                progress(at, len(steps), steps[at].op)
                for call in calls:
                    call.run()
            if execution.plan.is_whole:
                break
            execution = execution.after(self._engine.build)
        progress(len(steps), len(steps), "")
        return execution

    def trace(self, inputs: Inputs, *, accumulators: bool = False, progress: Progress | None = None) -> Trace:
        """Run once and keep every tensor; the same bytes as `run`.

        Args:
            accumulators: also keep the accumulators and the values before the clamp (`Trace.inside`), which are
                computed once more from the tensors.
            progress: called as (step, steps, operator) before each step, and as (steps, steps, "") after the last.
        """
        # Imported here: who only runs models need not wait for it.
        from intengine import inside

        execution = self.execute(inputs, keep_all=True, progress=progress)
        built = execution.plan
        tensors = {i: execution.buffers[i].copy() for i in built.subgraph.inputs}
        for node in built.subgraph.nodes:
            for i in node.outputs:
                tensors[i] = execution.value(i).copy()
        return Trace(
            tensors,
            {i: built.subgraph.tensors[i].name for i in tensors},
            tuple(TracedStep(node.index, node.op, node.outputs, node.inputs) for node in built.subgraph.nodes),
            self.numerics.name,
            inside.accumulators(self.model, self.numerics, tensors, subgraph=built.subgraph.index)
            if accumulators
            else {},
        )

    def run_float(self, inputs: Inputs) -> dict[str, NDArray[Any]]:
        """Run with real numbers: inputs are quantized with their tensor's scale, outputs dequantized to float32.

        Inputs of tensors without quantization are passed as they are.
        """
        given = self._by_index(inputs)
        raw: dict[int, Any] = {
            i: quantize(np.asarray(value, np.float32), spec.quantization, spec.type)
            if (spec := self._graph.tensors[i]).quantization
            else value
            for i, value in given.items()
        }
        return {
            name: dequantize(value, spec.quantization) if (spec := self.outputs[name]).quantization else value
            for name, value in self.run(raw).items()
        }

    # -- inside -----------------------------------------------------------------------------------------------

    def _sizes(self, shapes: Mapping[Any, Sequence[int]]) -> dict[int, Shape]:
        wanted: dict[int, Shape] = {}
        for key, shape in shapes.items():
            sizes = tuple(int(size) for size in shape)
            if any(size < 0 for size in sizes):
                raise InputError(f"Sizes must not be negative; input {key!r} was given {list(sizes)}.")
            wanted[self._input_index(key)] = sizes
        return wanted

    def _names(self, indices: Sequence[int], signed: Mapping[str, int]) -> dict[str, int]:
        by_index = {index: name for name, index in signed.items()}
        out: dict[str, int] = {}
        for index in indices:
            name = by_index.get(index) or self._graph.tensors[index].name
            out[name if name not in out else f"{name}:{index}"] = index
        return out

    def _input_index(self, key: str | int) -> int:
        if isinstance(key, str) and key in self._inputs:
            return self._inputs[key]
        if isinstance(key, int) and key in self._graph.inputs:
            return key
        for index in self._graph.inputs:
            if self._graph.tensors[index].name == key:
                return index
        raise InputError(f"An input must be one of {', '.join(map(repr, self._inputs))}; got {key!r}.")

    def _by_index(self, inputs: Inputs) -> dict[int, Any]:
        # A dict at first: what else is a Mapping takes longer to find out.
        if not isinstance(inputs, (dict, Mapping)):
            if len(self._inputs) != 1:
                raise InputError(
                    f"A bare array is for models with one input; this one has {len(self._inputs)}: "
                    f"{', '.join(map(repr, self._inputs))}."
                )
            return {self._graph.inputs[0]: inputs}
        given = {
            self._inputs[key] if key in self._inputs else self._input_index(key): value for key, value in inputs.items()
        }
        if len(given) < len(self._inputs):
            missing = [name for name, index in self._inputs.items() if index not in given]
            raise InputError(f"Every input must be given; missing: {', '.join(map(repr, missing))}.")
        return given

    def _checked(self, index: int, value: ArrayLike) -> NDArray[Any]:
        array = np.asarray(value)
        spec, shape = self._graph.tensors[index], self._engine.shapes[index]
        if spec.type is TensorType.STRING:
            array = _strings(array, spec)
        if array.dtype != spec.type.dtype:
            raise InputError(
                f"Input {spec.name!r} must have dtype {spec.type.dtype} and shape {list(shape)}; "
                f"got {array.dtype} {list(array.shape)}."
            )
        if array.shape != shape and not _fits(array.shape, spec.shape_signature):
            raise InputError(
                f"Input {spec.name!r} must have shape {list(shape)} (resize() changes it); got {list(array.shape)}."
            )
        return array

    def _checked_all(self, inputs: Inputs) -> dict[int, NDArray[Any]]:
        found, dtypes, shapes = self._by_index(inputs), self._dtypes, self._engine.shapes
        for i, value in found.items():
            # What fits as it is need not go through all checks: small models run in microseconds.
            fits = type(value) is np.ndarray and value.dtype == dtypes[i] and value.shape == shapes[i]
            if not fits or value.dtype.hasobject:
                found[i] = self._checked(i, value)
        return found


def _check_inputs(graph: Subgraph) -> None:
    problems = [
        f"An input of type {spec.type.name} is not supported: {spec.name!r}"
        for spec in (graph.tensors[i] for i in graph.inputs)
        if spec.type in (TensorType.RESOURCE, TensorType.VARIANT)
    ]
    if problems:
        raise UnsupportedError(problems)


def _strings(array: NDArray[Any], spec: TensorSpec) -> NDArray[Any]:
    """An object array of bytes from str or bytes."""
    out = np.empty(array.shape, object)
    for at, value in np.ndenumerate(array):
        if not isinstance(value, str | bytes):
            raise InputError(f"Input {spec.name!r} takes strings (str or bytes); got {type(value).__name__}.")
        out[at] = value.encode() if isinstance(value, str) else bytes(value)
    return out


def _fits(shape: Shape, signature: Shape) -> bool:
    return len(shape) == len(signature) and all(
        wanted in (-1, size) for size, wanted in zip(shape, signature, strict=True)
    )


def _find_signature(model: Model, key: str | None) -> Signature | None:
    if key is None:
        return model.signatures[0] if model.signatures else None
    for signature in model.signatures:
        if signature.key == key:
            return signature
    known = ", ".join(repr(signature.key) for signature in model.signatures) or "none in this model"
    raise InputError(f"A signature must be one of {known}; got {key!r}.")


def _find_subgraph(model: Model, index: int) -> Subgraph:
    if not 0 <= index < len(model.subgraphs):
        raise InputError(f"A subgraph must be one of 0..{len(model.subgraphs) - 1}; got {index}.")
    return model.subgraphs[index]
