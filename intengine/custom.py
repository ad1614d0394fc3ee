"""Operators that users write in Python: `custom_operator`, and packages that bring them by entry point."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from intengine.errors import InputError, InvalidModelError
from intengine.model import TensorSpec
from intengine.ops import NodeContext, Operator, is_builtin, register
from intengine.ops import flexbuffer_options as read_options
from intengine.shapes import Shape
from intengine.step import Call


@dataclass(frozen=True, eq=False)
class CustomNode:
    """What a custom operator knows of its node.

    Attributes:
        options: of a FlexBuffers map, by name; empty if the options are something else. raw: their bytes.
        inputs, outputs: tensors with their types and quantization; absent inputs are None.
    """

    options: Mapping[str, Any]
    raw: bytes
    inputs: tuple[TensorSpec | None, ...]
    outputs: tuple[TensorSpec, ...]


Function = Callable[..., NDArray[Any] | Sequence[NDArray[Any]]]
Shapes = Callable[[CustomNode, Sequence[Shape]], Sequence[Shape]]


def custom_operator(name: str, *, shapes: Shapes | None = None, pure: bool = True) -> Callable[[Function], Function]:
    """Make a Python function the custom operator of that name, for all models of this process.

    Args:
        name: the custom code in the model file.
        shapes: gives the shapes of the outputs from the node and the shapes of the inputs; by default they are those
            that the model declares.
        pure: whether the outputs depend on nothing but the inputs, so that constant inputs may be computed once.

    The function takes a `CustomNode` and the inputs as read-only arrays of their tensors' dtypes (None for an absent
    one), and returns the output, or a sequence of outputs, with exactly the dtypes and shapes of the output tensors.

    Raises:
        InputError: if the name is a builtin operator's.

    Example:
        >>> @custom_operator("Double")
        ... def double(node, x):
        ...     return x * 2
    """
    if is_builtin(name):
        raise InputError(f"A custom operator needs a name of its own; {name!r} is a builtin operator.")

    def decorate(function: Function) -> Function:
        def infer(ctx: NodeContext) -> Sequence[Shape]:
            if shapes is None:
                return [out.shape for out in ctx.outputs]
            found = shapes(_node(ctx), [() if o is None else o.shape for o in ctx.inputs])
            ctx.require(len(found) == len(ctx.outputs), f"needs {len(ctx.outputs)} shapes", found)
            return [tuple(int(size) for size in shape) for shape in found]

        def prepare(ctx: NodeContext) -> Sequence[Call]:
            inputs = tuple(None if o is None else o.ref() for o in ctx.inputs)
            return [Call(_run, (function, _node(ctx), inputs, tuple(out.ref() for out in ctx.outputs)))]

        register(Operator(name, infer, prepare, (0, 2**31), ("any ... -> any ...",), is_pure=pure), replace=True)
        return function

    return decorate


def _node(ctx: NodeContext) -> CustomNode:
    raw = bytes(ctx.node.custom_options)
    try:
        options = read_options(raw) if raw else {}
    except InvalidModelError:
        options = {}
    return CustomNode(
        options, raw, tuple(None if o is None else o.spec for o in ctx.inputs), tuple(o.spec for o in ctx.outputs)
    )


def _run(
    function: Function, node: CustomNode, inputs: Sequence[NDArray[Any] | None], outputs: Sequence[NDArray[Any]]
) -> None:
    given = []
    for array in inputs:
        view = None if array is None else array.view()
        if view is not None:
            view.flags.writeable = False
        given.append(view)
    found = function(node, *given)
    results = [found] if isinstance(found, np.ndarray) else list(found)
    if len(results) != len(outputs):
        raise InputError(f"A custom operator must return {len(outputs)} arrays; it returned {len(results)}.")
    for result, out in zip(results, outputs, strict=True):
        array = np.asarray(result)
        if array.dtype != out.dtype or array.shape != out.shape:
            raise InputError(
                f"A custom operator must return {out.dtype} {list(out.shape)} here; it returned {array.dtype} "
                f"{list(array.shape)}."
            )
        np.copyto(out, array)
