"""Builtin operators and their options tables, discovered from the `tflite` package by reflection.

Each generated accessor is called on a probe instead of a file. The probe notes which slot the accessor asks
for and as what kind, and what it returns when the slot is absent; that is the whole description of a field.
So the generated code, which checks nothing, never sees a file's bytes.
"""

import importlib
import inspect
import re
from collections.abc import Iterator
from functools import cache
from typing import Any

import flatbuffers.number_types as number_types
import tflite

from intengine.model import NO_OPTIONS, Options
from intengine.reader.schema import Field, TableSpec, table_spec
from intengine.reader.table import Table

CUSTOM = 32

#: what the format has gained since the `tflite` package was generated
_NEWER_OPERATORS = {"STABLEHLO_CBRT": 208, "STABLEHLO_CASE": 209}
_NEWER_OPTIONS_2 = {"StablehloCaseOptions": 23}
_NEWER_TABLES = {
    "StablehloCaseOptions": table_spec("StablehloCaseOptions", "branch_subgraph_indices [i4]"),
}
_NEWER_FIELDS = {"FullyConnectedOptions": (Field("quant_spec", 5, "u1", is_vector=True),)}

#: operators whose options table is not named after them
_OPTIONS_OF = {
    "AVERAGE_POOL_2D": "Pool2DOptions",
    "MAX_POOL_2D": "Pool2DOptions",
    "L2_POOL_2D": "Pool2DOptions",
    "CONV_3D_TRANSPOSE": "Conv3DOptions",
    "L2_NORMALIZATION": "L2NormOptions",
    "MAXIMUM": "MaximumMinimumOptions",
    "MINIMUM": "MaximumMinimumOptions",
    "MEAN": "ReducerOptions",
    "SUM": "ReducerOptions",
    "REDUCE_PROD": "ReducerOptions",
    "REDUCE_MAX": "ReducerOptions",
    "REDUCE_MIN": "ReducerOptions",
    "REDUCE_ANY": "ReducerOptions",
    "REDUCE_ALL": "ReducerOptions",
    "RANDOM_UNIFORM": "RandomOptions",
    "RANDOM_STANDARD_NORMAL": "RandomOptions",
    "MULTINOMIAL": "RandomOptions",
    "UNIDIRECTIONAL_SEQUENCE_RNN": "SequenceRNNOptions",
}


class _Probe:
    """Stands in for a generated class's `_tab` and notes what is asked of it."""

    Pos = 0

    def __init__(self, *, present: bool) -> None:
        self._present = present
        self.vtable_offset = 0
        self.kind = ""
        self.is_vector = False

    def Offset(self, vtable_offset: int) -> int:  # noqa: N802 (the names are those of flatbuffers.Table)
        self.vtable_offset = vtable_offset
        return 4 if self._present else 0

    def Get(self, flags: Any, _: int) -> Any:  # noqa: N802
        self.kind = _KINDS[flags]
        return flags.py_type(0)

    def Vector(self, _: int) -> int:  # noqa: N802
        self.is_vector = True
        return 0

    def String(self, _: int) -> bytes:  # noqa: N802
        self.kind = "text"
        return b""


_KINDS = {
    number_types.BoolFlags: "b1",
    number_types.Int8Flags: "i1",
    number_types.Uint8Flags: "u1",
    number_types.Int16Flags: "i2",
    number_types.Uint16Flags: "u2",
    number_types.Int32Flags: "i4",
    number_types.Uint32Flags: "u4",
    number_types.Int64Flags: "i8",
    number_types.Uint64Flags: "u8",
    number_types.Float32Flags: "f4",
    number_types.Float64Flags: "f8",
}
_HELPER = re.compile(r"Init$|GetRootAs|.*BufferHasIdentifier$|.*(AsNumpy|Length|IsNone)$")


def _snake(camel: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "_", camel).lower()


def _fields(accessors: type) -> Iterator[Field]:
    for name, accessor in inspect.getmembers(accessors, inspect.isfunction):
        if name.startswith("_") or _HELPER.match(name):
            continue
        indices = [0] * (len(inspect.signature(accessor).parameters) - 1)
        absent, present = accessors(), accessors()
        absent._tab, probe = _Probe(present=False), _Probe(present=True)
        present._tab = probe
        default = accessor(absent, *indices)
        accessor(present, *indices)
        slot = (probe.vtable_offset - 4) // 2
        yield Field(_snake(name), slot, probe.kind, probe.is_vector, default)


def _numbers(enum: type) -> dict[str, int]:
    return {name: number for name, number in vars(enum).items() if not name.startswith("_")}


@cache
def operator_names() -> dict[int, str]:
    """Builtin code -> name, as in {3: "CONV_2D"}."""
    names = _NEWER_OPERATORS | _numbers(tflite.BuiltinOperator)
    return {number: name for name, number in names.items()}


@cache
def operator_numbers() -> dict[str, int]:
    """Name -> builtin code."""
    return {name: number for number, name in operator_names().items()}


def operator_name(code: int) -> str:
    """The builtin's name; "BUILTIN_<code>" for one that is newer than this reader."""
    return operator_names().get(code, f"BUILTIN_{code}")


@cache
def union_numbers(union: int) -> dict[str, int]:
    """Options table -> its number in the union BuiltinOptions (1) or BuiltinOptions2 (2)."""
    if union == 1:
        numbers = _numbers(tflite.BuiltinOptions)
    else:
        numbers = _NEWER_OPTIONS_2 | _numbers(tflite.BuiltinOptions2)
    return {name: number for name, number in numbers.items() if number}


@cache
def _union_names(union: int) -> dict[int, str]:
    return {number: name for name, number in union_numbers(union).items()}


def union_name(union: int, number: int) -> str:
    """The options table's name; "BuiltinOptions#<number>" (or "BuiltinOptions2#...") for a newer one."""
    title = "BuiltinOptions" if union == 1 else "BuiltinOptions2"
    return _union_names(union).get(number, f"{title}#{number}")


@cache
def options_spec(table: str) -> TableSpec:
    """Description of an options table; no fields for one that is newer than this reader."""
    if table in _NEWER_TABLES:
        return _NEWER_TABLES[table]
    if table not in union_numbers(1) and table not in union_numbers(2):
        return TableSpec(table, ())
    accessors = getattr(importlib.import_module(f"tflite.{table}"), table)
    fields = {field.slot: field for field in _NEWER_FIELDS.get(table, ())}
    fields |= {field.slot: field for field in _fields(accessors)}
    return TableSpec(table, tuple(fields[slot] for slot in sorted(fields)))


@cache
def _options_tables() -> dict[str, str]:
    by_lower = {name.lower(): name for union in (1, 2) for name in union_numbers(union)}
    named_alike = {op: by_lower.get(f"{op.replace('_', '').lower()}options") for op in operator_numbers()}
    return {op: table for op, table in named_alike.items() if table} | _OPTIONS_OF


def options_table_of(op: str) -> str:
    """Name of the options table that a builtin operator takes; "" if it takes none."""
    return _options_tables().get(op, "")


@cache
def default_options(op: str) -> Options:
    """The options of a builtin operator whose node has no options table."""
    table = options_table_of(op)
    return Options(table, {field.name: field.absent for field in options_spec(table).fields}) if table else NO_OPTIONS


def read_options(table: Table, spec: TableSpec) -> Options:
    """All fields of an options table."""
    return Options(spec.name, {field.name: table.option(field) for field in spec.fields})
