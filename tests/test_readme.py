"""README's commands do what it says."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
WIDE = {**os.environ, "COLUMNS": "140"}
README = (ROOT / "README.md").read_text()


def blocks(kind: str) -> list[str]:
    return re.findall(rf"```{kind}\n(.*?)```", README, re.DOTALL)


def run(command: list[str], *, code: int = 0) -> str:
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, env=WIDE)
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout


def words(text: str) -> list[str]:
    """The words, without timings (the last column of the demo's table) and however the lines are broken."""
    return [word for word in re.sub(r"(bit for bit)\s+\d+\.\d{3}$", r"\1", text, flags=re.MULTILINE).split() if word]


def test_the_install_and_test_commands_are_those_of_ci() -> None:
    install, test = (block.strip() for block in blocks("sh"))
    assert install == "python -m pip install . && intengine demo"
    assert test == "python -m pip install -e '.[dev]' && python -m pytest -n 2"
    assert "README.md" in (ROOT / ".ci" / "run").read_text()


def test_the_demo_prints_what_the_readme_shows() -> None:
    (shown,) = (block for block in blocks("console") if block.startswith("$ intengine demo"))
    assert words(run([sys.executable, "-m", "intengine", "demo"])) == words(shown.split("\n", 1)[1])


def test_coverage_prints_what_the_readme_shows() -> None:
    (shown,) = (block for block in blocks("console") if block.startswith("$ intengine coverage"))
    command, output = shown.split("\n", 1)
    assert words(run([sys.executable, "-m", *command[2:].split()])) == words(output)


def test_compare_prints_what_the_readme_shows() -> None:
    (shown,) = (block for block in blocks("console") if block.startswith("$ intengine compare"))
    command, output = shown.split("\n", 1)
    assert words(run([sys.executable, "-m", *command[2:].split()])) == words(output)


@pytest.mark.oracle
@pytest.mark.parametrize("at", [0, 1], ids=["equal", "differs"])
def test_verify_prints_what_the_readme_shows(at: int) -> None:
    pytest.importorskip("ai_edge_litert")
    shown = [block for block in blocks("console") if block.startswith("$ intengine verify")][at]
    command, output = shown.split("\n", 1)
    assert words(run([sys.executable, "-m", *command[2:].split()], code=at)) == words(output)


@pytest.mark.shared
def test_run_prints_what_the_readme_shows(shared: Path) -> None:
    (shown,) = (block for block in blocks("console") if block.startswith("$ intengine run"))
    command, output = shown.split("\n", 1)
    places = {
        "mobilenet_v2_1.0_224_ptq_int8.tflite": shared / "models" / "classification",
        "parrot.jpg": shared / "data" / "images",
        "imagenet_labels.txt": shared / "data" / "labels",
    }
    arguments = [str(places[word] / word) if word in places else word for word in command[2:].split()]
    assert words(run([sys.executable, "-m", *arguments])) == words(output)


def test_the_python_example_runs() -> None:
    example, one_line = blocks("python")
    assert "False" in run([sys.executable, "-c", example])
    run([sys.executable, "-c", one_line])


def test_every_file_the_readme_links_to_is_there() -> None:
    for target in re.findall(r"\]\(([^)#]+)\)", README):
        assert (ROOT / target).exists(), target
