"""Options of custom operators: a FlexBuffers map of numbers, strings and lists of numbers."""

from collections.abc import Mapping
from typing import Any

from flatbuffers import flexbuffers

from intengine.errors import InvalidModelError

#: Options are a handful of numbers; what is larger is refused.
MOST_BYTES = 2**16


def options(data: bytes) -> Mapping[str, Any]:
    """The map's values by name: int, float, bool, str, or a list of numbers; others are left out.

    Raises:
        InvalidModelError: if the bytes are no such map.
    """
    if len(data) > MOST_BYTES:
        raise InvalidModelError(f"Custom options must have at most {MOST_BYTES} bytes; these have {len(data)}.")
    try:
        found = _read(data)
    except Exception as error:
        raise InvalidModelError(f"Custom options must be a FlexBuffers map; reading them: {error}.") from error
    return found


def _read(data: bytes) -> dict[str, Any]:
    root = flexbuffers.GetRoot(bytearray(data))
    if not root.IsMap:
        raise ValueError("the root is no map")
    entries = root.AsMap
    keys, values = entries.Keys, entries.Values
    if len(keys) != len(values) or len(keys) > len(data):
        raise ValueError("keys and values do not match")
    return {keys[i].AsKey: value for i in range(len(keys)) if (value := _value(values[i], len(data))) is not None}


def _value(ref: Any, most: int) -> Any:
    if ref.IsBool:
        return bool(ref.AsBool)
    if ref.IsInt:
        return int(ref.AsInt)
    if ref.IsFloat:
        return float(ref.AsFloat)
    if ref.IsString:
        return str(ref.AsString)
    if ref.IsTypedVector or ref.IsVector:
        vector = ref.AsTypedVector if ref.IsTypedVector else ref.AsVector
        if len(vector) > most:
            raise ValueError("a list is longer than its bytes")
        items = [vector[i] for i in range(len(vector))]
        return [item.AsFloat if item.IsFloat else item.AsInt for item in items if item.IsFloat or item.IsInt]
    return None
