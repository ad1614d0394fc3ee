"""From logical values to the bytes of a constant, as .tflite files store them."""

import struct
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from intengine.errors import InputError
from intengine.model import TensorType

#: least and greatest value of the types that take less than a byte
_NARROW = {TensorType.INT4: (-8, 7), TensorType.UINT4: (0, 15), TensorType.INT2: (-2, 1)}


def pack(values: ArrayLike | Sequence[bytes | str], type: TensorType) -> NDArray[np.uint8]:
    """uint8[n], the stored bytes of a tensor's values.

    Types narrower than a byte are packed from the low bits up: element 0 is in the lowest bits of byte 0, and
    the last byte is filled up with zeros. A STRING tensor is int32 count, int32[count + 1] offsets from its
    start, and the strings.

    Args:
        values: elements in row-major order, of any shape; strings for STRING.
        type: the tensor's element type.

    Raises:
        InputError: if a value does not fit the type.
    """
    if type is TensorType.STRING:
        return np.frombuffer(_pack_strings(values), np.uint8)
    given = np.asarray(values).reshape(-1)
    try:
        elements = given.astype(type.dtype)
    except (TypeError, ValueError) as error:
        raise InputError(f"A {type.name} tensor takes numbers: {error}.") from error
    least, greatest = _NARROW.get(type, (None, None))
    in_range = least is None or bool(np.all((least <= elements) & (elements <= greatest)))
    if not in_range or (type.dtype.kind in "iu" and not np.array_equal(elements, given)):
        raise InputError(f"A {type.name} tensor takes values that fit its type. Given: {values!r}.")
    stored = elements.view(np.uint8)
    return _packed(stored, type.bits) if type in _NARROW else stored


def _packed(elements: NDArray[np.uint8], bits: int) -> NDArray[np.uint8]:
    """The low `bits` of each element, 8 // bits to a byte."""
    per_byte = 8 // bits
    padded = np.zeros(-(-elements.size // per_byte) * per_byte, np.uint8)
    padded[: elements.size] = elements & ((1 << bits) - 1)
    shifted = padded.reshape(-1, per_byte) << (np.arange(per_byte, dtype=np.uint8) * bits)
    packed: NDArray[np.uint8] = np.bitwise_or.reduce(shifted, axis=1)
    return packed


def _pack_strings(values: Any) -> bytes:
    flat = np.asarray(values, dtype=object).reshape(-1).tolist()
    strings = [value.encode() if isinstance(value, str) else bytes(value) for value in flat]
    offsets = [4 * (2 + len(strings))]
    for string in strings:
        offsets.append(offsets[-1] + len(string))
    return struct.pack(f"<{2 + len(strings)}i", len(strings), *offsets) + b"".join(strings)
