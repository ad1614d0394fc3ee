"""A constant's stored bytes -> its elements: sub-byte types unpacked, sparse tensors filled, strings split."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from intengine.errors import CorruptModelError, UnsupportedOpError
from intengine.model import TensorSpec, TensorType
from intengine.shapes import elements
from intengine.sparsity import stored_positions


def unpack(spec: TensorSpec) -> NDArray[Any]:
    """The elements of a constant tensor, with its declared shape.

    int8, int32, float32 and the like are views of the file; INT4, UINT4 and INT2 become int8, uint8 and int8. Sparse
    tensors become dense.

    Raises:
        CorruptModelError: if the bytes do not fit the shape, or a sparse tensor's description contradicts itself.
        InvalidModelError: for a sparse tensor that stands for too many elements.
        UnsupportedOpError: for a handle tensor.
    """
    raw = spec.raw
    assert raw is not None, "only constants have bytes"
    if spec.sparsity is not None:
        positions = stored_positions(spec, raw.size * 8 // max(spec.type.bits, 1))
        dense = np.zeros(elements(spec.shape), spec.type.dtype)
        dense[positions] = _stored(spec, raw, positions.size)
        return dense.reshape(spec.shape)
    if spec.type is TensorType.STRING:
        return unpack_strings(raw, spec.shape, spec.name)
    if spec.type.bits == 0:
        raise UnsupportedOpError(f"A constant {spec.type.name} tensor cannot be read: {spec.name!r}.")
    return _stored(spec, raw, elements(spec.shape)).reshape(spec.shape)


def _stored(spec: TensorSpec, raw: NDArray[np.uint8], count: int) -> NDArray[Any]:
    """[count], the first elements of a buffer."""
    bits = spec.type.bits
    if raw.size < -(-count * bits // 8):
        raise CorruptModelError(
            f"A {spec.type.name} constant of shape {list(spec.shape)} needs {-(-count * bits // 8)} bytes; "
            f"its buffer has {raw.size}.",
            f"tensors[{spec.index}]",
        )
    if bits >= 8:
        data = raw[: count * bits // 8]
        return data != 0 if spec.type is TensorType.BOOL else data.view(spec.type.dtype)
    return _unpack_bits(raw, count, bits, signed=spec.type is not TensorType.UINT4)


def _unpack_bits(raw: NDArray[np.uint8], count: int, bits: int, *, signed: bool) -> NDArray[Any]:
    """Elements of 4 or 2 bits, lowest bits first, sign-extended if `signed`."""
    per_byte = 8 // bits
    data = raw[: -(-count // per_byte)]
    fields = np.stack([(data >> np.uint8(bits * i)) for i in range(per_byte)], axis=-1).reshape(-1)[:count]
    fields &= np.uint8((1 << bits) - 1)
    if not signed:
        return fields
    sign = np.uint8(1 << (bits - 1))
    return ((fields ^ sign) - sign).view(np.int8)


def unpack_strings(raw: NDArray[np.uint8], shape: tuple[int, ...], name: str) -> NDArray[Any]:
    """A string tensor's buffer (int32 count, count + 1 int32 offsets, bytes) -> object array of bytes."""
    count = elements(shape)
    data = raw.tobytes()
    header = np.frombuffer(data[: len(data) // 4 * 4], np.int32)
    if header.size < 1 or int(header[0]) != count or header.size < count + 2:
        raise CorruptModelError(f"A string tensor of {count} strings has a bad header.", f"tensor {name!r}")
    offsets = header[1 : count + 2]
    if (np.diff(offsets) < 0).any() or int(offsets[0]) < 0 or int(offsets[-1]) > len(data):
        raise CorruptModelError("A string tensor's offsets must rise within its buffer.", f"tensor {name!r}")
    out = np.empty(count, object)
    for i in range(count):
        out[i] = data[int(offsets[i]) : int(offsets[i + 1])]
    return out.reshape(shape)
