"""Resource variables: VAR_HANDLE, READ_VARIABLE, ASSIGN_VARIABLE."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from intengine.errors import InputError
from intengine.model import TensorType
from intengine.ops._context import NodeContext, Operand
from intengine.ops._registry import Operator, register
from intengine.shapes import Shape
from intengine.state import State
from intengine.step import MEMORY, Call, Holder


def _handle(ctx: NodeContext) -> Operand:
    handle = ctx.input(0)
    ctx.require(handle.type is TensorType.RESOURCE and handle.size == 1, "needs one RESOURCE", handle.type.name)
    return handle


def infer_handle(ctx: NodeContext) -> Sequence[Shape]:
    return [ctx.output().shape]


def prepare_handle(ctx: NodeContext) -> Sequence[Call]:
    """The number of the variable of this container and name.

    Source: tflite/kernels/var_handle.cc
    """
    out = ctx.output()
    ctx.require(out.type is TensorType.RESOURCE and out.size == 1, "needs one RESOURCE as output", out.type.name)
    number = ctx.model.handle("variable", ctx.options["container"], ctx.options["shared_name"])
    return [Call(np.copyto, (out.ref(), np.array(number, np.int32)))]


def infer_read(ctx: NodeContext) -> Sequence[Shape | None]:
    out = ctx.output()
    return [None if -1 in out.spec.shape_signature else out.shape]


def _read(state: State, handle: NDArray[np.int32], out: NDArray[Any] | Holder, dtype: np.dtype[Any]) -> None:
    value = state.variables.get(int(handle[0]))
    if value is None:
        raise InputError("READ_VARIABLE needs a variable that was assigned before; this one never was.")
    if value.dtype != dtype:
        raise InputError(f"READ_VARIABLE needs a variable of {dtype}; it was assigned {value.dtype}.")
    if isinstance(out, Holder):
        out.array = value.copy()
    elif out.shape != value.shape:
        raise InputError(f"READ_VARIABLE needs a variable of shape {list(out.shape)}; it has {list(value.shape)}.")
    else:
        np.copyto(out, value)


def prepare_read(ctx: NodeContext) -> Sequence[Call]:
    """What the variable holds.

    Source: tflite/kernels/read_variable.cc
    """
    out = ctx.output()
    return [Call(_read, (MEMORY, _handle(ctx).ref((1,)), out.target(), out.dtype))]


def _assign(state: State, handle: NDArray[np.int32], value: NDArray[Any]) -> None:
    held = state.variables.get(int(handle[0]))
    if held is not None and held.shape == value.shape and held.dtype == value.dtype:
        np.copyto(held, value)
    else:
        state.variables[int(handle[0])] = value.copy()


def prepare_assign(ctx: NodeContext) -> Sequence[Call]:
    """Make the variable hold this value.

    Source: tflite/kernels/assign_variable.cc
    """
    return [Call(_assign, (MEMORY, _handle(ctx).ref((1,)), ctx.input(1).ref()))]


register(Operator("VAR_HANDLE", infer_handle, prepare_handle, (0, 0), ("-> resource",)))
register(Operator("READ_VARIABLE", infer_read, prepare_read, (1, 1), ("resource -> any",), is_pure=False))
register(Operator("ASSIGN_VARIABLE", lambda ctx: [], prepare_assign, (2, 2), ("resource x any ->",), is_pure=False))
