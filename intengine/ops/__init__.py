"""The operators: one file each, with infer (shapes), prepare (checks and parameters) and registration."""

from intengine.ops._absent import reason as absence
from intengine.ops._context import NeedsValue, NodeContext, Operand
from intengine.ops._quirks import QUIRKS, Quirk, quirks
from intengine.ops._registry import Operator, find, names, register

__all__ = [
    "QUIRKS",
    "NeedsValue",
    "NodeContext",
    "Operand",
    "Operator",
    "Quirk",
    "absence",
    "find",
    "names",
    "quirks",
    "register",
]
