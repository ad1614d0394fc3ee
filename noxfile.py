"""Everything that is checked: `nox` runs all of it, `nox -s lint` one part."""

import nox

nox.options.default_venv_backend = "venv"
nox.options.sessions = ["lint", "types", "layers", "tests", "wheel"]
PYTHONS = ["3.11", "3.12", "3.13", "3.14"]


@nox.session
def lint(session: nox.Session) -> None:
    """ruff, both as linter and as formatter."""
    session.install("ruff==0.17.5")
    session.run("ruff", "check", ".")
    session.run("ruff", "format", "--check", ".")


@nox.session
def types(session: nox.Session) -> None:
    """mypy, strict."""
    session.install("-e", ".[dev]")
    session.run("mypy")


@nox.session
def layers(session: nox.Session) -> None:
    """import-linter: who may import whom."""
    session.install("-e", ".[dev]")
    session.run("lint-imports")


@nox.session(python=PYTHONS)
def tests(session: nox.Session) -> None:
    """The test suite on an editable install."""
    session.install("-e", ".[test]")
    session.run("pytest", "-n", "2", *session.posargs)


@nox.session
def uncompiled(session: nox.Session) -> None:
    """Kernel tests with NUMBA_DISABLE_JIT=1: the very same lines, run by Python."""
    session.install("-e", ".[test]")
    session.run("pytest", "-n", "2", "tests/kernels", *session.posargs, env={"NUMBA_DISABLE_JIT": "1"})


@nox.session
def bounds(session: nox.Session) -> None:
    """Kernel and op tests with every array index checked."""
    session.install("-e", ".[test]")
    env = {"NUMBA_BOUNDSCHECK": "1", "NUMBA_CACHE_DIR": session.create_tmp()}
    session.run("pytest", "-n", "2", "tests/kernels", "tests/ops", *session.posargs, env=env)


@nox.session
def wheel(session: nox.Session) -> None:
    """The built wheel, installed alone, must do the main job."""
    session.install("build")
    out = session.create_tmp()
    session.run("python", "-m", "build", "--outdir", out)
    session.run("python", "-m", "pip", "install", "--find-links", out, "intengine")
    session.chdir(out)
    session.run("intengine", "demo")
