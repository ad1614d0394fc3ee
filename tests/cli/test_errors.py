"""Every command ends in one message and the right exit code: 2 usage, 3 unsupported, 4 bad model."""

import itertools
import subprocess
import sys
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

import intengine
from intengine.cli import main
from intengine.cli.ops import ops as ops_command
from tests.cli import models

PNG = b"\x89PNG\r\n\x1a\n" + bytes(64)
COMMANDS = main.list_commands(click.Context(main))
TAKE_MODELS = ["inspect", "run", "verify"]


def arguments(command: str, model: Path) -> list[str]:
    return [command, str(model), *(["--random", "0"] if command == "run" else [])]


@pytest.mark.parametrize("command", ["", *COMMANDS])
@pytest.mark.parametrize("flag", ["--help", "-h"])
def test_every_command_has_help(cli, command: str, flag: str) -> None:
    result = cli(*([command] if command else []), flag)
    assert result.exit_code == 0
    assert "Usage: " in result.stdout


@pytest.mark.parametrize("command", ["", "demo", "inspect", "run", "verify"])
def test_help_has_examples(cli, command: str) -> None:
    assert "Example" in cli(*([command] if command else []), "--help").stdout


def test_version_is_the_package_version(cli) -> None:
    assert intengine.__version__ in cli("--version").stdout


@pytest.mark.parametrize("command", TAKE_MODELS)
@pytest.mark.parametrize(
    ("content", "code"),
    [(PNG, 4), (b"", 4), (models.small()[:200], 4), (models.small()[:-40], 4), (b"hello", 4)],
    ids=["png", "empty", "cut early", "cut late", "text"],
)
def test_files_that_are_no_models_end_in_4(cli, tmp_path: Path, command: str, content: bytes, code: int) -> None:
    path = tmp_path / "bad.tflite"
    path.write_bytes(content)
    result = cli(*arguments(command, path))
    assert result.exit_code == code
    assert result.stderr.startswith("Error: ")
    assert "Traceback" not in result.output
    assert result.stdout == ""


@pytest.mark.parametrize("command", TAKE_MODELS)
def test_a_missing_file_ends_in_2(cli, tmp_path: Path, command: str) -> None:
    result = cli(*arguments(command, tmp_path / "nowhere.tflite"))
    assert result.exit_code == 2
    assert "No such file" in result.stderr


@pytest.mark.parametrize("command", ["run", "verify"])
def test_an_unsupported_operator_ends_in_3_and_is_named(cli, custom: Path, command: str) -> None:
    result = cli(*arguments(command, custom))
    assert result.exit_code == 3
    assert "NobodyHasThis" in result.stderr


@pytest.mark.parametrize("command", ["run", "verify"])
def test_an_impossible_model_ends_in_4_with_the_place(cli, tmp_path: Path, command: str) -> None:
    path = tmp_path / "impossible.tflite"
    path.write_bytes(models.impossible())
    result = cli(*arguments(command, path))
    assert result.exit_code == 4
    assert "while preparing node 0 ADD" in result.stderr


def test_unknown_commands_and_options_end_in_2(cli, small: Path) -> None:
    assert cli("frobnicate").exit_code == 2
    assert cli("run", small, "--frobnicate").exit_code == 2
    assert cli("verify").exit_code == 2


def test_many_nodes_with_one_problem_are_said_once(cli, tmp_path: Path) -> None:
    b = models.ModelBuilder()
    tensors = [b.tensor(f"t{i}", "INT8", (1, 3), scale=0.5) for i in range(6)]
    for x, y in itertools.pairwise(tensors):
        b.op("NobodyHasThis", [x], [y])
    path = tmp_path / "many.tflite"
    path.write_bytes(b.to_bytes(tensors[:1], tensors[-1:]))
    text = cli("run", path, "--random", 0).stderr
    assert text.count("NobodyHasThis is not supported") == 1
    assert "and 4 more" in text


def test_debug_shows_the_exception(custom: Path) -> None:
    result = CliRunner().invoke(main, ["run", str(custom), "--random", "0", "--debug"])
    assert isinstance(result.exception, intengine.UnsupportedOpError)


def test_our_own_mistakes_do_not_look_like_differences(cli, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*args: object, **kwargs: object) -> None:
        raise RuntimeError("a mistake")

    monkeypatch.setattr(ops_command, "callback", broken)
    result = cli("ops")
    assert result.exit_code == 70
    assert "a mistake" in result.stderr


def test_the_module_runs_as_a_command(small: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "intengine", "inspect", str(small)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "CONV_2D" in done.stdout
    assert "\x1b[" not in done.stdout


def test_the_process_exits_with_the_code(tmp_path: Path) -> None:
    (tmp_path / "x.tflite").write_bytes(PNG)
    command = [sys.executable, "-m", "intengine", "verify", str(tmp_path / "x.tflite")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 4
    assert "Traceback" not in done.stderr


def test_importing_the_package_needs_neither_click_nor_rich() -> None:
    code = "import sys, intengine; sys.exit(bool({'click', 'rich', 'PIL', 'ai_edge_litert'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
