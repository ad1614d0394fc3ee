"""`intengine run`: what goes in, what comes out, what was assumed."""

import json
import sys
from pathlib import Path

import numpy as np
import pytest

import intengine
from tests.cli import models


@pytest.fixture
def x(tmp_path: Path) -> Path:
    np.save(tmp_path / "x.npy", np.arange(48, dtype=np.int8).reshape(1, 4, 4, 3))
    return tmp_path / "x.npy"


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    image = pytest.importorskip("PIL.Image")
    pixels = np.random.default_rng(0).integers(0, 256, (4, 4, 3), dtype=np.uint8)
    image.fromarray(pixels).save(tmp_path / "picture.png")
    return tmp_path / "picture.png"


def outputs(result) -> np.ndarray:
    assert result.exit_code == 0, result.output
    return np.array(json.loads(result.stdout)["outputs"]["scores"]["values"])


def test_outputs_are_those_of_the_interpreter(cli, small: Path, x: Path) -> None:
    expected = intengine.Interpreter(small).run(np.load(x))["scores"]
    assert np.array_equal(outputs(cli("run", small, "--input", x, "--json")), expected)
    assert np.array_equal(outputs(cli("run", small, "--input", f"image={x}", "--json")), expected)


def test_output_files_are_not_overwritten_without_force(cli, small: Path, x: Path, tmp_path: Path) -> None:
    to = tmp_path / "out.npz"
    assert cli("run", small, "--input", x, "--output", to).exit_code == 0
    expected = intengine.Interpreter(small).run(np.load(x))["scores"]
    with np.load(to) as saved:
        assert np.array_equal(saved["scores"], expected)
    again = cli("run", small, "--input", x, "--output", to)
    assert again.exit_code == 2
    assert "--force" in again.stderr
    assert cli("run", small, "--input", x, "--output", to, "--force").exit_code == 0


def test_a_wrong_dtype_exits_2_and_says_what_was_expected(cli, small: Path, tmp_path: Path) -> None:
    np.save(tmp_path / "f.npy", np.zeros((1, 4, 4, 3), np.float32))
    result = cli("run", small, "--input", tmp_path / "f.npy")
    assert result.exit_code == 2
    assert "int8" in result.stderr


def test_float_quantizes_inputs_and_dequantizes_outputs(cli, small: Path, tmp_path: Path) -> None:
    real = np.random.default_rng(1).random((1, 4, 4, 3), np.float32)
    np.save(tmp_path / "f.npy", real)
    expected = intengine.Interpreter(small).run_float(real)["scores"]
    got = outputs(cli("run", small, "--input", tmp_path / "f.npy", "--float", "--json"))
    assert np.array_equal(got.astype(np.float32), expected)


def test_labels_come_with_the_greatest_scores_first(cli, small: Path, x: Path, tmp_path: Path) -> None:
    (tmp_path / "labels.txt").write_text("ant\nbee\ncat\ndog\nelk\n")
    result = cli("run", small, "--input", x, "--labels", tmp_path / "labels.txt", "--top-k", 2, "--json")
    top = json.loads(result.stdout)["top"]
    scores = intengine.Interpreter(small).run(np.load(x))["scores"][0]
    assert len(top) == 2
    assert top[0]["value"] == scores.max()
    assert top[0]["label"] == ["ant", "bee", "cat", "dog", "elk"][int(scores.argmax())]


def test_pixels_of_an_int8_input_are_moved_by_128_and_this_is_said(cli, small: Path, picture: Path) -> None:
    from PIL import Image

    pixels = np.asarray(Image.open(picture)).astype(np.int16)[None] - 128
    expected = intengine.Interpreter(small).run(pixels.astype(np.int8))["scores"]
    assert np.array_equal(outputs(cli("run", small, "--input", picture, "--json")), expected)
    assert "value = pixel - 128" in cli("run", small, "--input", picture).stdout


def test_mean_and_std_go_through_the_scale(cli, small: Path, picture: Path) -> None:
    plain = outputs(cli("run", small, "--input", picture, "--json"))
    same = outputs(cli("run", small, "--input", picture, "--mean", "0", "--std", "255,255,255", "--json"))
    assert np.array_equal(plain, same)
    other = cli("run", small, "--input", picture, "--mean", "1,2")
    assert other.exit_code == 2


def test_missing_pillow_says_how_to_install(cli, small: Path, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "PIL", None)
    result = cli("run", small, "--input", tmp_path / "picture.png")
    assert result.exit_code == 2
    assert "pip install 'intengine[image]'" in result.stderr


def test_a_file_that_is_no_picture_exits_2(cli, small: Path, tmp_path: Path) -> None:
    pytest.importorskip("PIL")
    (tmp_path / "x.png").write_bytes(b"not a picture")
    assert cli("run", small, "--input", tmp_path / "x.png").exit_code == 2


def test_several_inputs_are_given_by_name(cli, two: Path, tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", np.int8([[1, 2, 3]]))
    path = tmp_path / "a.npy"
    assert cli("run", two, "--input", f"a={path}", "--input", f"b={path}").exit_code == 0
    assert "missing: 'b'" in cli("run", two, "--input", f"a={path}").stderr
    assert "came twice" in cli("run", two, "--input", f"a={path}", "--input", f"a={path}").stderr
    assert "'zebra'" in cli("run", two, "--input", f"zebra={path}").stderr
    assert cli("run", two, "--input", path).exit_code == 2


def test_a_run_needs_inputs(cli, small: Path) -> None:
    assert cli("run", small).exit_code == 2
    assert cli("run", small, "--random", 0, "--input", "x.npy").exit_code == 2


def test_profile_times_every_node(cli, small: Path) -> None:
    result = cli("run", small, "--random", 0, "--times", "--json")
    timings = json.loads(result.stdout)["times"]
    assert [timing["op"] for timing in timings] == ["CONV_2D", "RESHAPE", "FULLY_CONNECTED"]
    assert all(timing["milliseconds"] > 0 for timing in timings)
    assert "ms in operators" in cli("run", small, "--random", 0, "--times").stdout


def test_real_numbers_without_float_are_refused_with_a_hint(cli, small: Path, tmp_path: Path) -> None:
    np.save(tmp_path / "f.npy", np.zeros((1, 4, 4, 3), np.float32))
    assert "add --float" in cli("run", small, "--input", tmp_path / "f.npy").stderr


@pytest.mark.parametrize("name", ["file", "a/b:0", "..", "ä"])
def test_an_output_may_have_any_name(cli, tmp_path: Path, name: str) -> None:
    model, to = tmp_path / "m.tflite", tmp_path / "out.npz"
    model.write_bytes(models.named(name))
    np.save(tmp_path / "x.npy", np.int8([[1, 2, 3]]))
    assert cli("run", model, "--input", tmp_path / "x.npy", "--output", to).exit_code == 0
    with np.load(to) as saved:
        assert saved.files == [name]
        assert saved[name].tolist() == [[2, 4, 6]]


def test_a_wrong_number_of_labels_is_said(cli, small: Path, x: Path, tmp_path: Path) -> None:
    (tmp_path / "labels.txt").write_text("ant\nbee\n")
    assert "2 labels for 5 scores" in cli("run", small, "--input", x, "--labels", tmp_path / "labels.txt").stdout


def test_mean_without_an_image_is_refused(cli, small: Path, x: Path) -> None:
    result = cli("run", small, "--input", x, "--mean", "3")
    assert result.exit_code == 2
    assert "for images" in result.stderr


def test_pictures_with_16_bits_are_refused_not_clipped(cli, small: Path, tmp_path: Path) -> None:
    image = pytest.importorskip("PIL.Image")
    image.fromarray(np.arange(16, dtype=np.uint16).reshape(4, 4) * 4096).save(tmp_path / "deep.png")
    result = cli("run", small, "--input", tmp_path / "deep.png")
    assert result.exit_code == 2
    assert "8 bits" in result.stderr


def test_pictures_are_turned_as_their_exif_says_and_this_is_said(cli, small: Path, tmp_path: Path) -> None:
    image = pytest.importorskip("PIL.Image")
    pixels = np.random.default_rng(0).integers(0, 256, (4, 4, 3), dtype=np.uint8)
    exif = image.Exif()
    exif[0x0112] = 6  # to be turned clockwise
    image.fromarray(pixels).save(tmp_path / "turned.png", exif=exif)
    image.fromarray(np.rot90(pixels, -1)).save(tmp_path / "upright.png")
    assert "EXIF" in cli("run", small, "--input", tmp_path / "turned.png").stdout
    assert np.array_equal(
        outputs(cli("run", small, "--input", tmp_path / "turned.png", "--json")),
        outputs(cli("run", small, "--input", tmp_path / "upright.png", "--json")),
    )


def test_alpha_that_is_left_out_is_said(cli, small: Path, tmp_path: Path) -> None:
    image = pytest.importorskip("PIL.Image")
    image.fromarray(np.full((4, 4, 4), 9, np.uint8)).save(tmp_path / "alpha.png")
    assert "alpha left out" in cli("run", small, "--input", tmp_path / "alpha.png").stdout
