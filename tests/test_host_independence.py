"""No result depends on the host's C library or on NumPy's own functions: both are called in exact steps only."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
#: Functions whose last bit IEEE 754 leaves open; sqrt, floor, fmod and their like are exact.
OPEN = {
    *("exp", "exp2", "expm1", "log", "log2", "log10", "log1p", "pow", "power", "float_power", "cbrt", "hypot"),
    *("sin", "cos", "tan", "asin", "acos", "atan", "atan2", "arcsin", "arccos", "arctan", "arctan2"),
    *("sinh", "cosh", "tanh", "asinh", "acosh", "atanh", "arcsinh", "arccosh", "arctanh"),
    *("erf", "erfc", "gamma", "lgamma", "logaddexp", "logaddexp2", "sinc", "angle"),
}
LIBRARIES = {"math", "cmath", "numpy", "numpy.fft", "numpy.emath", "scipy", "scipy.special"}
#: Uses that depend on no library, by file and name.
ALLOWED = {
    # Powers of integers, and of an integral float64 to see whether the integer power fits.
    ("intengine/ops/floor_mod.py", "power"),
    # Powers of integers.
    ("intengine/ops/stablehlo_functions.py", "power"),
    # Decibels of measured errors, for people; no model's output.
    ("intengine/accuracy/metrics.py", "log10"),
    ("intengine/accuracy/experiment.py", "log10"),
    ("intengine/accuracy/suggestions.py", "log10"),
    # Bits that a range wastes, for people.
    ("intengine/linting/checks/ranges.py", "log2"),
}


def sources() -> list[Path]:
    files = [*(ROOT / "intengine").rglob("*.py"), *(ROOT / "kernels" / "intengine_kernels").rglob("*.py")]
    return sorted(files)


def open_uses(tree: ast.AST) -> Iterator[tuple[str, int]]:
    """(name, line) of every use of an open function of a library, by attribute or by import."""
    names = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.asname or alias.name: alias.name for alias in node.names if alias.name in LIBRARIES}
        elif isinstance(node, ast.ImportFrom) and node.module in LIBRARIES:
            yield from ((alias.name, node.lineno) for alias in node.names if alias.name in OPEN)
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and node.attr in OPEN and ast.unparse(node.value) in names:
            yield node.attr, node.lineno


@pytest.mark.parametrize(
    "source", ["import math\nmath.exp(1)", "import numpy as np\nf = np.tanh", "from math import log"]
)
def test_uses_are_found(source: str) -> None:
    assert len(list(open_uses(ast.parse(source)))) == 1


def test_exact_functions_and_libm_are_not_reported() -> None:
    source = "import math\nfrom intengine_kernels.libm.exp import exp\nmath.sqrt(2) + exp(1)"
    assert not list(open_uses(ast.parse(source)))


def test_no_file_calls_a_function_that_hosts_round_differently() -> None:
    found, allowed = [], set()
    for path in sources():
        place = path.relative_to(ROOT).as_posix()
        for name, line in open_uses(ast.parse(path.read_text())):
            if (place, name) in ALLOWED:
                allowed.add((place, name))
            else:
                found.append(f"{place}:{line} {name}")
    assert not found
    assert allowed == ALLOWED
