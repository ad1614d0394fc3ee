"""Which operators exist: every module of this package registers its own, found by pkgutil; there is no list.

Importing all of them takes a tenth of a second, so `find` imports those modules first whose source has the operator's
name in quotes, and the rest only if none of them registers it.
"""

import functools
import importlib
import importlib.util
import pkgutil
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.abc import InspectLoader
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


def _modules() -> list[str]:
    package = importlib.import_module("intengine.ops")
    return [f"{package.__name__}.{m.name}" for m in pkgutil.iter_modules(package.__path__) if m.name[0] != "_"]


@functools.cache
def _import_all() -> None:
    for module in _modules():
        importlib.import_module(module)


@functools.cache
def _mentions() -> dict[str, list[str]]:
    """Word in quotes -> the modules whose source has it; nothing where there are no sources."""
    found: dict[str, list[str]] = {}
    for module in _modules():
        spec = importlib.util.find_spec(module)
        source = spec.loader.get_source(module) if spec and isinstance(spec.loader, InspectLoader) else None
        for word in set(re.findall(r'"(\w+)"', source or "")):
            found.setdefault(word, []).append(module)
    return found


def _import(name: str) -> None:
    """Import what registers an operator of that name, if anything does."""
    if name not in _OPERATORS:
        for module in _mentions().get(name, ()):
            importlib.import_module(module)
    if name not in _OPERATORS:
        _import_all()


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
    _import(name)
    if name not in _OPERATORS:
        _import_plugins()
    return _OPERATORS.get(name)


def names() -> list[str]:
    """All operators that this package runs, sorted; those of users are not among them."""
    _import_all()
    return sorted(_OPERATORS.keys() - _USERS)


def is_builtin(name: str) -> bool:
    """Whether this package runs an operator of that name."""
    _import(name)
    return name in _OPERATORS and name not in _USERS
