"""intengine: the reference integer inference engine for quantized .tflite models."""

from intengine.comparison import Report, compare
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
from intengine.explanation import Explanation, explain
from intengine.interpreter import Interpreter
from intengine.linting import Finding, lint
from intengine.model import Model
from intengine.reader import load
from intengine.trace import Trace

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
