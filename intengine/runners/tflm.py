"""A live tflite-micro in a child process, because some models make it abort."""

from collections.abc import Mapping
from typing import Any

from numpy.typing import NDArray

from intengine.model import TensorType
from intengine.reader import load
from intengine.runners._child import ChildRunner, RunnerError, Tensors

#: tflite-micro dies of showing tensors that hold a handle.
_NOT_SHOWN = (TensorType.RESOURCE, TensorType.STRING, TensorType.VARIANT)


class TFLMRunner(ChildRunner):
    """Runs models through tflite-micro's reference kernels, on the arena that they need.

    Raises:
        MissingDependencyError: if tflite-micro is not installed.
    """

    def __init__(self) -> None:
        super().__init__(
            runtime="tflite-micro",
            worker="intengine.runners._tflm_worker",
            module="tflite_micro",
            package="tflite-micro",
            extra="tflm",
        )

    @property
    def name(self) -> str:
        """With its version."""
        return f"tflite-micro {self.version()}"

    def load(
        self,
        model: bytes,
        *,
        keep_all: bool = False,
        shapes: Mapping[int, tuple[int, ...]] | None = None,
        name: str = "",
    ) -> None:
        """Give it a model; `keep_all` keeps every tensor; tflite-micro cannot resize inputs.

        Models of several names are kept side by side; when the process dies, all are gone.

        Raises:
            RunnerError: if tflite-micro refuses the model or dies, or if there are `shapes`.
            MissingDependencyError: if tflite-micro cannot be imported.
        """
        if shapes:
            raise RunnerError("tflite-micro cannot resize inputs.")
        graph = load(model).main
        shown = {tensor.index for tensor in graph.tensors if tensor.type not in _NOT_SHOWN} if keep_all else set()
        self._ask(("load", name, model, graph.inputs, graph.outputs, shown, keep_all))

    def run(self, inputs: Mapping[int, NDArray[Any]], wanted: tuple[int, ...], *, name: str = "") -> Tensors:
        """Invoke the model of that name once; gives the wanted tensors that tflite-micro can show.

        Args:
            inputs: tensor index -> array. wanted: tensor indices; without `keep_all`, of outputs only.

        Raises:
            RunnerError: if there is no such model, invoking fails or the process dies.
        """
        result: Tensors = self._ask(("run", name, dict(inputs), wanted))
        return result
