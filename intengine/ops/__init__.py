"""The operators: one file each, with infer (shapes), prepare (checks and parameters) and registration."""

from intengine.ops._absent import reason as absence
from intengine.ops._context import NodeContext
from intengine.ops._flexbuffer import options as flexbuffer_options
from intengine.ops._needs_value import NeedsValue
from intengine.ops._operand import Operand
from intengine.ops._quirk_texts import Quirk
from intengine.ops._quirks import QUIRKS, quirks
from intengine.ops._registry import Operator, find, is_builtin, names, register

__all__ = [
    "QUIRKS",
    "NeedsValue",
    "NodeContext",
    "Operand",
    "Operator",
    "Quirk",
    "absence",
    "find",
    "flexbuffer_options",
    "is_builtin",
    "names",
    "quirks",
    "register",
]
