"""Which operators exist: every module of this package registers its own, found by pkgutil; there is no list."""

import functools
import importlib
import pkgutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.metadata import entry_points

from intengine.errors import InputError
from intengine.ops._context import NodeContext
from intengine.shapes import Shape
from intengine.step import Call

Infer = Callable[[NodeContext], Sequence[Shape | None]]
Prepare = Callable[[NodeContext], Sequence[Call]]


@dataclass(frozen=True)
class Operator:
    """How one operator is understood.

    Attributes:
        name: builtin name as in the schema, or a custom operator's name.
        infer: shapes of the outputs, pure ints; None for one that is known only when it is computed (then all are).
        prepare: kernel calls, with every check made and every parameter turned into ints and arrays.
        inputs: least and greatest number of inputs.
        signatures: the type combinations it runs, each written like "int8 x int8 -> int8", for the documentation.
        needs_values: whether the outputs depend on the inputs' elements, not on their shapes alone.
        is_pure: whether the outputs depend on nothing but the inputs, so that constant inputs may be folded.
    """

    name: str
    infer: Infer
    prepare: Prepare
    inputs: tuple[int, int]
    signatures: tuple[str, ...] = ()
    needs_values: bool = True
    is_pure: bool = True


_OPERATORS: dict[str, Operator] = {}
#: Names that users have registered.
_USERS: set[str] = set()
#: Packages name modules here that register operators when they are imported.
ENTRY_POINTS = "intengine.operators"


def register(operator: Operator, *, replace: bool = False) -> None:
    """Make an operator known; each name once, unless a user's operator takes the place of another of users."""
    if replace:
        _USERS.add(operator.name)
    elif operator.name in _OPERATORS:
        raise ValueError(f"An operator is registered once; {operator.name} came twice.")
    _OPERATORS[operator.name] = operator


@functools.cache
def _import_all() -> None:
    package = importlib.import_module("intengine.ops")
    for module in pkgutil.iter_modules(package.__path__):
        if not module.name.startswith("_"):
            importlib.import_module(f"intengine.ops.{module.name}")


@functools.cache
def _import_plugins() -> None:
    for point in entry_points(group=ENTRY_POINTS):
        try:
            point.load()
        except Exception as error:
            raise InputError(
                f"A package that brings operators must be importable; {point.name!r} ({point.value}) is not: {error!r}."
            ) from error


def find(name: str) -> Operator | None:
    """The operator of that name, or None. Packages that bring operators are imported when a name is unknown.

    Raises:
        InputError: if such a package cannot be imported.
    """
    _import_all()
    if name not in _OPERATORS:
        _import_plugins()
    return _OPERATORS.get(name)


def names() -> list[str]:
    """All operators that this package runs, sorted; those of users are not among them."""
    _import_all()
    return sorted(_OPERATORS.keys() - _USERS)


def is_builtin(name: str) -> bool:
    """Whether this package runs an operator of that name."""
    _import_all()
    return name in _OPERATORS and name not in _USERS
