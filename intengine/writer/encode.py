"""From the records of `intengine.model` to the tables of a file."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from intengine.errors import InputError
from intengine.model import (
    BlockwiseQuantization,
    CustomQuantization,
    DimensionMetadata,
    Model,
    MultiAxisQuantization,
    Node,
    Options,
    Quantization,
    Signature,
    Sparsity,
    Subgraph,
    TensorSpec,
)
from intengine.reader import schema
from intengine.reader.options import CUSTOM, operator_numbers, options_spec, union_numbers
from intengine.writer.flatbuffer import BLOB_ALIGNMENT, Record, layout

#: LiteRT refuses a flatbuffer of 2**31 bytes; some room is left for all that is not a constant
MAX_INSIDE = (1 << 31) - (1 << 27)

_DETAILS: dict[type, int] = {CustomQuantization: 1, BlockwiseQuantization: 2, MultiAxisQuantization: 3}

#: op, is_custom, version
OperatorCode = tuple[str, bool, int]


def dump(model: Model, *, constants_outside: bool | None = None) -> bytes:
    """The bytes of a .tflite file that says what the model says.

    A tensor's `raw` is what counts: where it is not the buffer that its index names, it becomes a buffer of
    its own. So `dataclasses.replace(tensor, raw=...)` does what one expects.

    Args:
        model: what to write.
        constants_outside: whether constants are appended after the flatbuffer, as the format asks for above
            2 GB; by default only if it must be so.

    Raises:
        InputError: if a value does not fit the format.
    """
    pool = _BufferPool(model.buffers)
    codes: dict[OperatorCode, int] = {}
    subgraphs = [_subgraph(subgraph, pool, codes) for subgraph in model.subgraphs]
    metadata = [
        Record(schema.METADATA, {"name": name, "buffer": pool.index_of(data)}) for name, data in model.metadata.items()
    ]
    groups = list(dict.fromkeys(buffer.group for buffer in model.external_buffers))
    values: dict[str, Any] = {
        "version": model.version,
        "operator_codes": [_operator_code(code) for code in codes],
        "subgraphs": subgraphs,
        "description": model.description,
        "metadata_buffer": model.metadata_buffers,
        "metadata": metadata,
        "signature_defs": [_signature(signature) for signature in model.signatures],
        "external_buffer_groups": [Record(schema.EXTERNAL_BUFFER_GROUP, {"name": group}) for group in groups],
        "external_buffers": [
            Record(
                schema.EXTERNAL_BUFFER,
                {
                    "id": buffer.id,
                    "group": groups.index(buffer.group),
                    "offset": buffer.offset,
                    "length": buffer.length,
                    "packing": buffer.packing,
                },
            )
            for buffer in model.external_buffers
        ],
    }
    if constants_outside is None:
        constants_outside = sum(buffer.size for buffer in pool.buffers) > MAX_INSIDE
    return _outside(values, pool.buffers) if constants_outside else _inside(values, pool.buffers)


class _BufferPool:
    """The file's buffers: those of the model, and new ones."""

    def __init__(self, buffers: Sequence[NDArray[np.uint8]]) -> None:
        self.buffers = list(buffers) or [np.zeros(0, np.uint8)]
        self._index = {id(buffer): index for index, buffer in reversed(list(enumerate(self.buffers)))}

    def index_of(self, data: NDArray[np.uint8]) -> int:
        if id(data) not in self._index:
            self._index[id(data)] = len(self.buffers)
            self.buffers.append(data)
        return self._index[id(data)]

    def index_for(self, tensor: TensorSpec) -> int:
        """The buffer that holds the tensor's constant; an empty one if it is computed."""
        named = self.buffers[tensor.buffer] if 0 <= tensor.buffer < len(self.buffers) else None
        if tensor.raw is None:
            return tensor.buffer if named is not None and named.size == 0 else 0
        return tensor.buffer if named is tensor.raw and tensor.buffer else self.index_of(tensor.raw)


def _inside(values: Mapping[str, Any], buffers: Sequence[NDArray[np.uint8]]) -> bytes:
    tables = [Record(schema.BUFFER, {"data": buffer}) for buffer in buffers]
    return bytes(layout(Record(schema.MODEL, {**values, "buffers": tables})))


def _outside(values: Mapping[str, Any], buffers: Sequence[NDArray[np.uint8]]) -> bytes:
    places = np.cumsum([0, *(-(-buffer.size // BLOB_ALIGNMENT) * BLOB_ALIGNMENT for buffer in buffers)])
    # The first layout tells only how long the flatbuffer is; any offset but 0 takes the same room.
    flatbuffer = bytearray()
    for start in (BLOB_ALIGNMENT, 0):
        begin = start or len(flatbuffer)
        tables = [
            Record(schema.BUFFER, {"offset": begin + int(place), "size": buffer.size} if buffer.size else {})
            for place, buffer in zip(places, buffers, strict=False)
        ]
        flatbuffer = layout(Record(schema.MODEL, {**values, "buffers": tables}))
    for buffer in buffers:
        flatbuffer += buffer.tobytes() + bytes(-buffer.size % BLOB_ALIGNMENT)
    return bytes(flatbuffer)


def _operator_code(code: OperatorCode) -> Record:
    op, is_custom, version = code
    number = CUSTOM if is_custom else _builtin_code(op)
    # Codes from 127 on do not fit the field that older runtimes read; 127 stands there for "see the other".
    return Record(
        schema.OPERATOR_CODE,
        {
            "deprecated_builtin_code": min(number, 127),
            "custom_code": op if is_custom else None,
            "version": version,
            "builtin_code": number,
        },
    )


def _builtin_code(op: str) -> int:
    name, _, digits = op.partition("_")
    if op not in operator_numbers() and name == "BUILTIN" and digits.isdecimal():
        return int(digits)
    try:
        return operator_numbers()[op]
    except KeyError:
        raise InputError(f"{op!r} is not a builtin operator.") from None


def _subgraph(subgraph: Subgraph, pool: _BufferPool, codes: dict[OperatorCode, int]) -> Record:
    return Record(
        schema.SUBGRAPH,
        {
            "tensors": [_tensor(tensor, pool) for tensor in subgraph.tensors],
            "inputs": subgraph.inputs,
            "outputs": subgraph.outputs,
            "operators": [_node(node, codes) for node in subgraph.nodes],
            "name": subgraph.name,
            "debug_metadata_index": subgraph.debug_metadata_index,
        },
    )


def _node(node: Node, codes: dict[OperatorCode, int]) -> Record:
    values = {
        "opcode_index": codes.setdefault((node.op, node.is_custom, node.version), len(codes)),
        "inputs": node.inputs,
        "outputs": node.outputs,
        "custom_options": node.custom_options,
        "mutating_variable_inputs": node.mutating_variable_inputs,
        "intermediates": node.intermediates,
        "debug_metadata_index": node.debug_metadata_index,
    }
    return Record(schema.OPERATOR, values | _options(node.options))


def _options(options: Options) -> dict[str, Any]:
    table = options.table
    if not table:
        return {}
    title, _, digits = table.partition("#")
    union = 2 if title == "BuiltinOptions2" or table in union_numbers(2) else 1
    if table not in union_numbers(union) and not digits.isdecimal():
        raise InputError(f"{table!r} is not an options table.")
    field = "builtin_options" if union == 1 else "builtin_options_2"
    number = union_numbers(union).get(table) or int(digits)
    return {f"{field}_type": number, field: Record(options_spec(table), options)}


def _tensor(tensor: TensorSpec, pool: _BufferPool) -> Record:
    return Record(
        schema.TENSOR,
        {
            "shape": tensor.shape,
            "type": tensor.type,
            "buffer": pool.index_for(tensor),
            "name": tensor.name,
            "quantization": _quantization(tensor.quantization),
            "is_variable": tensor.is_variable,
            "sparsity": _sparsity(tensor.sparsity),
            "shape_signature": tensor.shape_signature,
            "has_rank": tensor.has_rank,
            "variant_tensors": [
                Record(schema.VARIANT_SUB_TYPE, {"shape": sub.shape, "type": sub.type, "has_rank": sub.has_rank})
                for sub in tensor.variant_tensors
            ],
            "external_buffer": tensor.external_buffer,
        },
    )


def _quantization(quantization: Quantization) -> Record:
    values: dict[str, Any] = {
        "min": quantization.min,
        "max": quantization.max,
        "scale": quantization.scale,
        "zero_point": quantization.zero_point,
        "quantized_dimension": quantization.axis,
    }
    details = quantization.details
    if details is not None:
        number = _DETAILS[type(details)]
        spec = schema.QUANTIZATION_DETAILS[number]
        values |= {"details_type": number, "details": Record(spec, vars(details))}
    return Record(schema.QUANTIZATION, values)


def _sparsity(sparsity: Sparsity | None) -> Record | None:
    if sparsity is None:
        return None
    return Record(
        schema.SPARSITY,
        {
            "traversal_order": sparsity.traversal_order,
            "block_map": sparsity.block_map,
            "dim_metadata": [_dimension(dimension) for dimension in sparsity.dimensions],
        },
    )


def _dimension(dimension: DimensionMetadata) -> Record:
    values: dict[str, Any] = {"format": 0 if dimension.dense else 1, "dense_size": dimension.dense_size}
    if not dimension.dense:
        for name, indices in (("array_segments", dimension.segments), ("array_indices", dimension.indices)):
            number = _narrowest(indices)
            values |= {
                f"{name}_type": number,
                name: Record(schema.SPARSE_INDEX_VECTORS[number], {"values": indices}),
            }
    return Record(schema.DIMENSION_METADATA, values)


def _narrowest(indices: NDArray[np.int64]) -> int:
    """Number of the smallest index vector that holds all indices."""
    if indices.min(initial=0) < 0:
        return 1
    top = indices.max(initial=0)
    return 3 if top < 1 << 8 else 2 if top < 1 << 16 else 1


def _signature(signature: Signature) -> Record:
    def names(entries: Mapping[str, int]) -> list[Record]:
        maps = [{"name": name, "tensor_index": tensor} for name, tensor in entries.items()]
        return [Record(schema.TENSOR_MAP, values) for values in maps]

    return Record(
        schema.SIGNATURE_DEF,
        {
            "signature_key": signature.key,
            "subgraph_index": signature.subgraph,
            "inputs": names(signature.inputs),
            "outputs": names(signature.outputs),
        },
    )
