"""The plumbing of `intengine bench`: never what is fast."""

from intengine_kernels import isa

from intengine.benchmark import measure, overhead, peak
from intengine.benchmark.records import Work
from intengine.interpreter import Interpreter
from intengine.report.macs import macs
from intengine.writer import ModelBuilder


def test_everything_is_called_in_turn_and_fast_things_more_often() -> None:
    calls: list[str] = []
    slow = range(40_000)

    def run_slow() -> None:
        calls.append("slow")
        sum(slow)

    found = measure.interleave({"slow": run_slow, "fast": lambda: None}, seconds=0.0, rounds=4)
    assert found["slow"].samples == 4
    assert found["fast"].samples >= 4
    assert calls.count("slow") >= 6  # twice to warm up
    assert found["fast"].low <= found["fast"].median <= found["fast"].high < found["slow"].median


def test_quartiles_are_those_of_the_samples() -> None:
    assert measure.spread([5.0, 1.0, 3.0, 2.0, 4.0]) == measure.Spread(3.0, 2.0, 4.0, 5)


def test_a_chain_has_as_many_steps_as_operators_asked_for() -> None:
    engine = Interpreter(overhead.chain(10))
    assert [step.op for step in engine.plan.steps] == list(overhead.KINDS) * 2


def test_the_peak_is_measured_for_every_instruction_set_of_the_host() -> None:
    for instruction_set in isa.available():
        with isa.use(instruction_set):
            assert all(0 < rate < 1e6 for rate in peak.peaks().values())


def test_the_least_time_adds_up_over_operands_with_their_own_peaks() -> None:
    work = Work({"int8": 4_000_000, "float32": 1_000_000})
    assert work.total == 5_000_000
    assert work.least_ms({"int8": 400.0, "int16": 200.0, "float32": 100.0}) == 0.01 + 0.01


def test_macs_of_recurrent_operators_are_those_of_their_matrices() -> None:
    b = ModelBuilder()
    x = b.tensor("x", "FLOAT32", (2, 7, 5))
    weights = {i: b.tensor(f"w{i}", "FLOAT32", (3, 5) if i < 5 else (3, 3)) for i in range(1, 9)}
    bias = b.tensor("bias", "FLOAT32", (3,))
    state = b.tensor("state", "FLOAT32", (2, 3), is_variable=True)
    out = b.tensor("out", "FLOAT32", (2, 7, 3))
    inputs = [x, *weights.values(), -1, -1, -1, bias, bias, bias, bias, -1, -1, state, state]
    b.op("UNIDIRECTIONAL_SEQUENCE_LSTM", inputs, [out])
    graph = b.build([x], [out]).main
    assert macs(graph.nodes[0], graph) == 2 * 7 * 4 * (3 * 5 + 3 * 3)


def test_macs_follow_the_shapes_of_the_run() -> None:
    b = ModelBuilder()
    x, w, y = b.tensor("x", "INT8", (1, 5)), b.tensor("w", "INT8", (3, 5)), b.tensor("y", "INT8", (1, 3))
    b.op("FULLY_CONNECTED", [x, w, -1], [y])
    graph = b.build([x, w], [y]).main
    assert macs(graph.nodes[0], graph) == 15
    assert macs(graph.nodes[0], graph, {x: (4, 5), y: (4, 3)}) == 60
