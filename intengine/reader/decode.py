"""From the tables of a file to the records of `intengine.model`."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from intengine.errors import CorruptModelError
from intengine.model import ExternalBuffer, Model, Node, Options, Signature, Subgraph
from intengine.reader import schema
from intengine.reader.decode_tensor import decode_tensor
from intengine.reader.options import (
    CUSTOM,
    default_options,
    operator_name,
    options_spec,
    options_table_of,
    read_options,
    union_name,
)
from intengine.reader.table import FileBytes, Table, impossible

Buffers = Sequence[NDArray[np.uint8]]
#: op, is_custom, version
OperatorCode = tuple[str, bool, int]


def decode(file: FileBytes, source: str) -> Model:
    """Read the whole model.

    Raises:
        CorruptModelError: if the bytes contradict the format; `.where` is the place.
        InvalidModelError: if a well-formed file says something impossible.
    """
    root = file.root(schema.MODEL)
    version = root.integer("version")
    if version != schema.SCHEMA_VERSION:
        raise impossible(f"The schema version is {schema.SCHEMA_VERSION}. This file has version {version}.", "version")
    buffers = tuple(map(_buffer, root.tables("buffers", schema.BUFFER)))
    codes = tuple(map(_operator_code, root.tables("operator_codes", schema.OPERATOR_CODE)))
    subgraphs = tuple(
        _subgraph(table, index, codes, buffers) for index, table in enumerate(root.tables("subgraphs", schema.SUBGRAPH))
    )
    if not subgraphs:
        raise impossible("A model has at least one subgraph. This file has none.", "subgraphs")
    groups = tuple(group.text("name") for group in root.tables("external_buffer_groups", schema.EXTERNAL_BUFFER_GROUP))
    return Model(
        version=version,
        description=root.text("description"),
        subgraphs=subgraphs,
        signatures=tuple(_signature(table, subgraphs) for table in root.tables("signature_defs", schema.SIGNATURE_DEF)),
        metadata={
            entry.text("name"): buffers[entry.index("buffer", len(buffers))]
            for entry in root.tables("metadata", schema.METADATA)
        },
        metadata_buffers=root.indices("metadata_buffer", len(buffers)),
        buffers=buffers,
        external_buffers=tuple(
            _external_buffer(table, groups) for table in root.tables("external_buffers", schema.EXTERNAL_BUFFER)
        ),
        nbytes=file.size,
        source=source,
    )


def _buffer(table: Table) -> NDArray[np.uint8]:
    data = table.array("data")
    outside = table.external("offset", "size") if data.size == 0 else None
    return data if outside is None else outside


def _operator_code(table: Table) -> OperatorCode:
    code = max(table.integer("deprecated_builtin_code"), table.integer("builtin_code"))
    if code < 0:
        raise CorruptModelError(f"A builtin code is 0 or more. This one is {code}.", table.place("builtin_code"))
    is_custom = code == CUSTOM
    return (
        table.text("custom_code") if is_custom else operator_name(code),
        is_custom,
        table.integer("version"),
    )


def _subgraph(table: Table, index: int, codes: Sequence[OperatorCode], buffers: Buffers) -> Subgraph:
    tensor_count = table.count("tensors")
    nodes = tuple(
        _node(operator, place, codes, tensor_count)
        for place, operator in enumerate(table.tables("operators", schema.OPERATOR))
    )
    inputs = table.indices("inputs", tensor_count)
    written = {tensor for node in nodes for tensor in node.outputs}.union(inputs)
    return Subgraph(
        index=index,
        name=table.text("name"),
        tensors=tuple(
            decode_tensor(tensor, place, tensor_count, buffers, computed=place in written)
            for place, tensor in enumerate(table.tables("tensors", schema.TENSOR))
        ),
        inputs=inputs,
        outputs=table.indices("outputs", tensor_count),
        nodes=nodes,
        debug_metadata_index=table.integer("debug_metadata_index"),
    )


def _node(table: Table, index: int, codes: Sequence[OperatorCode], tensor_count: int) -> Node:
    op, is_custom, version = codes[table.index("opcode_index", len(codes))]
    outside = table.external("large_custom_options_offset", "large_custom_options_size")
    return Node(
        index=index,
        op=op,
        version=version,
        inputs=table.indices("inputs", tensor_count, lowest=-1),
        outputs=table.indices("outputs", tensor_count),
        options=_options(table, "" if is_custom else op),
        intermediates=table.indices("intermediates", tensor_count, lowest=-1),
        is_custom=is_custom,
        custom_options=table.blob("custom_options") if outside is None else table.copy(outside),
        mutating_variable_inputs=table.numbers("mutating_variable_inputs"),
        debug_metadata_index=table.integer("debug_metadata_index"),
    )


def _options(table: Table, op: str) -> Options:
    for union, field in ((1, "builtin_options"), (2, "builtin_options_2")):
        number = table.integer(f"{field}_type")
        if number == 0:
            continue
        spec = options_spec(union_name(union, number))
        takes = options_table_of(op)
        if takes and takes != spec.name and options_spec(takes).fields:
            raise impossible(f"{op} takes {takes}. Here it has {spec.name}.", table.place(field))
        options = table.table(field, spec)
        if options is not None:
            return read_options(options, spec)
        return Options(spec.name, {field.name: field.absent for field in spec.fields})
    return default_options(op)


def _signature(table: Table, subgraphs: Sequence[Subgraph]) -> Signature:
    subgraph = table.index("subgraph_index", len(subgraphs))
    tensor_count = len(subgraphs[subgraph].tensors)

    def names(field: str) -> dict[str, int]:
        return {
            entry.text("name"): entry.index("tensor_index", tensor_count)
            for entry in table.tables(field, schema.TENSOR_MAP)
        }

    return Signature(table.text("signature_key"), subgraph, names("inputs"), names("outputs"))


def _external_buffer(table: Table, groups: Sequence[str]) -> ExternalBuffer:
    return ExternalBuffer(
        id=table.integer("id"),
        group=groups[table.index("group", len(groups))],
        offset=table.integer("offset"),
        length=table.integer("length"),
        packing=table.text("packing"),
    )
