"""Kernels as they are compiled, and as Python runs the very same lines."""

from collections.abc import Callable
from typing import Any

import pytest


def both_ways(function: Callable[..., Any]) -> Any:
    """A parametrization over the compiled function and its Python source; one of them where nothing is compiled."""
    source = getattr(function, "py_func", None)
    if source is None:
        return pytest.mark.parametrize("run", [pytest.param(function, id="uncompiled")])
    return pytest.mark.parametrize(
        "run", [pytest.param(function, id="compiled"), pytest.param(source, id="uncompiled")]
    )
