"""Results as JSON, compared; traces."""

import json
from pathlib import Path
from typing import Any

import pytest

from intengine.benchmark import files
from intengine.benchmark.measure import Spread
from intengine.benchmark.records import About, ModelResult, NodeResult, Options, State
from intengine.errors import InputError


def result(ours: Spread, reference: float = 10.0, **more: Any) -> ModelResult:
    times = {"intengine": ours, "reference": Spread(reference, reference, reference, 3)}
    return ModelResult("m.tflite", "a/m.tflite", State.TIMED, equal=True, times=times, **more)


def data(*results: ModelResult, **options: Any) -> dict[str, Any]:
    about = About("cpu", "os", "3.11", {}, "generic", {"int8": 1.0}, Options(**options))
    return json.loads(json.dumps(files.as_data(about, results)))


def test_a_time_outside_the_others_quartiles_has_changed() -> None:
    before = data(result(Spread(1.0, 0.9, 1.1, 9)))
    (same,) = files.changes(before, data(result(Spread(1.15, 1.05, 1.2, 9))))
    (slower,) = files.changes(before, data(result(Spread(1.3, 1.2, 1.4, 9))))
    (faster,) = files.changes(before, data(result(Spread(0.5, 0.4, 0.6, 9))))
    assert [change.is_beyond for change in (same, slower, faster)] == [False, True, True]
    assert (slower.ratio, faster.ratio) == (1.3, 0.5)


def test_a_slower_machine_is_not_a_slower_engine_relative_to_another_side() -> None:
    before, after = data(result(Spread(1.0, 0.9, 1.1, 9))), data(result(Spread(2.0, 1.8, 2.2, 9), reference=20.0))
    assert files.changes(before, after)[0].is_beyond
    (relative,) = files.changes(before, after, relative_to="reference")
    assert (relative.ratio, relative.is_beyond) == (1.0, False)


def test_nodes_are_compared_by_index() -> None:
    def node(ms: float) -> NodeResult:
        return NodeResult(4, "ADD", "sum", (), (), 0, {"intengine": Spread(ms, ms, ms, 5)})

    old, new = (data(result(Spread(1.0, 1.0, 1.0, 5), nodes=(node(ms),))) for ms in (0.1, 0.2))
    whole, part = files.changes(old, new)
    assert (whole.node, part.node, part.op, part.ratio) == (None, 4, "ADD", 2.0)


def test_what_cannot_be_compared_is_refused(tmp_path: Path) -> None:
    one = data(result(Spread(1.0, 1.0, 1.0, 5)))
    with pytest.raises(InputError, match="none in common"):
        files.changes(one, data())
    with pytest.raises(InputError, match="same batch"):
        files.changes(one, data(result(Spread(1.0, 1.0, 1.0, 5)), batch=2))
    (tmp_path / "other.json").write_text('{"format": "something"}')
    with pytest.raises(InputError, match="version 1"):
        files.read(tmp_path / "other.json")


def test_a_trace_has_a_process_for_each_model() -> None:
    event = {"name": "ADD", "ph": "X", "ts": 0.0, "dur": 1.0, "tid": 1, "args": {}}
    made = files.trace([result(Spread(1, 1, 1, 1), trace=(event,)), result(Spread(1, 1, 1, 1), trace=(event,))])
    assert [(e["ph"], e["pid"]) for e in made["traceEvents"]] == [("M", 1), ("X", 1), ("M", 2), ("X", 2)]


def test_traces_are_not_in_the_results() -> None:
    assert "trace" not in data(result(Spread(1, 1, 1, 1), trace=({"name": "ADD"},)))["models"][0]
