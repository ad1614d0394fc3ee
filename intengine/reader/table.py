"""Bounds-checked reading of flatbuffers tables from bytes that nobody vouches for.

A table at `pos` begins with a signed 4-byte distance back to its vtable. The vtable holds its own size, the
table's size, and for each slot the field's distance from `pos`, 0 where the field is absent. Strings, vectors
and tables are reached by an unsigned 4-byte distance forward from where the distance is stored.

Source: https://flatbuffers.dev/internals
"""

import struct
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from intengine.errors import CorruptModelError, InvalidModelError
from intengine.reader.schema import FILE_IDENTIFIER, STRUCT_CODES, Field, TableSpec, width

_STRUCTS = {kind: struct.Struct("<" + code) for kind, code in STRUCT_CODES.items()}
_U2, _I4, _U4 = _STRUCTS["u2"], _STRUCTS["i4"], _STRUCTS["u4"]
_TABLE_COST = 32


def _empty(kind: str) -> NDArray[Any]:
    nothing = np.zeros(0, np.dtype("<" + kind))
    nothing.flags.writeable = False
    return nothing


_EMPTY = {kind: _empty(kind) for kind in STRUCT_CODES}


def impossible(message: str, where: str) -> InvalidModelError:
    """An InvalidModelError with its place as a note."""
    error = InvalidModelError(message)
    error.add_note(f"at {where}")
    return error


class FileBytes:
    """The bytes of a file, with a limit on how much may be made of them.

    Offsets may lead many times to one place, so a small file could describe an enormous model. Every table
    and every copied byte is therefore charged to a budget of four readings of the file. A file in which
    nothing is shared cannot exceed it: a table takes at least 8 bytes, with the offset that leads to it.
    """

    def __init__(self, view: memoryview) -> None:
        self.view = view
        self.size = len(view)
        self._budget = 4 * self.size + (1 << 16)

    def charge(self, cost: int, where: str) -> None:
        """Note work of `cost` bytes.

        Raises:
            CorruptModelError: if the file makes more work than its size accounts for.
        """
        self._budget -= cost
        if self._budget < 0:
            raise CorruptModelError(
                f"A file's parts must not overlap beyond measure. This one has {self.size} bytes and"
                " describes more than four times as much.",
                where,
            )

    def check(self, pos: int, nbytes: int, where: str, *, alignment: int = 1) -> None:
        """Make sure that `nbytes` bytes at `pos` are inside the file, and `pos` a multiple of `alignment`.

        Raises:
            CorruptModelError: if not.
        """
        if pos % alignment:
            raise CorruptModelError(
                f"This must lie at a multiple of {alignment} bytes. It lies at offset {pos}.", where
            )
        if pos < 0 or pos + nbytes > self.size:
            raise CorruptModelError(
                f"Everything must lie inside the file. {nbytes} bytes at offset {pos} are asked of a file of"
                f" {self.size}.",
                where,
            )

    def forward(self, pos: int, where: str) -> int:
        """Where the 4-byte offset stored at `pos` leads (itself already checked to be inside)."""
        distance: int = _U4.unpack_from(self.view, pos)[0]
        if distance == 0:
            raise CorruptModelError("An offset must lead forward. This one is 0.", where)
        return pos + distance

    def span(self, pos: int, nbytes: int, where: str) -> NDArray[np.uint8]:
        """uint8[nbytes], a read-only view of the file at `pos`."""
        self.check(pos, nbytes, where)
        return np.frombuffer(self.view, np.uint8, nbytes, pos) if nbytes else _EMPTY["u1"]

    def root(self, spec: TableSpec) -> "Table":
        """The file's root table.

        Raises:
            CorruptModelError: if the file is too short or does not carry the identifier "TFL3".
        """
        if self.size < 8:
            raise CorruptModelError(f"A .tflite file has at least 8 bytes. This one has {self.size}.", "header")
        identifier = bytes(self.view[4:8])
        if identifier != FILE_IDENTIFIER:
            raise CorruptModelError(
                f"A .tflite file has {FILE_IDENTIFIER!r} at byte 4. This one has {identifier!r}.", "header"
            )
        return Table(self, self.forward(0, "header"), spec, "")


class Table:
    """One table of the file, read by field name.

    Attributes:
        where: its place, as in "subgraphs[0].tensors[17]"; "" for the root.
    """

    __slots__ = ("_file", "_nbytes", "_pos", "_spec", "_vtable", "_vtable_nbytes", "where")

    def __init__(self, file: FileBytes, pos: int, spec: TableSpec, where: str) -> None:
        place = where or "root"
        file.charge(_TABLE_COST, place)
        file.check(pos, 4, place, alignment=4)
        vtable = pos - _I4.unpack_from(file.view, pos)[0]
        file.check(vtable, 4, place, alignment=2)
        vtable_nbytes = _U2.unpack_from(file.view, vtable)[0]
        nbytes = _U2.unpack_from(file.view, vtable + 2)[0]
        if vtable_nbytes < 4 or vtable_nbytes % 2 or nbytes < 4:
            raise CorruptModelError(
                "A table has a vtable of an even size from 4, and itself a size from 4."
                f" Here they are {vtable_nbytes} and {nbytes}.",
                place,
            )
        file.check(vtable, vtable_nbytes, place)
        file.check(pos, nbytes, place)
        self._file, self._pos, self._nbytes, self._spec = file, pos, nbytes, spec
        self._vtable, self._vtable_nbytes = vtable, vtable_nbytes
        self.where = where

    def place(self, name: str) -> str:
        """Path of one of the table's fields."""
        return f"{self.where}.{name}" if self.where else name

    def _find(self, field: Field) -> int:
        """Position of a field in the file; 0 if the table does not have it."""
        entry = field.vtable_offset
        if entry + 2 > self._vtable_nbytes:
            return 0
        inside: int = _U2.unpack_from(self._file.view, self._vtable + entry)[0]
        if inside == 0:
            return 0
        nbytes = 4 if field.is_vector else width(field.kind)
        pos = self._pos + inside
        if inside < 4 or inside + nbytes > self._nbytes or pos % nbytes:
            raise CorruptModelError(
                "A field lies inside its table, at a multiple of its size."
                f" {nbytes} bytes at {inside} are asked of a table of {self._nbytes} at offset {self._pos}.",
                self.place(field.name),
            )
        return pos

    def _vector(self, field: Field) -> tuple[int, int]:
        """Position and length of a vector's or string's elements; (0, 0) if absent."""
        pos = self._find(field)
        if pos == 0:
            return 0, 0
        place = self.place(field.name)
        start = self._file.forward(pos, place)
        self._file.check(start, 4, place, alignment=4)
        count = _U4.unpack_from(self._file.view, start)[0]
        element = 1 if field.kind == "text" else width(field.kind)
        self._file.check(start + 4, count * element, place)
        return start + 4, count

    def number(self, name: str) -> Any:
        """An int, float or bool; the schema's default if absent."""
        field = self._spec.by_name[name]
        pos = self._find(field)
        return _STRUCTS[field.kind].unpack_from(self._file.view, pos)[0] if pos else field.default

    def integer(self, name: str) -> int:
        return int(self.number(name))

    def index(self, name: str, count: int, *, lowest: int = 0) -> int:
        """An index in lowest..count-1, where -1 stands for something absent.

        Raises:
            CorruptModelError: if it is out of range.
        """
        index = self.integer(name)
        self._check_index(index, count, lowest, self.place(name))
        return index

    def indices(self, name: str, count: int, *, lowest: int = 0) -> tuple[int, ...]:
        """A vector of indices in lowest..count-1, where -1 stands for something absent.

        Raises:
            CorruptModelError: if one is out of range.
        """
        found = self.numbers(name)
        for place, index in enumerate(found):
            self._check_index(index, count, lowest, f"{self.place(name)}[{place}]")
        return found

    @staticmethod
    def _check_index(index: int, count: int, lowest: int, where: str) -> None:
        if not lowest <= index < count:
            raise CorruptModelError(f"An index is at least {lowest} and below {count}. This one is {index}.", where)

    def flag(self, name: str) -> bool:
        return bool(self.number(name))

    def blob(self, name: str) -> bytes:
        """A copy of a string's or byte vector's content; b"" if absent."""
        pos, count = self._vector(self._spec.by_name[name])
        self._file.charge(count, self.place(name))
        return bytes(self._file.view[pos : pos + count])

    def text(self, name: str) -> str:
        """A string; bytes that are not UTF-8 become U+FFFD."""
        return self.blob(name).decode("utf-8", errors="replace")

    def array(self, name: str) -> NDArray[Any]:
        """kind[n], a read-only view of a vector of numbers; empty if absent. Copied only where misaligned."""
        field = self._spec.by_name[name]
        pos, count = self._vector(field)
        if count == 0:
            return _EMPTY[field.kind]
        view = np.frombuffer(self._file.view, np.dtype("<" + field.kind), count, pos)
        if view.flags.aligned:
            return view
        self._file.charge(view.nbytes, self.place(name))
        aligned = view.copy()
        aligned.flags.writeable = False
        return aligned

    def widened(self, name: str) -> NDArray[np.int64]:
        """int64[n], a read-only copy of a vector of integers."""
        view = self.array(name)
        self._file.charge(view.nbytes, self.place(name))
        wide = view.astype(np.int64)
        wide.flags.writeable = False
        return wide

    def numbers(self, name: str) -> tuple[Any, ...]:
        """The elements of a vector of numbers; () if absent."""
        view = self.array(name)
        self._file.charge(view.nbytes, self.place(name))
        return tuple(view.tolist())

    def table(self, name: str, spec: TableSpec) -> "Table | None":
        """The table that a field leads to; None if absent."""
        pos = self._find(self._spec.by_name[name])
        if pos == 0:
            return None
        place = self.place(name)
        return Table(self._file, self._file.forward(pos, place), spec, place)

    def tables(self, name: str, spec: TableSpec) -> "Iterator[Table]":
        """The tables of a vector of tables, in order."""
        first, count = self._vector(self._spec.by_name[name])
        for index in range(count):
            place = f"{self.place(name)}[{index}]"
            yield Table(self._file, self._file.forward(first + 4 * index, place), spec, place)

    def count(self, name: str) -> int:
        """Length of a vector; 0 if absent."""
        return self._vector(self._spec.by_name[name])[1]

    def copy(self, view: NDArray[np.uint8]) -> bytes:
        """The bytes of a view of the file."""
        self._file.charge(view.size, self.where)
        return view.tobytes()

    def option(self, field: Field) -> Any:
        """A field of an options table: int, float, bool, bytes, or a tuple of them."""
        if field.kind == "text" or (field.is_vector and field.kind == "u1"):
            return self.blob(field.name)
        return self.numbers(field.name) if field.is_vector else self.number(field.name)

    def external(self, offset: str, size: str) -> NDArray[np.uint8] | None:
        """uint8[n], bytes kept outside of the flatbuffer at an absolute offset; None if the fields say none.

        The format reserves the offsets 0 and 1 for "none".
        """
        start = self.integer(offset)
        if start <= 1:
            return None
        return self._file.span(start, self.integer(size), self.place(offset))
