"""One-op models in a line: operands as tuples, the operator, the options."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from intengine.model import TensorType
from intengine.runners.litert import Resolver
from intengine.writer import ModelBuilder
from tests.cases import Problem

FULL_RANGE = {"INT8": (-128, 127), "UINT8": (0, 255), "INT16": (-32768, 32767), "INT32": (-(2**31), 2**31 - 1)}
#: Every pattern of 8 bits.
ALL_8 = {"INT8": np.arange(-128, 128).astype(np.int8), "UINT8": np.arange(256).astype(np.uint8)}


@dataclass(frozen=True, eq=False)
class Operand:
    """A tensor: an input if `data` is given and `constant` is not set."""

    type: str
    shape: tuple[int, ...]
    data: NDArray[Any] | None = None
    scale: Any = None
    zero_point: Any = None
    constant: bool = False
    axis: int = 0


def given(type_: str, data: Any, scale: Any = None, zero_point: Any = None) -> Operand:
    """A graph input with this value."""
    array = np.asarray(data).astype(TensorType[type_].dtype)
    return Operand(type_, array.shape, array, scale, zero_point)


def constant(type_: str, data: Any, scale: Any = None, zero_point: Any = None, axis: int = 0) -> Operand:
    """A constant of the model."""
    array = np.asarray(data).astype(TensorType[type_].dtype)
    return Operand(type_, array.shape, array, scale, zero_point, constant=True, axis=axis)


def result(type_: str, shape: Sequence[int], scale: Any = None, zero_point: Any = None) -> Operand:
    """An output."""
    return Operand(type_, tuple(shape), None, scale, zero_point)


def one_op(
    name: str,
    op: str,
    inputs: Sequence[Operand | None],
    outputs: Sequence[Operand],
    *,
    version: int = 1,
    ulp: int = 0,
    reason: str = "",
    resolver: Resolver = "reference",
    **options: Any,
) -> Problem:
    """A model of one operator with its inputs."""
    builder = ModelBuilder()
    indices, graph_inputs, values = [], [], []
    for i, operand in enumerate(inputs):
        if operand is None:
            indices.append(-1)
            continue
        data = operand.data if operand.constant else None
        index = builder.tensor(
            f"in{i}",
            operand.type,
            operand.shape,
            data,
            scale=operand.scale,
            zero_point=operand.zero_point,
            axis=operand.axis,
        )
        indices.append(index)
        if not operand.constant:
            graph_inputs.append(index)
            values.append(operand.data)
    ends = [
        builder.tensor(f"out{i}", o.type, o.shape, scale=o.scale, zero_point=o.zero_point, axis=o.axis)
        for i, o in enumerate(outputs)
    ]
    builder.op(op, indices, ends, version=version, **options)
    return Problem(name, builder.to_bytes(graph_inputs, ends), tuple(values), ulp, reason, resolver=resolver)


def uniform(rng: np.random.Generator, type_: str, shape: Sequence[int]) -> NDArray[Any]:
    """Integers over the whole range of the type, both ends included; normal floats."""
    if type_ == "FLOAT32":
        return (rng.standard_normal(shape) * 3).astype(np.float32)
    if type_ == "BOOL":
        return rng.integers(0, 2, shape).astype(bool)
    dtype = TensorType[type_].dtype
    if dtype.kind == "f" or type_ == "BFLOAT16":
        return rng.standard_normal(shape).astype(dtype)
    lo, hi = (np.iinfo(dtype).min, np.iinfo(dtype).max)
    values = rng.integers(lo, hi, shape, dtype=dtype, endpoint=True)
    flat = values.reshape(-1)
    if flat.size > 2:
        flat[0], flat[-1] = lo, hi
    return values
