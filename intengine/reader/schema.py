"""The tables of the .tflite format, described once for the reader and the writer.

A flatbuffers table is a list of numbered slots. Each description below lists the fields of one table in slot
order, so a field's number is its place; `_` is a slot that the format retired. A union takes two slots: its
type and its table.

Kinds: `i1 u1 i2 u2 i4 u4 i8 u8 f4 f8` numbers (NumPy's codes), `b1` bool, `[kind]` vector, `text` string,
`table` another table (or union), `[table]` vector of tables.

Source: google-ai-edge/LiteRT tflite/converter/schema/schema.fbs (version 3c and the fields added since).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

FILE_IDENTIFIER = b"TFL3"
SCHEMA_VERSION = 3

#: struct code of each number kind
STRUCT_CODES: dict[str, str] = {
    "b1": "?", "i1": "b", "u1": "B", "i2": "h", "u2": "H", "i4": "i", "u4": "I", "i8": "q", "u8": "Q",
    "f4": "f", "f8": "d",
}  # fmt: skip


def width(kind: str) -> int:
    """Bytes that one element of a kind takes in place; anything but a number is a 4-byte offset."""
    return int(kind[1:]) if kind in STRUCT_CODES else 4


@dataclass(frozen=True)
class Field:
    """One slot of a table.

    Attributes:
        name: snake_case name of the schema.
        slot: its number, counted from 0.
        kind: of the field, or of an element where `is_vector`.
        default: what an absent number means.
    """

    name: str
    slot: int
    kind: str
    is_vector: bool = False
    default: Any = 0

    @property
    def vtable_offset(self) -> int:
        """Place of the slot's 2-byte entry inside the vtable, after its two sizes."""
        return 4 + 2 * self.slot

    @property
    def absent(self) -> Any:
        """The value of an option that the file leaves out."""
        if self.kind == "text" or (self.is_vector and self.kind == "u1"):
            return b""
        return () if self.is_vector else self.default


@dataclass(frozen=True)
class TableSpec:
    """Name and fields of one table."""

    name: str
    fields: tuple[Field, ...]

    @cached_property
    def by_name(self) -> dict[str, Field]:
        return {field.name: field for field in self.fields}


def table_spec(name: str, description: str, defaults: Mapping[str, Any] | None = None) -> TableSpec:
    """Parse "field kind, field kind, ..." (in slot order) into a TableSpec."""
    fields = []
    for slot, item in enumerate(description.split(",")):
        if item.strip() == "_":
            continue
        field, kind = item.split()
        is_vector = kind.startswith("[")
        default = (defaults or {}).get(field, False if kind == "b1" else 0)
        fields.append(Field(field, slot, kind.strip("[]"), is_vector, default))
    return TableSpec(name, tuple(fields))


MODEL = table_spec(
    "Model",
    "version u4, operator_codes [table], subgraphs [table], description text, buffers [table],"
    " metadata_buffer [i4], metadata [table], signature_defs [table], external_buffer_groups [table],"
    " external_buffers [table]",
)
OPERATOR_CODE = table_spec(
    "OperatorCode",
    "deprecated_builtin_code i1, custom_code text, version i4, builtin_code i4",
    {"version": 1},
)
SUBGRAPH = table_spec(
    "SubGraph",
    "tensors [table], inputs [i4], outputs [i4], operators [table], name text, debug_metadata_index i4",
    {"debug_metadata_index": -1},
)
TENSOR = table_spec(
    "Tensor",
    "shape [i4], type i1, buffer u4, name text, quantization table, is_variable b1, sparsity table,"
    " shape_signature [i4], has_rank b1, variant_tensors [table], external_buffer u4",
)
VARIANT_SUB_TYPE = table_spec("VariantSubType", "shape [i4], type i1, has_rank b1")
QUANTIZATION = table_spec(
    "QuantizationParameters",
    "min [f4], max [f4], scale [f4], zero_point [i8], details_type u1, details table, quantized_dimension i4",
)
CUSTOM_QUANTIZATION = table_spec("CustomQuantization", "custom [u1]")
BLOCKWISE_QUANTIZATION = table_spec(
    "BlockwiseQuantization", "scales i4, zero_points i4, block_size i4, block_shape [i4]"
)
MULTI_AXIS_QUANTIZATION = table_spec(
    "MultiAxisQuantization", "scales i4, zero_points i4, block_size i4, quantized_dimensions [i4]"
)
#: numbers of the QuantizationDetails union
QUANTIZATION_DETAILS: dict[int, TableSpec] = {
    1: CUSTOM_QUANTIZATION,
    2: BLOCKWISE_QUANTIZATION,
    3: MULTI_AXIS_QUANTIZATION,
}
SPARSITY = table_spec("SparsityParameters", "traversal_order [i4], block_map [i4], dim_metadata [table]")
DIMENSION_METADATA = table_spec(
    "DimensionMetadata",
    "format i1, dense_size i4, array_segments_type u1, array_segments table, array_indices_type u1,"
    " array_indices table",
)
#: numbers of the SparseIndexVector union
SPARSE_INDEX_VECTORS: dict[int, TableSpec] = {
    1: table_spec("Int32Vector", "values [i4]"),
    2: table_spec("Uint16Vector", "values [u2]"),
    3: table_spec("Uint8Vector", "values [u1]"),
}
OPERATOR = table_spec(
    "Operator",
    "opcode_index u4, inputs [i4], outputs [i4], builtin_options_type u1, builtin_options table,"
    " custom_options [u1], custom_options_format i1, mutating_variable_inputs [b1], intermediates [i4],"
    " large_custom_options_offset u8, large_custom_options_size u8, builtin_options_2_type u1,"
    " builtin_options_2 table, debug_metadata_index i4",
    {"debug_metadata_index": -1},
)
BUFFER = table_spec("Buffer", "data [u1], offset u8, size u8")
METADATA = table_spec("Metadata", "name text, buffer u4")
TENSOR_MAP = table_spec("TensorMap", "name text, tensor_index u4")
SIGNATURE_DEF = table_spec("SignatureDef", "inputs [table], outputs [table], signature_key text, _, subgraph_index u4")
EXTERNAL_BUFFER_GROUP = table_spec("ExternalBufferGroup", "name text")
EXTERNAL_BUFFER = table_spec("ExternalBuffer", "id u4, group u4, offset u8, length u8, packing text")
