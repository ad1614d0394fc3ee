"""Resource variables: VAR_HANDLE, READ_VARIABLE, ASSIGN_VARIABLE."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from intengine_kernels.same import check_same
from numpy.typing import NDArray

from intengine.errors import InputError
from intengine.model import TensorType
from intengine.ops._context import NodeContext
from intengine.ops._operand import Operand
from intengine.ops._registry import Operator, register
from intengine.shapes import Shape
from intengine.state import Place, State
from intengine.step import MEMORY, Call, Finding, Held, Holder


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


def _part(ctx: NodeContext, value: Operand, part: str) -> Held | None:
    """An array of the variable, if it and the shape of its value are known before running, and kernels can copy it."""
    handle = _handle(ctx).value
    if handle is None or value.is_late or value.dtype.hasobject:
        return None
    return Held(int(handle.item()), value.dtype, value.shape, part)


def _check(value: NDArray[Any] | None, dtype: np.dtype[Any], shape: Shape | None) -> NDArray[Any]:
    """The value, if it is of this type and shape; None for any shape.

    Raises:
        InputError: if not, or if there is none.
    """
    if value is None:
        raise InputError("READ_VARIABLE needs a variable that was assigned before; this one never was.")
    if value.dtype != dtype:
        raise InputError(f"READ_VARIABLE needs a variable of {dtype}; it was assigned {value.dtype}.")
    if shape not in (None, value.shape):
        raise InputError(f"READ_VARIABLE needs a variable of shape {list(shape)}; it has {list(value.shape)}.")
    return value


def _refuse(state: State, variable: int, dtype: np.dtype[Any], shape: Shape, numbers: NDArray[np.int64]) -> None:
    current = int(numbers[1])
    # What was assigned after this came of a value that there was not.
    state.variables[variable].take_back(current)
    _check(state.variables[variable].value, dtype, shape)


def _read(state: State, handle: NDArray[np.int32], out: NDArray[Any] | Holder, dtype: np.dtype[Any]) -> None:
    value = state.variables[int(handle[0])].value
    if isinstance(out, Holder):
        out.array = _check(value, dtype, None).copy()
    else:
        np.copyto(out, _check(value, dtype, out.shape))


def prepare_read(ctx: NodeContext) -> Sequence[Call]:
    """What the variable holds.

    Source: tflite/kernels/read_variable.cc
    """
    out = ctx.output()
    values, number, current = (_part(ctx, out, part) for part in Place._fields)
    if values is None:
        return [Call(_read, (MEMORY, _handle(ctx).ref((1,)), out.target(), out.dtype))]
    finding = Finding(_refuse, (MEMORY, values.variable, out.dtype, out.shape))
    return [Call(check_same, (number, current, finding)), Call(np.copyto, (out.ref(), values))]


def _assign(state: State, handle: NDArray[np.int32], value: NDArray[Any]) -> None:
    state.variables[int(handle[0])].assign(value)


def prepare_assign(ctx: NodeContext) -> Sequence[Call]:
    """Make the variable hold this value.

    Source: tflite/kernels/assign_variable.cc
    """
    value = ctx.input(1)
    values, number, current = (_part(ctx, value, part) for part in Place._fields)
    if values is None:
        return [Call(_assign, (MEMORY, _handle(ctx).ref((1,)), value.ref()))]
    return [Call(np.copyto, (values, value.ref())), Call(np.copyto, (current, number))]


register(Operator("VAR_HANDLE", infer_handle, prepare_handle, (0, 0), ("-> resource",)))
register(Operator("READ_VARIABLE", infer_read, prepare_read, (1, 1), ("resource -> any",), is_pure=False))
register(Operator("ASSIGN_VARIABLE", lambda ctx: [], prepare_assign, (2, 2), ("resource x any ->",), is_pure=False))
