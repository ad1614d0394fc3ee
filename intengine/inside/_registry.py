"""Which operators have a form: every module of `forms` registers its own, found by pkgutil."""

import functools
import importlib
import pkgutil
from collections.abc import Callable

from intengine.errors import UnsupportedOpError
from intengine.inside._form import Form
from intengine.ops import NodeContext

Maker = Callable[[NodeContext], Form | None]

_MAKERS: dict[str, Maker] = {}


def form(*names: str) -> Callable[[Maker], Maker]:
    """Registers a function that gives a node's form, or None for types that it does not know."""

    def keep(maker: Maker) -> Maker:
        for name in names:
            _MAKERS[name] = maker
        return maker

    return keep


@functools.cache
def _import_all() -> None:
    package = importlib.import_module("intengine.inside.forms")
    for module in pkgutil.iter_modules(package.__path__):
        importlib.import_module(f"intengine.inside.forms.{module.name}")


def operators() -> list[str]:
    """Operators that have a form, sorted."""
    _import_all()
    return sorted(_MAKERS)


def form_of(ctx: NodeContext) -> Form:
    """The arithmetic of a node.

    Raises:
        UnsupportedOpError: for an operator or types that have none.
    """
    _import_all()
    maker = _MAKERS.get(ctx.node.op)
    if maker is None:
        raise UnsupportedOpError(
            f"Only operators that add up can be explained ({', '.join(operators())}); "
            f"node {ctx.node.index} is {ctx.node.op}."
        )
    made = maker(ctx)
    if made is None:
        raise UnsupportedOpError(f"{ctx.node.op} of {ctx.signature} cannot be explained in this form.")
    return made
