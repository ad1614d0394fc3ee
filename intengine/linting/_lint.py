"""Running the rules."""

from collections.abc import Collection
from os import PathLike

from intengine.errors import InputError
from intengine.linting._records import Finding, Severity
from intengine.linting._registry import rules
from intengine.linting._view import GraphView
from intengine.model import Model
from intengine.reader import load

_ORDER = list(Severity)


def lint(
    model: Model | str | PathLike[str] | bytes, *, only: Collection[str] = (), ignore: Collection[str] = ()
) -> list[Finding]:
    """What static rules find in a model, the gravest first; nothing is run.

    Args:
        model: a Model, or what `load` takes.
        only: ids of rules (or beginnings of them, as "Q1"); by default all. ignore: the same, to leave out.

    Raises:
        InputError: for an id that no rule has.
    """
    known = rules()
    for wanted in (*only, *ignore):
        if not any(rule.id.startswith(wanted) for rule in known):
            raise InputError(f"A rule must be one of {', '.join(rule.id for rule in known)}; got {wanted!r}.")
    given = model if isinstance(model, Model) else load(model)
    found = [
        finding
        for graph in given.subgraphs
        for view in (GraphView(graph),)
        for rule in known
        if (not only or rule.id.startswith(tuple(only))) and not rule.id.startswith(tuple(ignore) or ("-",))
        for finding in rule.check(view, rule)
    ]
    return sorted(found, key=lambda f: (_ORDER.index(f.severity), f.rule, f.subgraph, f.node or 0, f.tensor or 0))
