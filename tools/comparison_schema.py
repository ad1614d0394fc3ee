"""Writes the JSON Schema of what `intengine compare --json` prints, from the records themselves.

python tools/comparison_schema.py            write intengine/report/accuracy/schemas/comparison-1.json
"""

import json
import types
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, Union, get_args, get_origin, get_type_hints

import numpy as np

from intengine.accuracy import records

PATH = Path(__file__).parent.parent / "intengine/report/accuracy/schemas/comparison-1.json"
_NUMBER = {"$ref": "#/$defs/number"}
#: What `Comparison.to_json` adds to the fields of its records.
_ADDED: dict[str, dict[str, Any]] = {
    "Comparison": {"schema": {"const": records.SCHEMA}, "worst": {"type": "array", "items": {"type": "integer"}}},
    "Alignment": {"coverage": _NUMBER},
    "Layer": {"severity": _NUMBER},
}


def schema() -> dict[str, Any]:
    """JSON Schema, draft 2020-12. Further fields are allowed: they do not change the version."""
    defs: dict[str, Any] = {
        "number": {
            "description": "JSON has no NaN and no infinities: they are texts.",
            "anyOf": [{"type": "number"}, {"enum": ["nan", "inf", "-inf"]}],
        },
        "array": {"type": "array", "items": {"anyOf": [_NUMBER, {"$ref": "#/$defs/array"}]}},
    }
    top = _record(records.Comparison, defs)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": records.SCHEMA,
        **top,
        "$defs": dict(sorted(defs.items())),
    }


def _record(kind: type, defs: dict[str, Any]) -> dict[str, Any]:
    hints = get_type_hints(kind)
    properties = {item.name: _type(hints[item.name], defs) for item in fields(kind)} | _ADDED.get(kind.__name__, {})
    text = (kind.__doc__ or "").split("\n")[0]
    return {"type": "object", "description": text, "required": list(properties), "properties": properties}


def _type(kind: Any, defs: dict[str, Any]) -> dict[str, Any]:
    origin, args = get_origin(kind), get_args(kind)
    if origin in (Union, types.UnionType):
        return {"anyOf": [_type(arg, defs) for arg in args]}
    if origin is tuple:
        return {"type": "array", "items": _type(args[0], defs)}
    if origin is Mapping:
        return {"type": "object", "additionalProperties": _type(args[1], defs)}
    if origin is np.ndarray:
        return {"$ref": "#/$defs/array"}
    if is_dataclass(kind) and isinstance(kind, type):
        if kind.__name__ not in defs:
            defs[kind.__name__] = {}
            defs[kind.__name__] = _record(kind, defs)
        return {"$ref": f"#/$defs/{kind.__name__}"}
    if isinstance(kind, type) and issubclass(kind, StrEnum):
        return {"enum": [member.value for member in kind]}
    return {float: _NUMBER, int: {"type": "integer"}, str: {"type": "string"}, type(None): {"type": "null"}}[kind]


def text() -> str:
    return json.dumps(schema(), indent=1) + "\n"


if __name__ == "__main__":
    PATH.parent.mkdir(exist_ok=True)
    PATH.write_text(text(), encoding="utf-8")
