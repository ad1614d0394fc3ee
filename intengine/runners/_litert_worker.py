"""The child process of `LiteRTRunner`: answers load and run requests on its standard streams."""

from typing import Any

import numpy as np

from intengine.runners._child import serve


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


if __name__ == "__main__":
    serve(_load, _run)
