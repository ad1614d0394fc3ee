"""A runtime in a child process of its own, because some models make runtimes abort."""

import importlib.util
import os
import pickle
import struct
import subprocess
import sys
from collections.abc import Callable
from types import TracebackType
from typing import IO, Any, Self

from numpy.typing import NDArray

from intengine.errors import IntEngineError, MissingDependencyError

Tensors = dict[int, NDArray[Any]]


class RunnerError(IntEngineError):
    """The other runtime refused the model or died; says which and why.

    Attributes:
        crashed: whether its process died.
    """

    def __init__(self, message: str, *, crashed: bool = False) -> None:
        super().__init__(message)
        self.crashed = crashed


class ChildRunner:
    """Asks a worker process, which starts when it is first needed and again when it died.

    Args:
        runtime: what messages call it. worker: the module that the process runs.
        module: must be importable. package, extra: what to install for it, and intengine's extra that does.

    Raises:
        MissingDependencyError: if the module is not installed.
    """

    def __init__(self, *, runtime: str, worker: str, module: str, package: str, extra: str) -> None:
        if importlib.util.find_spec(module) is None:
            raise MissingDependencyError(
                f"Comparing with {runtime} needs the package {package}: pip install 'intengine[{extra}]'."
            )
        self._runtime = runtime
        self._worker = worker
        self._package = package
        self._child: subprocess.Popen[bytes] | None = None

    def version(self) -> str:
        """The installed version of the package."""
        from importlib.metadata import version

        return version(self._package)

    def close(self) -> None:
        if self._child is not None:
            self._child.kill()
            self._child.wait()
            for pipe in (self._child.stdin, self._child.stdout):
                if pipe:
                    pipe.close()
            self._child = None

    def __enter__(self) -> Self:
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
                [sys.executable, "-P", "-m", self._worker],
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
                f"{self._runtime}'s process died with exit code {code} during {request[0]}.", crashed=True
            ) from None
        if not ok and answer.startswith(("ImportError", "ModuleNotFoundError")):
            raise MissingDependencyError(f"{self._package} is installed, but cannot be imported. {answer}")
        if not ok:
            raise RunnerError(answer)
        return answer


def serve(load: Callable[..., Any], run: Callable[..., Tensors]) -> None:
    """Answer requests on the standard streams until they close; models of several names are kept side by side.

    Args:
        load: (model, ...) -> interpreter. run: (interpreter, inputs, wanted) -> tensors.
    """
    # Runtimes print to file descriptor 1; answers go to a private copy of it.
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    interpreters: dict[str, Any] = {}
    while True:
        try:
            verb, name, *args = receive(sys.stdin.buffer)
        except EOFError:
            return
        try:
            if verb == "load":
                # The old one goes first; two large models may not fit side by side.
                interpreters.pop(name, None)
                interpreters[name] = load(*args)
                send(answers, (True, None))
            elif name not in interpreters:
                send(answers, (False, f"No model {name!r} is loaded."))
            else:
                send(answers, (True, run(interpreters[name], *args)))
        except Exception as error:
            send(answers, (False, f"{type(error).__name__}: {error}".strip()))


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
