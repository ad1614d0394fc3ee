"""Drawn one-op problems: each module of this package has `DRAWS`, hypothesis strategies by operator and types.

A key is "OP types", as in "LESS int8" or "CONV_2D int8 per-channel"; a strategy gives a `Problem`.
"""

import importlib
import pkgutil

from hypothesis.strategies import SearchStrategy

from tests.cases import Problem


def modules() -> list[str]:
    """Names of the modules that hold strategies."""
    return sorted(m.name for m in pkgutil.iter_modules(__path__) if not m.name.startswith(("_", "test_")))


def draws() -> dict[str, SearchStrategy[Problem]]:
    """Every strategy by its key."""
    found: dict[str, SearchStrategy[Problem]] = {}
    for module in modules():
        for key, strategy in importlib.import_module(f"tests.draws.{module}").DRAWS.items():
            assert key not in found, f"{key} has two strategies"
            found[key] = strategy
    return found
