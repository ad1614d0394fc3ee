"""The disk cache: an edited helper in another file is compiled anew, an unchanged package is not."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import intengine_kernels
import pytest

HELPER = """
from intengine_kernels.jit import inline


@inline
def answer(x):
    return x + 1
"""
KERNEL = """
from intengine_kernels.jit import kernel
from intengine_kernels.probe_helper import answer


@kernel
def probe(x, out):
    out[0] = answer(x)
"""
CALL = """
import numpy as np
from intengine_kernels.probe import probe

out = np.zeros(1, np.int64)
probe(41, out)
print(out[0], sum(probe.stats.cache_hits.values()), sum(probe.stats.cache_misses.values()))
"""


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """A copy of the kernels with one more of them, whose helper is in a file of its own."""
    root = tmp_path / "intengine_kernels"
    source = Path(intengine_kernels.__file__).parent
    shutil.copytree(source, root, ignore=shutil.ignore_patterns("__pycache__"))
    (root / "probe_helper.py").write_text(HELPER)
    (root / "probe.py").write_text(KERNEL)
    return root


def call(package: Path, **more: str) -> tuple[int, int, int]:
    """(result, cache hits, cache misses) in a process of its own."""
    env = {name: value for name, value in os.environ.items() if not name.startswith("NUMBA_")}
    env |= {"PYTHONPATH": str(package.parent), "PYTHONDONTWRITEBYTECODE": "1", **more}
    done = subprocess.run([sys.executable, "-c", CALL], env=env, capture_output=True, text=True, check=True)
    result, hits, misses = done.stdout.split()
    return int(result), int(hits), int(misses)


def test_an_unchanged_kernel_is_loaded_from_the_cache(package: Path) -> None:
    assert call(package) == (42, 0, 1)
    assert call(package) == (42, 1, 0)


def test_an_edited_helper_in_another_file_is_noticed(package: Path) -> None:
    assert call(package) == (42, 0, 1)
    (package / "probe_helper.py").write_text(HELPER.replace("x + 1", "x + 2"))
    assert call(package) == (43, 0, 1)


def test_so_is_an_edit_that_keeps_the_time_and_the_size(package: Path) -> None:
    helper = package / "probe_helper.py"
    assert call(package) == (42, 0, 1)
    before = helper.stat()
    helper.write_text(HELPER.replace("x + 1", "x + 3"))
    os.utime(helper, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert helper.stat().st_size == before.st_size
    assert call(package) == (44, 0, 1)


def test_the_cache_goes_where_numba_is_told(package: Path, tmp_path: Path) -> None:
    elsewhere = {"NUMBA_CACHE_DIR": str(tmp_path / "elsewhere")}
    assert call(package, **elsewhere) == (42, 0, 1)
    assert call(package, **elsewhere) == (42, 1, 0)
    assert list((tmp_path / "elsewhere").rglob("*.nbi"))
    assert not list(package.rglob("*.nbi"))


def test_a_package_that_cannot_be_written_to_still_works(package: Path, tmp_path: Path) -> None:
    """As where it is installed for all users; then the cache is the user's own."""
    home = tmp_path / "home"
    home.mkdir()
    (package / "__pycache__").write_text("not a folder")
    mine = {"HOME": str(home), "XDG_CACHE_HOME": str(home / "cache")}
    assert call(package, **mine) == (42, 0, 1)
    assert call(package, **mine) == (42, 1, 0)
