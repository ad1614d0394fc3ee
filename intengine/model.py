"""What a .tflite file says, as immutable records. No file format here, no arithmetic.

Every record is frozen; arrays inside are read-only NumPy views, over the mapped file where possible.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from types import MappingProxyType
from typing import Any

import ml_dtypes
import numpy as np
from numpy.typing import NDArray

from intengine.errors import InvalidModelError


class TensorType(IntEnum):
    """Element type of a tensor, with the numbers of the .tflite schema."""

    FLOAT32 = 0
    FLOAT16 = 1
    INT32 = 2
    UINT8 = 3
    INT64 = 4
    STRING = 5
    BOOL = 6
    INT16 = 7
    COMPLEX64 = 8
    INT8 = 9
    FLOAT64 = 10
    COMPLEX128 = 11
    UINT64 = 12
    RESOURCE = 13
    VARIANT = 14
    UINT32 = 15
    UINT16 = 16
    INT4 = 17
    BFLOAT16 = 18
    INT2 = 19
    UINT4 = 20
    FLOAT8_E4M3FN = 21
    FLOAT8_E5M2 = 22

    @property
    def bits(self) -> int:
        """Bits of one element in the file; 0 where the size is not fixed (STRING, RESOURCE, VARIANT)."""
        return _BITS[self]

    @property
    def dtype(self) -> np.dtype[Any]:
        """NumPy dtype of an unpacked element: INT4 and INT2 unpack to int8, UINT4 to uint8; handles are int32.

        Raises:
            InvalidModelError: for VARIANT, which has no elements.
        """
        try:
            return _DTYPES[self]
        except KeyError:
            raise InvalidModelError(f"A {self.name} tensor holds a handle, not numbers.") from None


_BITS: dict[TensorType, int] = {
    TensorType.FLOAT32: 32, TensorType.FLOAT16: 16, TensorType.INT32: 32, TensorType.UINT8: 8,
    TensorType.INT64: 64, TensorType.STRING: 0, TensorType.BOOL: 8, TensorType.INT16: 16,
    TensorType.COMPLEX64: 64, TensorType.INT8: 8, TensorType.FLOAT64: 64, TensorType.COMPLEX128: 128,
    TensorType.UINT64: 64, TensorType.RESOURCE: 0, TensorType.VARIANT: 0, TensorType.UINT32: 32,
    TensorType.UINT16: 16, TensorType.INT4: 4, TensorType.BFLOAT16: 16, TensorType.INT2: 2,
    TensorType.UINT4: 4, TensorType.FLOAT8_E4M3FN: 8, TensorType.FLOAT8_E5M2: 8,
}  # fmt: skip
_DTYPES: dict[TensorType, np.dtype[Any]] = {
    TensorType.FLOAT32: np.dtype(np.float32), TensorType.FLOAT16: np.dtype(np.float16),
    TensorType.INT32: np.dtype(np.int32), TensorType.UINT8: np.dtype(np.uint8),
    TensorType.INT64: np.dtype(np.int64), TensorType.STRING: np.dtype(object),
    TensorType.BOOL: np.dtype(np.bool_), TensorType.INT16: np.dtype(np.int16),
    TensorType.COMPLEX64: np.dtype(np.complex64), TensorType.INT8: np.dtype(np.int8),
    TensorType.FLOAT64: np.dtype(np.float64), TensorType.COMPLEX128: np.dtype(np.complex128),
    TensorType.UINT64: np.dtype(np.uint64), TensorType.UINT32: np.dtype(np.uint32),
    TensorType.UINT16: np.dtype(np.uint16), TensorType.INT4: np.dtype(np.int8),
    TensorType.BFLOAT16: np.dtype(ml_dtypes.bfloat16), TensorType.INT2: np.dtype(np.int8),
    TensorType.UINT4: np.dtype(np.uint8), TensorType.FLOAT8_E4M3FN: np.dtype(ml_dtypes.float8_e4m3fn),
    TensorType.FLOAT8_E5M2: np.dtype(ml_dtypes.float8_e5m2), TensorType.RESOURCE: np.dtype(np.int32),
}  # fmt: skip


@dataclass(frozen=True, eq=False)
class CustomQuantization:
    """Quantization details that only some runtime understands, as bytes."""

    custom: bytes


@dataclass(frozen=True, eq=False)
class BlockwiseQuantization:
    """Weights quantized in blocks along the last axis, by scales and zero points that are other tensors.

    `scales` and `zero_points` are tensor indices, -1 where absent; `block_shape` is empty in older files.
    """

    scales: int
    zero_points: int
    block_size: int
    block_shape: tuple[int, ...] = ()


@dataclass(frozen=True, eq=False)
class MultiAxisQuantization:
    """Weights quantized along several axes at once, by scales and zero points that are other tensors."""

    scales: int
    zero_points: int
    block_size: int
    quantized_dimensions: tuple[int, ...] = ()


QuantizationDetails = CustomQuantization | BlockwiseQuantization | MultiAxisQuantization

_NO_F32: NDArray[np.float32] = np.zeros(0, np.float32)
_NO_I64: NDArray[np.int64] = np.zeros(0, np.int64)
_NO_F32.flags.writeable = False
_NO_I64.flags.writeable = False


@dataclass(frozen=True, eq=False)
class Quantization:
    """real = scale * (q - zero_point), per tensor or per index of one axis.

    Attributes:
        scale: float32[n], as stored; n = 1 is per-tensor, n = 0 not quantized.
        zero_point: int64[n], or [1], or [0].
        axis: the quantized dimension; meaningful for n > 1.
        min, max: float32[*], the range that a converter noted, if any.
        details: the other forms of quantization.
    """

    scale: NDArray[np.float32] = field(default_factory=lambda: _NO_F32)
    zero_point: NDArray[np.int64] = field(default_factory=lambda: _NO_I64)
    axis: int = 0
    min: NDArray[np.float32] = field(default_factory=lambda: _NO_F32)
    max: NDArray[np.float32] = field(default_factory=lambda: _NO_F32)
    details: QuantizationDetails | None = None

    @property
    def per_channel(self) -> bool:
        return self.scale.size > 1

    def __bool__(self) -> bool:
        return self.scale.size > 0


@dataclass(frozen=True, eq=False)
class DimensionMetadata:
    """One traversed dimension of a sparse tensor: dense with a size, or CSR (int64[n] segments, indices)."""

    dense: bool
    dense_size: int
    segments: NDArray[np.int64]
    indices: NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Sparsity:
    """How the nonzero elements of a sparse tensor are stored."""

    traversal_order: tuple[int, ...]
    block_map: tuple[int, ...]
    dimensions: tuple[DimensionMetadata, ...]


@dataclass(frozen=True)
class VariantSubType:
    """Shape and type of the tensors inside a VARIANT tensor."""

    shape: tuple[int, ...]
    type: TensorType
    has_rank: bool


@dataclass(frozen=True, eq=False)
class TensorSpec:
    """A tensor as the file declares it.

    Attributes:
        index: its place in the subgraph.
        shape: as declared; what runs may be resized.
        shape_signature: with -1 where the size may vary; empty if the file has none.
        buffer: index of its buffer in the file; 0 means none.
        raw: uint8[n], the constant's bytes as stored (packed, sparse), or None for a computed tensor. They
            may be more than the shape asks for, and are often aligned to 4 bytes only.
    """

    index: int
    name: str
    type: TensorType
    shape: tuple[int, ...]
    shape_signature: tuple[int, ...] = ()
    quantization: Quantization = field(default_factory=Quantization)
    is_variable: bool = False
    has_rank: bool = False
    sparsity: Sparsity | None = None
    variant_tensors: tuple[VariantSubType, ...] = ()
    buffer: int = 0
    external_buffer: int = 0
    raw: NDArray[np.uint8] | None = None

    @property
    def is_constant(self) -> bool:
        return self.raw is not None


class Options(Mapping[str, Any]):
    """The builtin options of one operator: an immutable mapping of snake_case field name to value.

    Fields that the file leaves out have the schema's default, so indexing never surprises. Values are ints,
    floats, bools, bytes for strings, and tuples.
    """

    __slots__ = ("_fields", "table")

    def __init__(self, table: str, fields: Mapping[str, Any]) -> None:
        self.table = table
        self._fields = MappingProxyType(dict(fields))

    def __getitem__(self, name: str) -> Any:
        return self._fields[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._fields)

    def __len__(self) -> int:
        return len(self._fields)

    def __hash__(self) -> int:
        return hash(frozenset(self._fields.items()))

    def __repr__(self) -> str:
        inside = ", ".join(f"{name}={value!r}" for name, value in self._fields.items())
        return f"{self.table or 'Options'}({inside})"

    def __reduce__(self) -> tuple[type["Options"], tuple[str, dict[str, Any]]]:
        return Options, (self.table, dict(self._fields))


NO_OPTIONS = Options("", {})


@dataclass(frozen=True, eq=False)
class Node:
    """One operator of a subgraph.

    Attributes:
        op: the builtin's name, as in "CONV_2D", or the custom operator's own name.
        is_custom: whether `op` is a custom operator's name.
        inputs, outputs, intermediates: tensor indices; -1 is an absent optional tensor.
        options: builtin options; empty for a custom operator.
        custom_options: the custom operator's bytes.
    """

    index: int
    op: str
    version: int
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    options: Options = NO_OPTIONS
    intermediates: tuple[int, ...] = ()
    is_custom: bool = False
    custom_options: bytes = b""
    mutating_variable_inputs: tuple[bool, ...] = ()
    debug_metadata_index: int = -1


@dataclass(frozen=True, eq=False)
class Subgraph:
    index: int
    name: str
    tensors: tuple[TensorSpec, ...]
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    nodes: tuple[Node, ...]
    debug_metadata_index: int = -1


@dataclass(frozen=True, eq=False)
class Signature:
    """A named entry point: its input and output names with their tensor indices, in file order."""

    key: str
    subgraph: int
    inputs: Mapping[str, int]
    outputs: Mapping[str, int]


@dataclass(frozen=True)
class ExternalBuffer:
    """A constant's bytes kept in another file: `group` names that file, `packing` how they are packed."""

    id: int
    group: str
    offset: int
    length: int
    packing: str


@dataclass(frozen=True, eq=False)
class Model:
    """A whole .tflite file.

    Attributes:
        nbytes: size of the file.
        buffers: uint8[n] views, one for each buffer of the file; empty where the file has none.
        external_buffers: what TensorSpec.external_buffer refers to by `id`.
        metadata: name -> uint8[n] view; of two entries with one name, the later.
        source: the path it was read from, "" for bytes.
    """

    version: int
    description: str
    subgraphs: tuple[Subgraph, ...]
    signatures: tuple[Signature, ...] = ()
    metadata: Mapping[str, NDArray[np.uint8]] = field(default_factory=dict)
    metadata_buffers: tuple[int, ...] = ()
    buffers: tuple[NDArray[np.uint8], ...] = ()
    external_buffers: tuple[ExternalBuffer, ...] = ()
    nbytes: int = 0
    source: str = ""

    @property
    def main(self) -> Subgraph:
        """The primary subgraph."""
        return self.subgraphs[0]
