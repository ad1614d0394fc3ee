"""A drop-in for `ai_edge_litert.interpreter` and `tf.lite`: change the import line, keep the script.

    from intengine.litert import Interpreter            # was: from ai_edge_litert.interpreter import Interpreter

Same arguments, dict keys, types and exceptions. The resolver picks the profile; see docs/dropin.md for what differs.
"""

import enum
import os
from collections.abc import Callable, Sequence
from os import PathLike
from typing import Any, NoReturn

import numpy as np
from numpy.typing import ArrayLike, NDArray

from intengine import reader
from intengine.errors import IntEngineError
from intengine.litert._details import numpy_type
from intengine.litert._run import Run, text_of
from intengine.state import State


class OpResolverType(enum.Enum):
    """Which of LiteRT's kernels a script asks for; the numbers are LiteRT's."""

    AUTO = 0
    BUILTIN = 1
    BUILTIN_REF = 2
    BUILTIN_WITHOUT_DEFAULT_DELEGATES = 3


#: Resolver -> profile. AUTO is LiteRT's default; here it asks for the reference answer, the one without surprises.
PROFILES = {
    OpResolverType.AUTO: "litert-reference",
    OpResolverType.BUILTIN: "litert-xnnpack",
    OpResolverType.BUILTIN_REF: "litert-reference",
    OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES: "litert-optimized",
}


def load_delegate(library: str, options: dict[str, Any] | None = None) -> NoReturn:
    """Delegates are native code for LiteRT.

    Raises:
        ValueError: always.
    """
    raise ValueError(f"intengine runs no delegates; {library!r} cannot be loaded.")


class Interpreter:
    """LiteRT's Interpreter, computed by intengine.

    Args:
        model_path, model_content: one of them: a .tflite file, or its bytes.
        experimental_delegates: must be empty. num_threads: at least 1.
        experimental_op_resolver_type: picks the profile, see `PROFILES`.
        experimental_preserve_all_tensors: whether get_tensor gives every tensor after invoke.
        experimental_compress_quantization_zero_points: whether details give equal zero points of channels once.
        Others are taken and change nothing.

    Raises:
        ValueError: for an unusable model or argument.
    """

    def __init__(
        self,
        model_path: str | bytes | PathLike[str] | None = None,
        model_content: bytes | None = None,
        experimental_delegates: Sequence[Any] | None = None,
        num_threads: int | None = None,
        experimental_op_resolver_type: OpResolverType = OpResolverType.AUTO,
        experimental_preserve_all_tensors: bool = False,
        experimental_disable_delegate_clustering: bool = False,
        experimental_default_delegate_latest_features: bool = False,
        experimental_compress_quantization_zero_points: bool = False,
        experimental_disable_delegate_node_fusion: bool = False,
        experimental_force_delegate_node_profiling: bool = False,
    ) -> None:
        if model_path is None and model_content is None:
            raise ValueError("`model_path` or `model_content` must be specified.")
        if model_path is not None and model_content is not None:
            raise ValueError("Can't both provide `model_path` and `model_content`")
        if num_threads is not None and not isinstance(num_threads, int):
            raise ValueError("type of num_threads should be int")
        if num_threads is not None and num_threads < 1:
            raise ValueError("num_threads should >= 1")
        if experimental_delegates:
            raise ValueError("intengine runs no delegates.")
        self._profile = _profile(experimental_op_resolver_type)
        source = os.fsdecode(model_path) if model_path is not None else model_content
        assert source is not None
        try:
            self._model = reader.load(source)
        except IntEngineError as error:
            raise ValueError(text_of(error)) from error
        self.experimental_compress_quantization_zero_points = experimental_compress_quantization_zero_points
        state = State()
        self._runs = [
            Run(
                self._model,
                subgraph.index,
                self._profile,
                num_threads or 1,
                state,
                keep_all=bool(experimental_preserve_all_tensors),
                compress=bool(experimental_compress_quantization_zero_points),
            )
            for subgraph in self._model.subgraphs
        ]
        self._main = self._runs[0]

    # -- tensors ------------------------------------------------------------------------------------------------

    def get_input_details(self) -> list[dict[str, Any]]:
        """One dict for each input of the primary subgraph."""
        return [self._main.details(i) for i in self._main.graph.inputs]

    def get_output_details(self) -> list[dict[str, Any]]:
        """One dict for each output of the primary subgraph."""
        return [self._main.details(i) for i in self._main.graph.outputs]

    def get_tensor_details(self, subgraph_index: int = 0) -> list[dict[str, Any]]:
        """One dict for each tensor of a subgraph."""
        run = self._run(subgraph_index)
        return [run.details(index) for index in range(len(run.graph.tensors))]

    def set_tensor(self, tensor_index: int, value: ArrayLike) -> None:
        """Copy a value into an input or a variable.

        Raises:
            ValueError: before allocate_tensors, for a wrong type or shape, or a tensor that is no input.
        """
        self._main.set(tensor_index, np.asarray(value))

    def get_tensor(self, tensor_index: int, subgraph_index: int = 0) -> NDArray[Any]:
        """A copy of a tensor: an input, an output, a constant, or any with experimental_preserve_all_tensors.

        Raises:
            ValueError: for a wrong index, or a tensor that is not there.
        """
        return self._run(subgraph_index).read(tensor_index).copy()

    def tensor(self, tensor_index: int) -> Callable[[], NDArray[Any]]:
        """A function that gives the tensor itself, not a copy; writing into an input's array sets it.

        The function may be kept. While an array from it is, invoking and allocating raise RuntimeError.
        """
        return lambda: self._main.view(tensor_index)

    def resize_tensor_input(self, input_index: int, tensor_size: ArrayLike, strict: bool = False) -> None:
        """Give an input another shape; takes effect with allocate_tensors.

        Args:
            strict: only sizes that the model leaves open may change.

        Raises:
            ValueError: if the sizes are not a list.
            RuntimeError: for a wrong index or size, or a change that `strict` forbids.
        """
        self._main.ensure_safe()
        sizes = np.array(tensor_size, np.int32)
        if sizes.ndim != 1:
            raise ValueError(f"Shape should be 1D instead of {sizes.ndim}.")
        self._main.resize(input_index, tuple(sizes.tolist()), strict=strict)

    def allocate_tensors(self) -> None:
        """Plan and allocate.

        Raises:
            RuntimeError: if the model cannot run with these shapes.
        """
        self._main.ensure_safe()
        self._main.allocate()

    def invoke(self) -> None:
        """Run once.

        Raises:
            RuntimeError: before allocate_tensors, or if an input's value cannot be run.
        """
        self._main.ensure_safe()
        self._main.invoke()

    def reset_all_variables(self) -> None:
        """Set the variable tensors to what they are at first: zeros, in int8 tensors zero points.

        Raises:
            RuntimeError: before allocate_tensors, if there are any.
        """
        self._main.reset_variables()

    # -- signatures ---------------------------------------------------------------------------------------------

    def get_signature_list(self) -> dict[str, dict[str, list[str]]]:
        """Signature key -> names of its inputs and outputs, sorted."""
        return {s.key: {"inputs": sorted(s.inputs), "outputs": sorted(s.outputs)} for s in self._model.signatures}

    def get_signature_runner(self, signature_key: str | None = None) -> "SignatureRunner":
        """A callable for one signature; the key may be left out if there is only one.

        Raises:
            ValueError: for an unknown key.
        """
        signatures = {s.key: s for s in self._model.signatures}
        if signature_key is None:
            if len(signatures) != 1:
                raise ValueError(
                    f"SignatureDef signature_key is None and model has {len(signatures)} Signatures. None is only "
                    "allowed when the model has 1 SignatureDef"
                )
            signature_key = next(iter(signatures))
        return SignatureRunner(self, signature_key)

    def num_subgraphs(self) -> int:
        """How many subgraphs the model has."""
        return len(self._model.subgraphs)

    # -- private in LiteRT too, but debugging scripts use them ---------------------------------------------------

    def _get_ops_details(self) -> list[dict[str, Any]]:
        return [self._get_op_details(node.index) for node in self._main.graph.nodes]

    def _get_op_details(self, op_index: int) -> dict[str, Any]:
        if not 0 <= op_index < len(self._main.graph.nodes):
            raise ValueError(f"Invalid node index {op_index} of {len(self._main.graph.nodes)}")
        node, tensors = self._main.graph.nodes[op_index], self._main.graph.tensors

        def types(indices: Sequence[int]) -> list[Any]:
            return [numpy_type(tensors[i].type) for i in indices if i >= 0]

        return {
            "index": node.index,
            "op_name": node.op,
            "inputs": np.array(node.inputs, np.int32),
            "outputs": np.array(node.outputs, np.int32),
            "operand_types": types(node.inputs),
            "result_types": types(node.outputs),
        }

    def _get_tensor_details(self, tensor_index: int, subgraph_index: int = 0) -> dict[str, Any]:
        return self._run(subgraph_index).details(int(tensor_index))

    def _get_full_signature_list(self) -> dict[str, dict[str, dict[str, int]]]:
        return {
            s.key: {"inputs": dict(sorted(s.inputs.items())), "outputs": dict(sorted(s.outputs.items()))}
            for s in self._model.signatures
        }

    def _run(self, subgraph: int) -> Run:
        if not 0 <= subgraph < len(self._runs):
            raise ValueError(f"subgraph_index is out of range: {subgraph}; the model has {len(self._runs)} subgraphs.")
        return self._runs[subgraph]


class SignatureRunner:
    """Calls one signature with arrays by name, and gives its outputs by name.

    Its tensors are those of the interpreter's subgraph.

    Raises:
        ValueError: for an unknown signature.
    """

    def __init__(self, interpreter: Interpreter | None = None, signature_key: str | None = None) -> None:
        if interpreter is None:
            raise ValueError("None interpreter provided.")
        if not signature_key:
            raise ValueError("None signature_key provided.")
        found = [s for s in interpreter._model.signatures if s.key == signature_key]
        if not found:
            raise ValueError(f'Invalid signature_key provided: "{signature_key}".')
        self._signature = found[0]
        self._run = interpreter._run(self._signature.subgraph)
        self._inputs = sorted(self._signature.inputs)
        self._outputs = sorted(self._signature.outputs)

    def __call__(self, **kwargs: NDArray[Any]) -> dict[str, NDArray[Any]]:
        """Run once; inputs of another shape resize the model, as in LiteRT.

        Raises:
            ValueError: for missing or unknown names, or wrong types.
            RuntimeError: for shapes that the model cannot run with.
            AttributeError: for values that are not arrays.
        """
        if len(kwargs) != len(self._inputs):
            raise ValueError(
                "Invalid number of inputs provided for running a SignatureDef, expected "
                f"{len(self._inputs)} vs provided {len(kwargs)}"
            )
        arrays: dict[int, NDArray[Any]] = {}
        for name, value in kwargs.items():
            if name not in self._signature.inputs:
                raise ValueError(f"Invalid Input name ({name}) for SignatureDef")
            arrays[self._signature.inputs[name]] = value
        self._run.call(arrays)
        return {name: self._run.read(self._signature.outputs[name]).copy() for name in self._outputs}

    def get_input_details(self) -> dict[str, dict[str, Any]]:
        return {name: self._run.details(self._signature.inputs[name]) for name in self._inputs}

    def get_output_details(self) -> dict[str, dict[str, Any]]:
        return {name: self._run.details(self._signature.outputs[name]) for name in self._outputs}


def _profile(resolver: Any) -> str:
    """The profile of a resolver, ours or LiteRT's own enum, which has the same names."""
    known = OpResolverType.__members__.get(getattr(resolver, "name", ""))
    if known is None:
        raise ValueError(f"Unrecognized passed in op resolver type: {resolver}")
    return PROFILES[known]
