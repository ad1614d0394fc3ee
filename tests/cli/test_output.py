"""What is printed stays readable at every width, and cannot steer the terminal."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from intengine.cli.console import visible
from intengine.cli.widths import fit
from tests.cli import models

DIGITS = Path(__file__).parent.parent.parent / "intengine" / "data" / "digits" / "digits_int8.tflite"
TABLE = [["operator", "DEPTHWISE_CONV_2D", "ADD"], ["size", "72.9 kB", "1 kB"], ["name", "a/long/name/indeed", "b c"]]


def widths(available: int) -> tuple[int, list[int]]:
    return fit(TABLE, available, whole_cells=[False, True, False], foldable=[False, False, True])


def test_a_table_takes_what_it_needs_where_there_is_room() -> None:
    assert widths(100_000) == (2, [17, 7, 18])


def test_foldable_columns_give_way_before_the_others() -> None:
    assert widths(46) == (2, [17, 7, 18])
    assert widths(44) == (1, [17, 7, 18])
    assert widths(40) == (1, [17, 7, 14])


@pytest.mark.parametrize("available", [60, 40, 33, 25, 21])
def test_a_table_fits(available: int) -> None:
    gap, found = widths(available)
    assert sum(found) + 2 * gap <= available


def test_a_terminal_too_narrow_for_anything_still_gets_columns() -> None:
    assert min(widths(3)[1]) >= 1


def run(*arguments: object, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "intengine", *map(str, arguments)]
    clean = {key: value for key, value in os.environ.items() if key != "COLUMNS"}
    return subprocess.run(
        command, capture_output=True, text=True, check=False, encoding="utf-8", env={**clean, **environment}
    )


@pytest.mark.parametrize("columns", ["60", "80", "120"])
def test_no_line_is_wider_than_the_terminal(columns: str) -> None:
    done = run("inspect", DIGITS, "--tensors", COLUMNS=columns)
    assert done.returncode == 0
    assert max(map(len, done.stdout.splitlines())) <= int(columns)


def test_at_80_columns_operators_and_types_stay_whole() -> None:
    text = run("inspect", DIGITS, COLUMNS="80").stdout
    for word in ("DEPTHWISE_CONV_2D", "10:int8[1x3x3x128]", "padding=VALID", "activation=RELU6", "65,536"):
        assert word in text


def test_piped_rows_are_one_line_each_without_trailing_spaces_or_colours() -> None:
    lines = run("inspect", DIGITS, "--tensors").stdout.splitlines()
    (row,) = (line for line in lines if line.split()[:1] == ["10"] and "per-channel" not in line and "axis 3" in line)
    assert row.endswith("digits/depthwise_norm/FusedBatchNormV3;digits/depthwise/depthwise")
    assert not any(line != line.rstrip() or "\x1b" in line for line in lines)


def test_control_characters_of_a_file_are_printed_as_escapes(cli, tmp_path: Path) -> None:
    path = tmp_path / "evil.tflite"
    path.write_bytes(models.hostile_texts())
    for arguments in (["inspect", path, "--tensors"], ["run", path, "--random", 0]):
        result = cli(*arguments)
        assert "\x1b" not in result.output
        assert "\u202e" not in result.output
        assert "\\x1b[31m" in result.output
    assert "d\\x1b[31m\\nforged" in cli("inspect", path).stdout


def test_visible_keeps_what_can_be_printed() -> None:
    assert visible("größe 日本") == "größe 日本"
    assert visible("a\x1b\n\x00") == "a\\x1b\\n\\x00"
    assert visible("a\nb", keep="\n") == "a\nb"


def test_a_stream_that_cannot_write_a_character_gets_an_escape(tmp_path: Path) -> None:
    path = tmp_path / "日本.tflite"
    path.write_bytes(models.small())
    done = run("inspect", path, PYTHONIOENCODING="latin-1")
    assert done.returncode == 0, done.stderr
    assert "\\u65e5\\u672c.tflite" in done.stdout


def test_a_reader_that_leaves_does_not_look_like_a_difference() -> None:
    command = [sys.executable, "-m", "intengine", "ops"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as child:
        assert child.stdout is not None
        assert child.stderr is not None
        child.stdout.close()
        assert child.stderr.read() == b""
        assert child.wait() == 141
