"""intengine: the reference integer inference engine for quantized .tflite models."""

import importlib
from typing import TYPE_CHECKING, Any

from intengine.custom import CustomNode, custom_operator
from intengine.errors import (
    CorruptModelError,
    InputError,
    IntEngineError,
    InvalidModelError,
    MissingDependencyError,
    ModelError,
    UnsupportedError,
    UnsupportedOpError,
    UnsupportedSignatureError,
)
from intengine.interpreter import Interpreter
from intengine.model import Model
from intengine.reader import load
from intengine.trace import Trace

if TYPE_CHECKING:
    from intengine.comparison import Report, compare
    from intengine.explanation import Explanation, explain
    from intengine.linting import Finding, lint

__version__ = "0.1.0"

__all__ = [
    "CorruptModelError",
    "CustomNode",
    "Explanation",
    "Finding",
    "InputError",
    "IntEngineError",
    "Interpreter",
    "InvalidModelError",
    "MissingDependencyError",
    "Model",
    "ModelError",
    "Report",
    "Trace",
    "UnsupportedError",
    "UnsupportedOpError",
    "UnsupportedSignatureError",
    "__version__",
    "compare",
    "custom_operator",
    "explain",
    "lint",
    "load",
]

#: Imported when asked for: who only runs models need not wait for them.
_LATER = {
    "Report": "comparison",
    "compare": "comparison",
    "Explanation": "explanation",
    "explain": "explanation",
    "Finding": "linting",
    "lint": "linting",
}


def __getattr__(name: str) -> Any:
    if name not in _LATER:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_LATER[name]}"), name)
