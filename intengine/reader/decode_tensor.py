"""From a Tensor table to a TensorSpec: type, shape, quantization, sparsity and the constant's bytes."""

from collections.abc import Mapping, Sequence
from math import prod

import numpy as np
from numpy.typing import NDArray

from intengine.errors import CorruptModelError
from intengine.model import (
    BlockwiseQuantization,
    CustomQuantization,
    DimensionMetadata,
    MultiAxisQuantization,
    Quantization,
    QuantizationDetails,
    Sparsity,
    TensorSpec,
    TensorType,
    VariantSubType,
)
from intengine.reader import schema
from intengine.reader.schema import TableSpec
from intengine.reader.table import Table, impossible

#: more elements than any memory holds; also where byte counts would leave 64 bits behind in other runtimes
MAX_ELEMENTS = 1 << 40
#: what NumPy can represent
MAX_RANK = 64

_NOT_QUANTIZED = Quantization()
_NO_INDICES: NDArray[np.int64] = np.zeros(0, np.int64)
_NO_INDICES.flags.writeable = False


def decode_tensor(
    table: Table, index: int, tensor_count: int, buffers: Sequence[NDArray[np.uint8]], *, computed: bool
) -> TensorSpec:
    """Read one tensor.

    Args:
        table: the Tensor table.
        index: its place in the subgraph.
        tensor_count: how many tensors the subgraph has.
        buffers: uint8[n] of every buffer of the file.
        computed: whether it is an input or a node's output.

    Raises:
        CorruptModelError: for an index out of range, an unknown type, or a constant of the wrong size.
        InvalidModelError: for an impossible shape.
    """
    shape = _shape(table)
    kind = _type(table)
    sparsity = _sparsity(table)
    buffer = table.index("buffer", max(len(buffers), 1))
    raw = buffers[buffer] if buffer else None
    is_variable = table.flag("is_variable")
    if raw is not None:
        if raw.size:
            _check_constant(table, raw.size, shape, kind, sparsity is not None, is_variable)
        elif computed or is_variable or 0 not in shape:
            raw = None  # an empty buffer is a constant only where a constant can be empty
    return TensorSpec(
        index=index,
        name=table.text("name"),
        type=kind,
        shape=shape,
        shape_signature=table.numbers("shape_signature"),
        quantization=_quantization(table, tensor_count),
        is_variable=is_variable,
        has_rank=table.flag("has_rank"),
        sparsity=sparsity,
        variant_tensors=tuple(
            VariantSubType(_shape(inner), _type(inner), inner.flag("has_rank"))
            for inner in table.tables("variant_tensors", schema.VARIANT_SUB_TYPE)
        ),
        buffer=buffer,
        external_buffer=table.integer("external_buffer"),
        raw=raw,
    )


def _shape(table: Table) -> tuple[int, ...]:
    rank = table.count("shape")
    if rank > MAX_RANK:
        raise impossible(f"A tensor has at most {MAX_RANK} dimensions. This has {rank}.", table.place("shape"))
    shape: tuple[int, ...] = table.numbers("shape")
    if min(shape, default=0) < 0:
        raise impossible(f"A dimension is 0 or more. This shape is {shape}.", table.place("shape"))
    if prod(max(size, 1) for size in shape) > MAX_ELEMENTS:
        raise impossible(f"A tensor has at most 2**40 elements. This shape is {shape}.", table.place("shape"))
    return shape


def _type(table: Table) -> TensorType:
    number = table.integer("type")
    try:
        return TensorType(number)
    except ValueError:
        raise CorruptModelError(
            f"A tensor type lies in 0..{max(TensorType)}. This one is {number}.", table.place("type")
        ) from None


def _check_constant(
    table: Table, nbytes: int, shape: tuple[int, ...], kind: TensorType, is_sparse: bool, is_variable: bool
) -> None:
    """LiteRT's rules: a constant may be longer than its shape asks for, never shorter, and no variable."""
    expected = (prod(shape) * kind.bits + 7) // 8
    if not is_sparse and nbytes < expected:
        raise CorruptModelError(
            f"A constant {kind.name}{list(shape)} takes {expected} bytes. Its buffer has {nbytes}.",
            table.place("buffer"),
        )
    if is_variable:
        raise impossible("A variable tensor has no constant data. This one has.", table.place("buffer"))


def _quantization(tensor: Table, tensor_count: int) -> Quantization:
    table = tensor.table("quantization", schema.QUANTIZATION)
    if table is None:
        return _NOT_QUANTIZED
    return Quantization(
        scale=table.array("scale"),
        zero_point=table.array("zero_point"),
        axis=table.integer("quantized_dimension"),
        min=table.array("min"),
        max=table.array("max"),
        details=_details(table, tensor_count),
    )


def _details(quantization: Table, tensor_count: int) -> QuantizationDetails | None:
    spec, table = _union(quantization, "details", schema.QUANTIZATION_DETAILS)
    if table is None:
        return None
    if spec is schema.CUSTOM_QUANTIZATION:
        return CustomQuantization(table.blob("custom"))
    scales = table.index("scales", tensor_count, lowest=-1)
    zero_points = table.index("zero_points", tensor_count, lowest=-1)
    block_size = table.integer("block_size")
    if spec is schema.BLOCKWISE_QUANTIZATION:
        return BlockwiseQuantization(scales, zero_points, block_size, table.numbers("block_shape"))
    return MultiAxisQuantization(scales, zero_points, block_size, table.numbers("quantized_dimensions"))


def _sparsity(tensor: Table) -> Sparsity | None:
    table = tensor.table("sparsity", schema.SPARSITY)
    if table is None:
        return None
    return Sparsity(
        traversal_order=table.numbers("traversal_order"),
        block_map=table.numbers("block_map"),
        dimensions=tuple(
            DimensionMetadata(
                dense=_is_dense(dimension),
                dense_size=dimension.integer("dense_size"),
                segments=_index_vector(dimension, "array_segments"),
                indices=_index_vector(dimension, "array_indices"),
            )
            for dimension in table.tables("dim_metadata", schema.DIMENSION_METADATA)
        ),
    )


def _is_dense(dimension: Table) -> bool:
    number = dimension.integer("format")
    if number not in (0, 1):
        raise CorruptModelError(
            f"A dimension is dense (0) or CSR (1). This one is {number}.", dimension.place("format")
        )
    return number == 0


def _index_vector(dimension: Table, name: str) -> NDArray[np.int64]:
    _, table = _union(dimension, name, schema.SPARSE_INDEX_VECTORS)
    return _NO_INDICES if table is None else table.widened("values")


def _union(table: Table, name: str, members: Mapping[int, TableSpec]) -> tuple[TableSpec, Table] | tuple[None, None]:
    """The member that a union holds, and its description."""
    number = table.integer(f"{name}_type")
    if number == 0:
        return None, None
    if number not in members:
        raise CorruptModelError(
            f"This union has the members 1..{max(members)}. Here is a member {number}.", table.place(name)
        )
    spec = members[number]
    member = table.table(name, spec)
    return (None, None) if member is None else (spec, member)
