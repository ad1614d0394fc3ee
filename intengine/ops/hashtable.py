"""Static hash tables: HASHTABLE, HASHTABLE_IMPORT, HASHTABLE_FIND, HASHTABLE_SIZE."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from intengine.errors import InputError
from intengine.model import TensorType
from intengine.ops._context import NodeContext
from intengine.ops._operand import Operand
from intengine.ops._registry import Operator, register
from intengine.shapes import Shape
from intengine.state import State
from intengine.step import MEMORY, Call

_PAIRS = ((TensorType.INT64, TensorType.STRING), (TensorType.STRING, TensorType.INT64))


def _handle(ctx: NodeContext) -> Operand:
    handle = ctx.input(0)
    ctx.require(handle.type is TensorType.RESOURCE and handle.size == 1, "needs one RESOURCE", handle.type.name)
    return handle


def prepare_table(ctx: NodeContext) -> Sequence[Call]:
    """The number of the table of this id.

    Source: tflite/kernels/hashtable.cc
    """
    out = ctx.output()
    ctx.require(out.type is TensorType.RESOURCE and out.size == 1, "needs one RESOURCE as output", out.type.name)
    number = ctx.model.handle("table", ctx.options["table_id"])
    return [Call(np.copyto, (out.ref(), np.array(number, np.int32)))]


def _import(state: State, handle: NDArray[np.int32], keys: NDArray[Any], values: NDArray[Any]) -> None:
    if int(handle[0]) not in state.tables:
        table: dict[Any, Any] = {}
        for key, value in zip(keys.tolist(), values.tolist(), strict=True):
            table.setdefault(key, value)
        state.tables[int(handle[0])] = table


def prepare_import(ctx: NodeContext) -> Sequence[Call]:
    """Fill the table; the first value of a key counts, and a table that has been filled stays as it is.

    Source: tflite/kernels/hashtable_import.cc
    """
    keys, values = ctx.input(1), ctx.input(2)
    if (keys.type, values.type) not in _PAIRS:
        ctx.unsupported()
    ctx.require(keys.shape == values.shape, "needs as many values as keys", (keys.shape, values.shape))
    return [Call(_import, (MEMORY, _handle(ctx).ref((1,)), keys.ref((keys.size,)), values.ref((keys.size,))))]


def _table(state: State, handle: NDArray[np.int32]) -> Mapping[Any, Any]:
    table = state.tables.get(int(handle[0]))
    if table is None:
        raise InputError("A hash table is filled before it is used; this one never was.")
    return table


def _find(
    state: State, handle: NDArray[np.int32], keys: NDArray[Any], default: NDArray[Any], out: NDArray[Any]
) -> None:
    table, other = _table(state, handle), default[0]
    for i, key in enumerate(keys.tolist()):
        out[i] = table.get(key, other)


def prepare_find(ctx: NodeContext) -> Sequence[Call]:
    """The value of each key, `default` for keys that the table lacks.

    Source: tflite/kernels/hashtable_find.cc
    """
    keys, default, out = ctx.input(1), ctx.input(2), ctx.output()
    if (keys.type, out.type) not in _PAIRS or default.type is not out.type:
        ctx.unsupported()
    ctx.require(default.size == 1, "needs one default value", default.size)
    return [
        Call(
            _find,
            (MEMORY, _handle(ctx).ref((1,)), keys.ref((keys.size,)), default.ref((1,)), out.ref((keys.size,))),
        )
    ]


def _size(state: State, handle: NDArray[np.int32], out: NDArray[np.int64]) -> None:
    out[0] = len(_table(state, handle))


def prepare_size(ctx: NodeContext) -> Sequence[Call]:
    """How many keys the table has.

    Source: tflite/kernels/hashtable_size.cc
    """
    if ctx.output().type is not TensorType.INT64:
        ctx.unsupported()
    return [Call(_size, (MEMORY, _handle(ctx).ref((1,)), ctx.output().ref((1,))))]


def _infer_find(ctx: NodeContext) -> Sequence[Shape]:
    return [ctx.input(1).shape]


register(Operator("HASHTABLE", lambda ctx: [ctx.output().shape], prepare_table, (0, 0), ("-> resource",)))
register(
    Operator(
        "HASHTABLE_IMPORT",
        lambda ctx: [],
        prepare_import,
        (3, 3),
        ("resource x int64 x string ->", "resource x string x int64 ->"),
        is_pure=False,
    )
)
register(
    Operator(
        "HASHTABLE_FIND",
        _infer_find,
        prepare_find,
        (3, 3),
        ("resource x int64 x string -> string", "resource x string x int64 -> int64"),
        is_pure=False,
    )
)
register(Operator("HASHTABLE_SIZE", lambda ctx: [(1,)], prepare_size, (1, 1), ("resource -> int64",), is_pure=False))
