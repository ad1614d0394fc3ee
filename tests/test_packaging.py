"""Wheel, sdist, editable install and the checkout itself all do the main job."""

import importlib.util
import os
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
pytestmark = pytest.mark.skipif(
    importlib.util.find_spec("build") is None or importlib.util.find_spec("hatchling") is None,
    reason="needs build and hatchling (the dev extra)",
)


def run(*command: str, cwd: Path, path: Path | None = None) -> str:
    env = {**os.environ, "NUMBA_CACHE_DIR": str(cwd / "cache")}
    env.pop("PYTHONPATH", None)
    if path:
        env["PYTHONPATH"] = str(path)
    done = subprocess.run(command, cwd=cwd, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def dist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("dist")
    run(sys.executable, "-m", "build", "--no-isolation", "--outdir", str(out), str(ROOT), cwd=out)
    return out


def test_the_wheel_holds_both_packages_and_the_embedded_models(dist: Path) -> None:
    (wheel,) = dist.glob("*.whl")
    names = set(zipfile.ZipFile(wheel).namelist())
    assert {"intengine/py.typed", "intengine_kernels/py.typed", "intengine_kernels/isa/tile.py"} <= names
    assert "intengine/data/digits/digits_int8.tflite" in names
    assert not any(name.startswith(("tests/", "tools/", "kernels/")) for name in names)


def test_the_sdist_holds_what_a_rebuild_and_the_tests_need(dist: Path) -> None:
    (sdist,) = dist.glob("*.tar.gz")
    with tarfile.open(sdist) as archive:
        names = {name.split("/", 1)[-1] for name in archive.getnames()}
    assert {"pyproject.toml", "README.md", "LICENSE", "kernels/intengine_kernels/jit.py", "tests/conftest.py"} <= names


def test_an_installed_wheel_runs_the_demo(dist: Path, tmp_path: Path) -> None:
    (wheel,) = dist.glob("*.whl")
    site = tmp_path / "site"
    run(sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", str(site), str(wheel), cwd=tmp_path)
    where = run(sys.executable, "-c", "import intengine; print(intengine.__file__)", cwd=tmp_path, path=site)
    assert where.startswith(str(site))
    assert "EQUAL" in run(sys.executable, "-m", "intengine", "demo", cwd=tmp_path, path=site)


def test_the_checkout_runs_from_its_root() -> None:
    assert "0." in run(sys.executable, "-m", "intengine", "--version", cwd=ROOT)
