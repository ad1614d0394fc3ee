"""The JSON Schema of a comparison's JSON."""

import json
from importlib.resources import files
from typing import Any


def comparison_schema() -> dict[str, Any]:
    """JSON Schema (draft 2020-12) of `Comparison.to_json`; its title is the name and version that the data state."""
    text = files("intengine.report.accuracy").joinpath("schemas", "comparison-1.json").read_text(encoding="utf-8")
    schema: dict[str, Any] = json.loads(text)
    return schema
