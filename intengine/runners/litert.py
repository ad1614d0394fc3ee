"""A live LiteRT in a child process, because some models make it abort."""

import importlib.util
import os
import pickle
import struct
import subprocess
import sys
from collections.abc import Mapping
from types import TracebackType
from typing import IO, Any, Literal

from numpy.typing import NDArray

from intengine.errors import IntEngineError, MissingDependencyError

Resolver = Literal["reference", "optimized", "xnnpack"]
Tensors = dict[int, NDArray[Any]]


class RunnerError(IntEngineError):
    """The other runtime refused the model or died; says which and why.

    Attributes:
        crashed: whether its process died.
    """

    def __init__(self, message: str, *, crashed: bool = False) -> None:
        super().__init__(message)
        self.crashed = crashed


class LiteRTRunner:
    """Runs models through LiteRT's own kernels.

    Args:
        resolver: "reference" (BUILTIN_REF), "optimized" (no default delegates) or "xnnpack" (the default).

    Raises:
        MissingDependencyError: if ai-edge-litert is not installed.
    """

    def __init__(self, resolver: Resolver = "reference") -> None:
        if importlib.util.find_spec("ai_edge_litert") is None:
            raise MissingDependencyError(
                "Comparing with LiteRT needs the package ai-edge-litert: pip install 'intengine[verify]'."
            )
        self.resolver = resolver
        self._child: subprocess.Popen[bytes] | None = None

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

    def version(self) -> str:
        """The installed ai-edge-litert version."""
        from importlib.metadata import version

        return version("ai-edge-litert")

    def close(self) -> None:
        if self._child is not None:
            self._child.kill()
            self._child.wait()
            for pipe in (self._child.stdin, self._child.stdout):
                if pipe:
                    pipe.close()
            self._child = None

    def __enter__(self) -> "LiteRTRunner":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _ask(self, request: tuple[Any, ...]) -> Any:
        if self._child is None:
            # The same modules as here, and none that happen to lie in the current folder (-P).
            here = os.pathsep.join(path or os.getcwd() for path in sys.path)
            self._child = subprocess.Popen(
                [sys.executable, "-P", "-m", "intengine.runners._litert_worker"],
                env={**os.environ, "PYTHONPATH": here},
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
            )
        child = self._child
        assert child.stdin is not None
        assert child.stdout is not None
        try:
            send(child.stdin, request)
            ok, answer = receive(child.stdout)
        except (EOFError, BrokenPipeError, ConnectionError):
            code = child.wait()
            self.close()
            raise RunnerError(
                f"LiteRT's process died with exit code {code} during {request[0]}.", crashed=True
            ) from None
        if not ok and answer.startswith(("ImportError", "ModuleNotFoundError")):
            raise MissingDependencyError(f"ai-edge-litert is installed, but cannot be imported. {answer}")
        if not ok:
            raise RunnerError(answer)
        return answer


def send(pipe: IO[bytes], message: Any) -> None:
    """Write one length-prefixed pickle."""
    data = pickle.dumps(message, protocol=5)
    pipe.write(struct.pack("<Q", len(data)))
    pipe.write(data)
    pipe.flush()


def receive(pipe: IO[bytes]) -> Any:
    """Read one length-prefixed pickle.

    Raises:
        EOFError: if the other side has gone.
    """
    head = pipe.read(8)
    if len(head) < 8:
        raise EOFError
    (size,) = struct.unpack("<Q", head)
    data = pipe.read(size)
    if len(data) < size:
        raise EOFError
    return pickle.loads(data)
