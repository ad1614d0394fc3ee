"""Which rules exist: every module of `checks` registers its own, found by pkgutil."""

import functools
import importlib
import inspect
import pkgutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from intengine.linting._records import Finding, Severity
from intengine.linting._view import GraphView

Check = Callable[[GraphView, "Rule"], Iterator[Finding]]


@dataclass(frozen=True)
class Rule:
    """One rule.

    Attributes:
        id: as in "Q101". severity: of its findings, unless one says otherwise.
        check: subgraph -> findings. Its docstring is the rule's page: a title, then why and what to do.
    """

    id: str
    severity: Severity
    check: Check

    @property
    def title(self) -> str:
        return (inspect.getdoc(self.check) or "").split("\n")[0]

    @property
    def page(self) -> str:
        """Why it matters and what to do, in Markdown."""
        return (inspect.getdoc(self.check) or "").partition("\n")[2].strip()


_RULES: dict[str, Rule] = {}


def rule(id_: str, severity: Severity) -> Callable[[Check], Check]:
    """Registers a function as a rule."""

    def keep(check: Check) -> Check:
        if id_ in _RULES:
            raise ValueError(f"A rule is registered once; {id_} came twice.")
        _RULES[id_] = Rule(id_, severity, check)
        return check

    return keep


@functools.cache
def _import_all() -> None:
    package = importlib.import_module("intengine.linting.checks")
    for module in pkgutil.iter_modules(package.__path__):
        importlib.import_module(f"intengine.linting.checks.{module.name}")


def rules() -> list[Rule]:
    """All rules by id."""
    _import_all()
    return [_RULES[id_] for id_ in sorted(_RULES)]
