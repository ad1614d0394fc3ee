"""Laying out flatbuffers tables: the counterpart of `intengine.reader.table`, from the same descriptions.

Everything is appended: a table (after its vtable, which tables of one form share), then what it leads to,
whose places are filled in afterwards. So offsets lead forward, as the format wants, and nothing moves.
"""

import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from intengine.errors import InputError
from intengine.reader.schema import FILE_IDENTIFIER, STRUCT_CODES, Field, TableSpec, width

#: alignment of constants: what LiteRT and the kernels would like best
BLOB_ALIGNMENT = 16


@dataclass(frozen=True)
class Record:
    """A table to be written: its description and the values of its fields; absent ones have their default.

    A value is a number, bytes or str, a sequence or array of numbers, a Record, or a sequence of Records.
    """

    spec: TableSpec
    values: Mapping[str, Any]


def layout(root: Record) -> bytearray:
    """The bytes of a file with the given root table.

    Raises:
        InputError: if a value does not fit its field.
    """
    writer = _Writer()
    writer.out += struct.pack("<I", 0) + FILE_IDENTIFIER
    writer.lead(0, writer.table(root))
    writer.align(BLOB_ALIGNMENT)
    return writer.out


class _Writer:
    def __init__(self) -> None:
        self.out = bytearray()
        self._vtables: dict[bytes, int] = {}

    def align(self, to: int, *, after: int = 0) -> None:
        """Pad so that the byte that comes `after` bytes further is at a multiple of `to`."""
        self.out += bytes(-(len(self.out) + after) % to)

    def lead(self, place: int, target: int) -> None:
        """Fill in the offset at `place`."""
        struct.pack_into("<I", self.out, place, target - place)

    def table(self, record: Record) -> int:
        """Append a table and all it leads to; returns its position."""
        present = [field for field in record.spec.fields if _is_present(field, record.values)]
        unknown = set(record.values) - set(record.spec.by_name)
        if unknown:
            raise InputError(f"{record.spec.name} has no field {', '.join(sorted(unknown))}.")
        present.sort(key=_place_width, reverse=True)
        # The 4 bytes that lead to the vtable come first, so 8-byte fields begin at 8.
        wide = bool(present) and _place_width(present[0]) == 8
        inside, nbytes = {}, 8 if wide else 4
        for field in present:
            inside[field.slot] = nbytes
            nbytes += _place_width(field)
        vtable = self._vtable(inside, nbytes)
        self.align(8 if wide else 4)
        start = len(self.out)
        self.out += struct.pack("<i", start - vtable) + bytes(nbytes - 4)
        for field in present:
            self._field(start + inside[field.slot], field, record.values[field.name])
        return start

    def _vtable(self, inside: Mapping[int, int], nbytes: int) -> int:
        slots = 1 + max(inside, default=-1)
        entries = [inside.get(slot, 0) for slot in range(slots)]
        vtable = struct.pack(f"<{2 + slots}H", 4 + 2 * slots, nbytes, *entries)
        if vtable not in self._vtables:
            self.align(2)
            self._vtables[vtable] = len(self.out)
            self.out += vtable
        return self._vtables[vtable]

    def _field(self, place: int, field: Field, value: Any) -> None:
        if isinstance(value, Record):
            self.lead(place, self.table(value))
        elif field.is_vector and field.kind == "table":
            self.lead(place, self._tables(value))
        elif field.is_vector or field.kind == "text":
            self.lead(place, self._vector(field, value))
        else:
            self.out[place : place + _place_width(field)] = _number(field, value)

    def _vector(self, field: Field, value: Any) -> int:
        if isinstance(value, str):
            value = value.encode()
        if isinstance(value, bytes):
            content, count = value, len(value)
        else:
            elements = _numbers(field, value)
            content, count = elements.tobytes(), elements.size
        # An array of bytes is a constant; bytes as such are options and names.
        big = isinstance(value, np.ndarray) and field.kind == "u1"
        self.align(BLOB_ALIGNMENT if big else max(4, width(field.kind)), after=4)
        start = len(self.out)
        self.out += struct.pack("<I", count)
        self.out += content
        if field.kind == "text":
            self.out += b"\0"
        return start

    def _tables(self, records: Sequence[Record]) -> int:
        self.align(4)
        start = len(self.out)
        self.out += struct.pack("<I", len(records)) + bytes(4 * len(records))
        for index, record in enumerate(records):
            self.lead(start + 4 + 4 * index, self.table(record))
        return start


def _place_width(field: Field) -> int:
    return 4 if field.is_vector else width(field.kind)


def _is_present(field: Field, values: Mapping[str, Any]) -> bool:
    value = values.get(field.name)
    if value is None or isinstance(value, Record):
        return value is not None
    if field.is_vector or field.kind == "text":
        return len(value) > 0
    return _number(field, value) != _number(field, field.default)


def _number(field: Field, value: Any) -> bytes:
    try:
        return struct.pack("<" + STRUCT_CODES[field.kind], value)
    except (struct.error, OverflowError) as error:
        raise InputError(f"{field.name} takes a number of kind {field.kind}: {error}.") from error


def _numbers(field: Field, value: Any) -> np.ndarray[Any, np.dtype[Any]]:
    """kind[n], refusing numbers that the kind cannot hold."""
    wanted = np.dtype("<" + field.kind)
    given = np.asarray(value)
    elements = given.astype(wanted)
    exact = wanted.kind == "f" or np.array_equal(elements, given)
    if given.ndim != 1 or not exact:
        raise InputError(f"{field.name} takes a list of numbers of kind {field.kind}. Given: {value!r}.")
    return elements
