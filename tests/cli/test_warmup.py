import json
import logging
import os
import subprocess
import sys
from pathlib import Path

import intengine_kernels
import pytest

import intengine
from intengine.cli import compiling
from intengine.warmup import Event, embedded, listen, warm_up


def run(cache: Path, *args: object) -> dict[str, object]:
    """The command in a process of its own, with kernels on disk in `cache`."""
    roots = [str(Path(module.__file__).parent.parent) for module in (intengine, intengine_kernels)]
    env = {**os.environ, "NUMBA_CACHE_DIR": str(cache), "PYTHONPATH": os.pathsep.join(roots)}
    command = [sys.executable, "-m", "intengine", "warmup", *map(str, args), "--json"]
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=True)
    assert not done.stderr
    return json.loads(done.stdout)["models"][0]


def test_what_is_compiled_beforehand_is_only_loaded_later(two: Path, tmp_path: Path) -> None:
    first, second = (run(tmp_path / "cache", two) for _ in range(2))
    # The kernel, and the loop that runs it.
    assert (first["loaded"], first["compiled"]) == (0, 2)
    assert first["seconds"] == pytest.approx(sum(one["seconds"] for one in first["kernels"]), abs=0.02)
    assert (second["loaded"], second["compiled"], second["seconds"]) == (2, 0, 0)


def test_models_that_do_not_run_are_named_and_the_others_compiled(cli, custom: Path, two: Path) -> None:
    result = cli("warmup", custom, two)
    assert result.exit_code == 3
    refused, compiled = " ".join(result.stdout.split()).split("two.tflite, litert-reference:")
    assert "NobodyHasThis" in refused
    assert compiled


def test_the_embedded_models_are_files_that_load() -> None:
    assert len(embedded()) == 6
    assert all(Path(path).is_file() for path in embedded())


def test_warming_up_leaves_the_logger_as_it_was(two: Path) -> None:
    log = logging.getLogger("intengine_kernels.jit")
    before = (log.level, log.propagate, list(log.handlers))
    warm_up(str(two))
    assert (log.level, log.propagate, list(log.handlers)) == before


def test_a_listener_hears_of_compiling_and_of_loading() -> None:
    log = logging.getLogger("intengine_kernels.jit")
    heard: list[Event] = []
    with listen(heard.append):
        log.info("", extra={"kernel": "a", "seconds": None})
        log.info("", extra={"kernel": "a", "seconds": 1.5})
        log.debug("", extra={"kernel": "b", "seconds": None})
    assert heard == [Event("a"), Event("a", seconds=1.5), Event("b", is_loaded=True)]


def test_the_notice_says_what_is_compiled_and_goes_away(capsys: pytest.CaptureFixture[str]) -> None:
    log = logging.getLogger("intengine_kernels.jit")
    with compiling.compile_notice():
        log.info("", extra={"kernel": "gemm", "seconds": None})
        log.info("", extra={"kernel": "gemm", "seconds": 2.0})
        text = capsys.readouterr().err
    assert "Compiling kernels, once on this machine: gemm" in text
    assert text.endswith("\r\x1b[2K"), "what the command prints then must begin on a line of its own"
    assert not capsys.readouterr().err


def test_nothing_is_said_where_kernels_come_from_the_disk(capsys: pytest.CaptureFixture[str]) -> None:
    with compiling.compile_notice():
        logging.getLogger("intengine_kernels.jit").debug("", extra={"kernel": "gemm", "seconds": None})
    assert capsys.readouterr().err == ""
