"""The smallest set of operators whose float32 makes a model good."""

import math
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from intengine import InputError, Interpreter, Model
from intengine.accuracy.bisect import Bisection, Check, Command, bisect, parse_check
from intengine.accuracy.dataset import read_dataset
from intengine.accuracy.experiment import Experiment, Metric
from intengine.accuracy.faults import plant
from intengine.runners import RunnerError
from tests.accuracy.networks import digits, digits_data

COUNT = 8
LIKE_BEFORE = Check(Metric.SQNR, ">=", 40.0)


def experiment(model: Model) -> Experiment:
    images, labels = digits_data(COUNT)
    return Experiment(model, read_dataset(Interpreter(model), images, labels=labels), reference=digits("float32"))


def damaged(cause: str, node: int) -> Experiment:
    fault = plant(digits("int8"), cause, node)
    assert fault is not None
    found = experiment(fault.model)
    assert found.score(()).sqnr < LIKE_BEFORE.bound
    return found


@pytest.mark.parametrize(
    ("cause", "node"), [("weight-scale", 3), ("bias", 2), ("bias", 4), ("operator", 5), ("operator", 11)]
)
def test_a_planted_bad_layer_is_all_that_is_found(cause: str, node: int) -> None:
    found = bisect(damaged(cause, node), LIKE_BEFORE)
    assert found.reached
    assert found.nodes == (node,)
    assert found.order[0] == node
    assert found.found.sqnr >= 40


def test_a_clipped_range_is_found_with_the_operator_that_reads_it() -> None:
    # In float32 alone, its output would still be quantized with the range that is too small.
    assert bisect(damaged("clipped-range", 11), LIKE_BEFORE).nodes == (11, 12)


def test_binary_and_linear_search_agree_and_binary_asks_less() -> None:
    check = Check(Metric.SQNR, ">=", 50.0)
    binary, linear = (bisect(experiment(digits("int8")), check, method=way) for way in ("binary", "linear"))
    assert binary.found.sqnr >= 50
    assert linear.found.sqnr >= 50
    assert set(binary.nodes) == set(linear.nodes)
    beginnings = {
        found.method: [s for s in found.steps if s.phase in ("halving", "adding")] for found in (binary, linear)
    }
    assert len(beginnings["binary"]) <= math.ceil(math.log2(len(binary.order)))
    assert [len(step.nodes) for step in beginnings["linear"]] == list(range(1, len(beginnings["linear"]) + 1))


def test_no_operator_of_the_set_can_be_taken_out() -> None:
    work = experiment(digits("int8"))
    check = Check(Metric.SQNR, ">=", 52.0)
    found = bisect(work, check)
    assert len(found.nodes) > 1
    for node in found.nodes:
        assert not check.passes(work.score(set(found.nodes) - {node}))


def test_a_good_model_needs_nothing_and_no_ranking() -> None:
    found = bisect(experiment(digits("int8")), parse_check("sqnr>=20"))
    assert (found.reached, found.nodes, found.checks) == (True, (), 1)
    assert not found.order


def test_what_not_even_float_reaches_is_said() -> None:
    found = bisect(experiment(digits("int8")), Check(Metric.AGREEMENT, ">", 1.0))
    assert not found.reached
    assert found.checks == 2


def test_evaluations_are_counted() -> None:
    work = damaged("bias", 4)
    found = bisect(work, LIKE_BEFORE)
    assert found.runs == work.runs == found.checks + len(work.candidates) - _shared(found, work)


def _shared(found: Bisection, work: Experiment) -> int:
    """Questions that the ranking had answered already."""
    ranked = {frozenset(work.candidates) - {node} for node in work.candidates}
    return sum(frozenset(step.nodes) in ranked for step in found.steps)


def program(folder: Path, text: str) -> Command:
    path = folder / "judge.py"
    path.write_text(f"import sys\nimport numpy as np\nmodel, outputs = sys.argv[1:]\n{text}\n")
    return Command(f"{sys.executable} {path}")


def test_a_command_judges_the_candidate_by_its_file_and_its_outputs(tmp_path: Path) -> None:
    # What tells the damaged operator: with SUB in place of ADD, the probabilities of these images change.
    labels = digits_data(COUNT)[1].tolist()
    judge = program(
        tmp_path,
        "assert open(model, 'rb').read(8)[4:] == b'TFL3'\n"
        "scores = next(iter(np.load(outputs).values()))\n"
        f"assert scores.dtype == np.int8 and scores.shape == ({COUNT}, 1, 10)\n"
        f"sys.exit(0 if (scores.argmax(-1).ravel() == {labels}).all() else 1)",
    )
    found = bisect(damaged("operator", 5), judge)
    assert found.reached
    assert found.nodes == (5,)
    assert all(step.scores is None for step in found.steps)


def test_a_command_that_cannot_run_is_an_error(tmp_path: Path) -> None:
    work = experiment(digits("int8"))
    with pytest.raises(RunnerError, match="can be started"):
        bisect(work, Command(str(tmp_path / "nothing")))
    with pytest.raises(RunnerError, match="by signal 9"):
        bisect(work, program(tmp_path, "import os; os.kill(os.getpid(), 9)"))


@pytest.mark.parametrize("text", ["sqnr", "sqnr<=3", "psnr>=3", "sqnr>=x", "sqnr>=nan", "", "sqnr>=1 2"])
def test_other_checks_are_refused(text: str) -> None:
    with pytest.raises(InputError, match="A check is written"):
        parse_check(text)


@pytest.mark.parametrize("text", ["", "a 'b"])
def test_empty_and_unfinished_commands_are_refused(text: str) -> None:
    with pytest.raises(InputError, match="A command must"):
        Command(text)


def test_other_methods_are_refused() -> None:
    with pytest.raises(InputError, match='"binary" or "linear"'):
        bisect(experiment(digits("int8")), LIKE_BEFORE, method="ternary")


def test_checks_say_what_they_are() -> None:
    checks: Sequence[str] = ["sqnr>=30", "agreement>0.99", "accuracy>=0.9"]
    assert [str(parse_check(f" {text} ")) for text in checks] == checks
