"""The child process of `LiteRTRunner`: answers load and run requests on its standard streams."""

import os
import sys
from typing import Any

import numpy as np

from intengine.runners.litert import receive, send


def _load(model: bytes, resolver: str, keep_all: bool, shapes: dict[int, tuple[int, ...]]) -> Any:
    from ai_edge_litert.interpreter import Interpreter, OpResolverType

    kinds = {
        "reference": OpResolverType.BUILTIN_REF,
        "optimized": OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES,
        "xnnpack": OpResolverType.BUILTIN,
    }
    interpreter = Interpreter(
        model_content=model,
        experimental_op_resolver_type=kinds[resolver],
        experimental_preserve_all_tensors=keep_all,
        num_threads=1,
    )
    for index, shape in shapes.items():
        interpreter.resize_tensor_input(index, list(shape))
    interpreter.allocate_tensors()
    return interpreter


def _run(interpreter: Any, inputs: dict[int, Any], wanted: tuple[int, ...]) -> dict[int, Any]:
    for index, array in inputs.items():
        interpreter.set_tensor(index, array)
    interpreter.invoke()
    out: dict[int, Any] = {}
    for index in wanted:
        try:
            out[index] = np.array(interpreter.get_tensor(index))
        except ValueError:
            continue
    return out


def main() -> None:
    # LiteRT prints to file descriptor 1; answers go to a private copy of it.
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
                interpreters[name] = _load(*args)
                send(answers, (True, None))
            elif name not in interpreters:
                send(answers, (False, f"No model {name!r} is loaded."))
            else:
                send(answers, (True, _run(interpreters[name], *args)))
        except Exception as error:
            send(answers, (False, f"{type(error).__name__}: {error}".strip()))


if __name__ == "__main__":
    main()
