"""A live LiteRT in a child process, because some models make it abort."""

from collections.abc import Mapping
from typing import Any, Literal

from numpy.typing import NDArray

from intengine.runners._child import ChildRunner, RunnerError, Tensors

Resolver = Literal["reference", "optimized", "xnnpack"]


class LiteRTRunner(ChildRunner):
    """Runs models through LiteRT's own kernels.

    Args:
        resolver: "reference" (BUILTIN_REF), "optimized" (no default delegates) or "xnnpack" (the default).

    Raises:
        MissingDependencyError: if ai-edge-litert is not installed.
    """

    def __init__(self, resolver: Resolver = "reference") -> None:
        super().__init__(
            runtime="LiteRT",
            worker="intengine.runners._litert_worker",
            module="ai_edge_litert",
            package="ai-edge-litert",
            extra="verify",
        )
        self.resolver = resolver

    @property
    def name(self) -> str:
        """With its version, as "LiteRT 2.3.0 reference"."""
        return f"LiteRT {self.version()} {self.resolver}"

    def load(
        self,
        model: bytes,
        *,
        keep_all: bool = False,
        shapes: Mapping[int, tuple[int, ...]] | None = None,
        name: str = "",
    ) -> None:
        """Give it a model; `keep_all` keeps every tensor, `shapes` resizes inputs by tensor index.

        Models of several names are kept side by side; when the process dies, all are gone.

        Raises:
            RunnerError: if LiteRT refuses the model or dies.
            MissingDependencyError: if LiteRT cannot be imported.
        """
        self._ask(("load", name, model, self.resolver, keep_all, dict(shapes or {})))

    def run(self, inputs: Mapping[int, NDArray[Any]], wanted: tuple[int, ...], *, name: str = "") -> Tensors:
        """Invoke the model of that name once; gives the wanted tensors that LiteRT can show.

        Args:
            inputs: tensor index -> array. wanted: tensor indices.

        Raises:
            RunnerError: if there is no such model, invoking fails or the process dies.
        """
        result: Tensors = self._ask(("run", name, dict(inputs), wanted))
        return result


__all__ = ["LiteRTRunner", "Resolver", "RunnerError", "Tensors"]
