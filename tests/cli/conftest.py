from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from intengine.cli import main
from tests.cli import models

Invoke = Callable[..., Result]


@pytest.fixture
def cli() -> Invoke:
    """Run the command line here; the result has exit_code, stdout and stderr."""

    def invoke(*args: object) -> Result:
        return CliRunner().invoke(main, [str(arg) for arg in args])

    return invoke


@pytest.fixture
def small(tmp_path: Path) -> Path:
    path = tmp_path / "small.tflite"
    path.write_bytes(models.small())
    return path


@pytest.fixture
def two(tmp_path: Path) -> Path:
    path = tmp_path / "two.tflite"
    path.write_bytes(models.two_inputs())
    return path


@pytest.fixture
def custom(tmp_path: Path) -> Path:
    path = tmp_path / "custom.tflite"
    path.write_bytes(models.custom())
    return path
