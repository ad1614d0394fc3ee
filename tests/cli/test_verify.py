"""`intengine verify` and `intengine.verification`: what is compared, and what differing looks like."""

import json
from pathlib import Path

import numpy as np
import pytest

from intengine import InputError, Interpreter, MissingDependencyError
from intengine.runners import LiteRTRunner, RunnerError
from intengine.runners import _child as runner_module
from intengine.samples import Random, parse
from intengine.verification import sides, verify
from intengine.writer import ModelBuilder
from tests.cli.models import FakeLiteRT, named, small, two_inputs, without_inputs, without_nodes

CONV, FLAT = 2, 4


@pytest.fixture
def litert(monkeypatch: pytest.MonkeyPatch) -> FakeLiteRT:
    fake = FakeLiteRT()
    monkeypatch.setattr(sides, "open_runner", lambda profile: fake)
    return fake


def test_equal_models_exit_0_and_count_what_was_compared(cli, litert, small: Path) -> None:
    result = cli("verify", small, "--inputs", "random:3:7")
    assert result.exit_code == 0, result.output
    assert "EQUAL bit for bit" in result.stdout
    assert f"{3 * (32 + 32 + 5)} integer bytes" in result.stdout
    assert result.stderr == ""


def test_a_difference_exits_1_and_names_the_first_operator(cli, litert, small: Path) -> None:
    litert.change = CONV
    result = cli("verify", small)
    assert result.exit_code == 1
    assert "DIFFERS" in result.stdout
    assert "run 0, node 0 CONV_2D, tensor 2 'conv'" in result.stdout
    assert "[0, 0, 0, 1]" in result.stdout


def test_json_has_sums_and_the_first_difference(cli, litert, small: Path) -> None:
    litert.change = FLAT
    result = cli("verify", small, "--json", "--inputs", "random:2:0")
    assert result.exit_code == 1
    data = json.loads(result.stdout)
    assert not data["ok"]
    assert data["first_difference"]["tensor"]["op"] == "RESHAPE"
    assert data["integer_differing"] == 2
    assert data["inputs"] == 2
    assert [tensor["verdict"] for tensor in data["tensors"]] == ["equal", "differs", "equal"]


def test_all_lists_every_tensor(cli, litert, small: Path) -> None:
    assert "scores" in cli("verify", small, "--all").stdout


def test_tensors_that_litert_cannot_show_are_said(cli, litert, small: Path) -> None:
    litert.hide = CONV
    result = cli("verify", small)
    assert result.exit_code == 0
    assert "Not compared" in result.stdout
    assert "tensors 2" in result.stdout


def test_missing_litert_exits_2_and_says_how_to_install(cli, monkeypatch: pytest.MonkeyPatch, small: Path) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    result = cli("verify", small)
    assert result.exit_code == 2
    assert "pip install 'intengine[verify]'" in result.stderr


@pytest.mark.parametrize("crashed", [False, True])
def test_litert_refusing_or_crashing_exits_3(cli, litert, small: Path, crashed: bool) -> None:
    def load(*args: object, **kwargs: object) -> None:
        raise RunnerError("LiteRT's process died." if crashed else "no such thing", crashed=crashed)

    litert.load = load
    result = cli("verify", small)
    assert result.exit_code == 3
    assert ("died" if crashed else "runtime refuses") in result.stderr


def test_an_npy_of_the_wrong_dtype_exits_2(cli, litert, small: Path, tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", np.zeros((1, 4, 4, 3), np.float32))
    result = cli("verify", small, "--inputs", tmp_path / "x.npy")
    assert result.exit_code == 2
    assert "must have dtype int8" in result.stderr


@pytest.mark.parametrize("shape", [(1, 4, 4, 3), (3, 4, 4, 3), (3, 1, 4, 4, 3)])
def test_an_npy_is_one_sample_or_several(litert, shape: tuple[int, ...], tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", np.ones(shape, np.int8))
    assert verify(small(), tmp_path / "x.npy", runner=litert).inputs == shape[0]


def test_an_npz_has_an_array_for_each_input(litert, tmp_path: Path) -> None:
    np.savez(tmp_path / "x.npz", a=np.ones((4, 3), np.int8), b=np.ones((4, 3), np.int8))
    assert verify(two_inputs(), tmp_path / "x.npz", runner=litert).inputs == 4
    np.savez(tmp_path / "x.npz", a=np.ones((4, 3), np.int8))
    with pytest.raises(InputError, match="one array for each input"):
        verify(two_inputs(), tmp_path / "x.npz", runner=litert)


def test_a_folder_gives_its_files_in_order(litert, tmp_path: Path) -> None:
    for name in ("b", "a"):
        np.save(tmp_path / f"{name}.npy", np.ones((1, 4, 4, 3), np.int8))
    (tmp_path / "notes.txt").write_text("not an input")
    assert verify(small(), tmp_path, runner=litert).inputs == 2


def test_an_empty_folder_is_refused(litert, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="has none"):
        verify(small(), tmp_path, runner=litert)


def test_a_damaged_npz_is_refused(litert, tmp_path: Path) -> None:
    (tmp_path / "x.npz").write_bytes(b"PK\3\4 broken")
    with pytest.raises(InputError, match="readable"):
        verify(small(), tmp_path / "x.npz", runner=litert)


def test_random_is_written_with_count_and_seed() -> None:
    assert parse("random") == Random(5, 0)
    assert parse("random:3") == Random(3, 0)
    assert parse("random:3:9") == Random(3, 9)
    for text in ("random:0", "random:x", "random:1:2:3", "nowhere.npy"):
        with pytest.raises(InputError):
            parse(text)


def test_the_same_seed_draws_the_same_samples(litert) -> None:
    first, again, other = (verify(small(), Random(1, seed), runner=litert) for seed in (1, 1, 2))
    assert first.tensors == again.tensors
    assert other.ok


def test_progress_counts_the_runs(litert) -> None:
    said: list[tuple[int, int | None]] = []
    verify(small(), Random(2, 0), runner=litert, progress=lambda run, runs, text: said.append((run, runs)))
    assert set(said) == {(0, 2), (1, 2)}


@pytest.mark.oracle
@pytest.mark.parametrize("model", [small(), two_inputs()], ids=["small", "two inputs"])
def test_live_litert_agrees(model: bytes) -> None:
    pytest.importorskip("ai_edge_litert")
    assert verify(model, Random(3, 1)).identical


def test_a_model_without_inputs_is_compared_once(litert) -> None:
    result = verify(without_inputs(), runner=litert)
    assert result.identical
    assert (result.inputs, result.integer_bytes) == (5, 3)


def test_nothing_to_compare_is_not_equal(cli, litert, tmp_path: Path) -> None:
    path = tmp_path / "x.tflite"
    path.write_bytes(without_nodes())
    result = cli("verify", path)
    assert result.exit_code == 3
    assert "computes nothing" in result.stderr
    path.write_bytes(named("y"))
    litert.hide = 1
    result = cli("verify", path)
    assert result.exit_code == 3
    assert "shows none" in result.stderr


def test_the_primary_subgraph_is_verified_whatever_the_first_signature(litert) -> None:
    b = ModelBuilder()
    x, y = (b.tensor(name, "INT8", (1, 3), scale=0.5) for name in "xy")
    b.op("ADD", [x, x], [y])
    other = b.subgraph("other")
    u, v = (other.tensor(name, "INT8", (1, 3), scale=0.5) for name in "uv")
    other.op("MUL", [u, u], [v])
    other.inputs, other.outputs = [u], [v]
    b.signature("first", {"u": u}, {"v": v}, subgraph=1)
    b.signature("second", {"x": x}, {"y": y})
    result = verify(b.to_bytes([x], [y]), runner=litert)
    assert [tensor.op for tensor in result.tensors] == ["ADD"]


def test_a_folder_may_have_pictures(litert, tmp_path: Path) -> None:
    image = pytest.importorskip("PIL.Image")
    image.fromarray(np.zeros((9, 5, 3), np.uint8)).save(tmp_path / "a.png")
    assert verify(small(), tmp_path, runner=litert).inputs == 1


def test_interrupting_does_not_look_like_a_difference(cli, litert, small: Path) -> None:
    def run(*args: object) -> None:
        raise KeyboardInterrupt

    litert.run = run
    assert cli("verify", small).exit_code == 130


def test_litert_that_cannot_be_imported_is_not_a_refusal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: True)
    monkeypatch.setattr(runner_module, "receive", lambda pipe: (False, "ImportError: no libfoo.so"))
    with LiteRTRunner() as runner, pytest.raises(MissingDependencyError, match="libfoo"):
        runner.load(b"")


@pytest.mark.oracle
def test_modules_in_the_current_folder_do_not_reach_litert(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("ai_edge_litert")
    (tmp_path / "pickle.py").write_text("raise SystemExit(1)")
    monkeypatch.chdir(tmp_path)
    assert verify(two_inputs(), Random(1, 0)).identical


@pytest.mark.oracle
def test_a_crash_of_litert_is_an_error_here() -> None:
    """LiteRT's reference SOFTMAX aborts on 1001 equal logits; the runner goes on with a new process."""
    pytest.importorskip("ai_edge_litert")
    b = ModelBuilder()
    x = b.tensor("x", "INT8", (1, 1001), scale=0.1)
    y = b.tensor("y", "INT8", (1, 1001), scale=1 / 256, zero_point=-128)
    b.op("SOFTMAX", [x], [y], version=2, beta=1.0)
    model = b.to_bytes([x], [y])
    logits = np.zeros((1, 1001), np.int8)
    with LiteRTRunner() as runner:
        runner.load(model)
        with pytest.raises(RunnerError, match="died") as caught:
            runner.run({x: logits}, (y,))
        assert caught.value.crashed
        runner.load(small())
    assert np.array_equal(Interpreter(model).run(logits)["y"], np.full((1, 1001), -128, np.int8))
