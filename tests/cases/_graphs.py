"""Models of several subgraphs, for operators that run them and for those that remember."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from flatbuffers import flexbuffers
from numpy.typing import NDArray

from intengine.writer import ModelBuilder
from intengine.writer.builder import SubgraphBuilder


def chain(graph: SubgraphBuilder, ops: Sequence[str], type_: str, shape: Sequence[int], value: NDArray[Any]) -> None:
    """Make a subgraph x -> x op value op value ...; quantized types get a scale of their own at each step."""
    at = graph.tensor("x", type_, shape, **_quantization(type_, 0))
    first = at
    for i, op in enumerate(ops, 1):
        constant = graph.tensor(f"c{i}", type_, value.shape, value, **_quantization(type_, 0))
        after = graph.tensor(f"y{i}", type_, shape, **_quantization(type_, 0))
        graph.op(op, [at, constant], [after], version=2 if type_ == "INT8" else 1)
        at = after
    graph.inputs, graph.outputs = [first], [at]


def _quantization(type_: str, i: int) -> dict[str, Any]:
    return {"scale": 0.5 * 2**i, "zero_point": 3} if type_ == "INT8" else {}


def conditional(
    type_: str, shape: Sequence[int], value: NDArray[Any], then: Sequence[str], other: Sequence[str]
) -> bytes:
    """IF: a BOOL and x; `then` or `other` applied to x."""
    b = ModelBuilder()
    chain(b.subgraph("then"), then, type_, shape, value)
    chain(b.subgraph("else"), other, type_, shape, value)
    condition = b.tensor("condition", "BOOL", (1,))
    x = b.tensor("x", type_, shape, **_quantization(type_, 0))
    y = b.tensor("y", type_, shape, **_quantization(type_, 0))
    b.op("IF", [condition, x], [y], then_subgraph_index=1, else_subgraph_index=2)
    return b.to_bytes([condition, x], [y])


def case(type_: str, shape: Sequence[int], value: NDArray[Any], branches: Sequence[Sequence[str]]) -> bytes:
    """STABLEHLO_CASE: an INT32 and x; the branch of that number applied to x."""
    b = ModelBuilder()
    for i, ops in enumerate(branches):
        chain(b.subgraph(f"branch{i}"), ops, type_, shape, value)
    index = b.tensor("index", "INT32", (1,))
    x, y = b.tensor("x", type_, shape), b.tensor("y", type_, shape)
    b.op("STABLEHLO_CASE", [index, x], [y], branch_subgraph_indices=list(range(1, len(branches) + 1)))
    return b.to_bytes([index, x], [y])


def loop(type_: str, shape: Sequence[int], value: NDArray[Any], ops: Sequence[str], limit: int) -> bytes:
    """WHILE: i (INT32) and x; until i is limit: i += 1, x = ops(x)."""
    b = ModelBuilder()
    condition, body = b.subgraph("condition"), b.subgraph("body")
    i, x = condition.tensor("i", "INT32", (1,)), condition.tensor("x", type_, shape, **_quantization(type_, 0))
    end, is_more = condition.tensor("end", "INT32", (1,), [limit]), condition.tensor("more", "BOOL", (1,))
    left = condition.tensor("left", "INT32", (1,))
    condition.op("SUB", [end, i], [left])
    condition.op("CAST", [left], [is_more], in_data_type=2, out_data_type=6)
    condition.inputs, condition.outputs = [i, x], [is_more]
    chain(body, ops, type_, shape, value)
    i, one, after = (
        body.tensor("i", "INT32", (1,)),
        body.tensor("1", "INT32", (1,), [1]),
        body.tensor("j", "INT32", (1,)),
    )
    body.op("ADD", [i, one], [after])
    body.inputs, body.outputs = [i, *body.inputs], [after, *body.outputs]
    i, j = b.tensor("i", "INT32", (1,)), b.tensor("j", "INT32", (1,))
    x, y = (b.tensor(name, type_, shape, **_quantization(type_, 0)) for name in "xy")
    b.op("WHILE", [i, x], [j, y], cond_subgraph_index=1, body_subgraph_index=2)
    return b.to_bytes([i, x], [j, y])


def growing_loop(start: int, limit: int) -> bytes:
    """WHILE whose x grows by one element each time, so that its shape is known only when it ends."""
    b = ModelBuilder()
    condition, body = b.subgraph("condition"), b.subgraph("body")
    x, size, end = (
        condition.tensor("x", "INT32", (start,), shape_signature=(-1,)),
        condition.tensor("size", "INT32", (1,)),
        condition.tensor("end", "INT32", (1,), [limit]),
    )
    more = condition.tensor("more", "BOOL", (1,))
    condition.op("SHAPE", [x], [size], out_type=2)
    left = condition.tensor("left", "INT32", (1,))
    condition.op("SUB", [end, size], [left])
    condition.op("CAST", [left], [more], in_data_type=2, out_data_type=6)
    condition.inputs, condition.outputs = [x], [more]
    x, one = body.tensor("x", "INT32", (start,), shape_signature=(-1,)), body.tensor("1", "INT32", (1,), [7])
    y = body.tensor("y", "INT32", (start + 1,), shape_signature=(-1,))
    body.op("CONCATENATION", [x, one], [y], axis=0)
    body.inputs, body.outputs = [x], [y]
    x, y = (b.tensor(name, "INT32", (start,), shape_signature=(-1,)) for name in "xy")
    z = b.tensor("z", "INT32", (start,), shape_signature=(-1,))
    b.op("WHILE", [x], [y], cond_subgraph_index=1, body_subgraph_index=2)
    b.op("ADD", [y, y], [z])
    return b.to_bytes([x], [z])


def composite(type_: str, shape: Sequence[int], value: NDArray[Any], ops: Sequence[str]) -> bytes:
    """STABLEHLO_COMPOSITE whose decomposition is `ops`."""
    b = ModelBuilder()
    chain(b.subgraph("decomposition"), ops, type_, shape, value)
    x, y = (b.tensor(name, type_, shape, **_quantization(type_, 0)) for name in "xy")
    attributes = np.frombuffer(flexbuffers.Dumps({}), np.uint8)
    options = {"name": b"test.op", "decomposition_subgraph_index": 1, "composite_attributes": attributes}
    b.op("STABLEHLO_COMPOSITE", [x], [y], options=options)
    return b.to_bytes([x], [y])


def accumulator(type_: str, shape: Sequence[int], start: NDArray[Any]) -> bytes:
    """A resource variable that CALL_ONCE sets to `start` and every run adds x to; gives it before and after."""
    b = ModelBuilder()
    once = b.subgraph("once")
    handle = once.tensor("handle", "RESOURCE", (1,))
    first = once.tensor("start", type_, shape, start, **_quantization(type_, 0))
    once.op("VAR_HANDLE", [], [handle], container="", shared_name="sum")
    once.op("ASSIGN_VARIABLE", [handle, first], [])
    b.op("CALL_ONCE", [], [], init_subgraph_index=1)
    x, before, after = (b.tensor(name, type_, shape, **_quantization(type_, 0)) for name in ("x", "before", "after"))
    handle = b.tensor("handle", "RESOURCE", (1,))
    b.op("VAR_HANDLE", [], [handle], container="", shared_name="sum")
    b.op("READ_VARIABLE", [handle], [before])
    b.op("ADD", [before, x], [after], version=2 if type_ == "INT8" else 1)
    b.op("ASSIGN_VARIABLE", [handle, after], [])
    return b.to_bytes([x], [before, after])


def table(keys: NDArray[Any], values: NDArray[Any], default: Any, asked: Sequence[int]) -> bytes:
    """A hash table that CALL_ONCE fills, asked for some keys, and for its size."""
    key_type, value_type = ("INT64", "STRING") if keys.dtype.kind == "i" else ("STRING", "INT64")
    b = ModelBuilder()
    numbers = {"INT64": 4, "STRING": 5}
    options = {"table_id": 7, "key_dtype": numbers[key_type], "value_dtype": numbers[value_type]}
    once = b.subgraph("once")
    handle = once.tensor("handle", "RESOURCE", (1,))
    names = once.tensor("keys", key_type, keys.shape, keys)
    held = once.tensor("values", value_type, values.shape, values)
    once.op("HASHTABLE", [], [handle], **options)
    once.op("HASHTABLE_IMPORT", [handle, names, held], [])
    b.op("CALL_ONCE", [], [], init_subgraph_index=1)
    handle = b.tensor("handle", "RESOURCE", (1,))
    b.op("HASHTABLE", [], [handle], **options)
    x, y = b.tensor("x", key_type, asked), b.tensor("y", value_type, asked)
    other = b.tensor("default", value_type, (1,), np.array([default], object if value_type == "STRING" else np.int64))
    size = b.tensor("size", "INT64", (1,))
    b.op("HASHTABLE_FIND", [handle, x, other], [y])
    b.op("HASHTABLE_SIZE", [handle], [size])
    return b.to_bytes([x], [y, size])
