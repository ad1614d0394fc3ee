"""LiteRT in this process, timed: it may abort, so this is for worker processes."""

import importlib.util
from collections.abc import Mapping, Sequence
from typing import Any

from numpy.typing import NDArray

from intengine.shapes import Shape

Tensors = Mapping[int, NDArray[Any]]
_RESOLVERS = {
    "reference": "BUILTIN_REF",
    "optimized": "BUILTIN_WITHOUT_DEFAULT_DELEGATES",
    "xnnpack": "BUILTIN",
}


def is_installed() -> bool:
    """Whether LiteRT can be timed here."""
    return importlib.util.find_spec("ai_edge_litert") is not None


class LiteRT:
    """A model in LiteRT.

    Args:
        content: bytes of the file. kernels: "reference", "optimized" or "xnnpack".
        inputs: tensor -> array. outputs: tensors. shapes: of inputs, where they are not the declared ones.

    Raises:
        ValueError, RuntimeError: if LiteRT refuses it.
    """

    def __init__(
        self,
        content: bytes,
        kernels: str,
        *,
        threads: int,
        inputs: Tensors,
        outputs: Sequence[int],
        shapes: Mapping[int, Shape] | None = None,
    ) -> None:
        from ai_edge_litert.interpreter import Interpreter, OpResolverType

        kind = getattr(OpResolverType, _RESOLVERS[kernels])
        self._interpreter = Interpreter(model_content=content, experimental_op_resolver_type=kind, num_threads=threads)
        for index, shape in (shapes or {}).items():
            self._interpreter.resize_tensor_input(index, list(shape))
        self._interpreter.allocate_tensors()
        self._inputs, self._outputs = inputs, tuple(outputs)
        self.run()

    def run(self) -> None:
        """Inputs in, invoke, outputs out."""
        for index, array in self._inputs.items():
            self._interpreter.set_tensor(index, array)
        self._interpreter.invoke()
        for index in self._outputs:
            self._interpreter.get_tensor(index)

    def invoke(self) -> None:
        """The same without inputs and outputs."""
        self._interpreter.invoke()
