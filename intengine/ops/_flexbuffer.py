"""Options of custom operators: a FlexBuffers map of numbers, strings and lists of numbers."""

import math
from collections.abc import Mapping
from typing import Any

from flatbuffers import flexbuffers

from intengine.errors import InvalidModelError

#: Options are a handful of numbers; what is larger is refused.
MOST_BYTES = 2**16
MOST_KEYS = 2**8


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


def integer(given: Mapping[str, Any], name: str, default: int = 0) -> int:
    """The option of that name as an int; the fraction of a float is cut off.

    Raises:
        InvalidModelError: if it is no finite number.
    """
    return int(_number(given, name, default))


def real(given: Mapping[str, Any], name: str, default: float = 0.0) -> float:
    """The option of that name as a float.

    Raises:
        InvalidModelError: if it is no finite number.
    """
    return float(_number(given, name, default))


def _number(given: Mapping[str, Any], name: str, default: float) -> float:
    value = given.get(name, default)
    if not isinstance(value, bool | int | float) or not abs(value) < math.inf:
        raise InvalidModelError(f"The custom option {name!r} must be a finite number; got {value!r}.")
    return value


def _read(data: bytes) -> dict[str, Any]:
    root = flexbuffers.GetRoot(bytearray(data))
    if not root.IsMap:
        raise ValueError("the root is no map")
    entries = root.AsMap
    keys, values = entries.Keys, entries.Values
    if len(keys) != len(values) or len(keys) > MOST_KEYS:
        raise ValueError("keys and values do not match")
    found, left = {}, len(data)
    for i in range(len(keys)):
        value = _value(values[i], left)
        # Lists may share their bytes; all together they have at most as many items as there are bytes.
        left -= len(value) if isinstance(value, list) else 0
        if value is not None:
            found[keys[i].AsKey] = value
    return found


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
            raise ValueError("lists are longer than their bytes")
        items = [vector[i] for i in range(len(vector))]
        return [item.AsFloat if item.IsFloat else item.AsInt for item in items if item.IsFloat or item.IsInt]
    return None
