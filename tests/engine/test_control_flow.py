"""Subgraphs that call each other, and what outlives a run."""

import numpy as np
import pytest

from intengine import InputError, Interpreter, InvalidModelError
from intengine.ops import control_flow
from intengine.state import Variable
from intengine.writer import ModelBuilder
from tests.cases._graphs import accumulator, growing_loop, loop, table

ONE = np.ones((2,), np.int32)


def test_a_variable_lives_until_reset_forgets_it() -> None:
    engine = Interpreter(accumulator("INT32", (2,), ONE))
    assert [engine.run(ONE)["after"].tolist() for _ in range(3)] == [[2, 2], [3, 3], [4, 4]]
    engine.reset_variables()
    assert engine.run(ONE)["after"].tolist() == [5, 5]
    engine.reset()
    assert engine.run(ONE)["after"].tolist() == [2, 2]


def test_interpreters_share_a_state_when_told_to() -> None:
    model = accumulator("INT32", (2,), ONE)
    first = Interpreter(model)
    second = Interpreter(first.model, state=first.state)
    other = Interpreter(first.model)
    first.run(ONE)
    assert second.run(ONE)["before"].tolist() == [2, 2]
    assert other.run(ONE)["before"].tolist() == [1, 1]


def test_a_trace_has_the_tensors_behind_a_loop_of_unknown_shape() -> None:
    trace = Interpreter(growing_loop(2, 5)).trace(np.array([1, 2], np.int32))
    assert trace["z"].tolist() == [2, 4, 14, 14, 14]


def test_a_loop_without_end_is_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(control_flow, "MAX_ITERATIONS", 100)
    engine = Interpreter(loop("INT32", (2,), ONE, ["ADD"], -1))
    with pytest.raises(InputError, match="A loop ends within 100 iterations"):
        engine.run({"i": np.zeros(1, np.int32), "x": ONE})


def test_subgraphs_cannot_call_themselves() -> None:
    b = ModelBuilder()
    x, y = b.tensor("x", "INT32", (2,)), b.tensor("y", "INT32", (2,))
    inner = b.subgraph("inner")
    inner.inputs, inner.outputs = [inner.tensor("x", "INT32", (2,))], [inner.tensor("y", "INT32", (2,))]
    inner.op("STABLEHLO_COMPOSITE", inner.inputs, inner.outputs, decomposition_subgraph_index=1)
    b.op("STABLEHLO_COMPOSITE", [x], [y], decomposition_subgraph_index=1)
    with pytest.raises(InvalidModelError, match="cannot call itself"):
        Interpreter(b.build([x], [y]))


@pytest.mark.parametrize("subgraph", [-1, 1, 7])
def test_a_subgraph_that_is_not_there_is_refused(subgraph: int) -> None:
    b = ModelBuilder()
    x, y = b.tensor("x", "INT32", (2,)), b.tensor("y", "INT32", (2,))
    b.op("STABLEHLO_COMPOSITE", [x], [y], decomposition_subgraph_index=subgraph)
    with pytest.raises(InvalidModelError, match=r"must be one of 0\.\.0"):
        Interpreter(b.build([x], [y]))


def test_variables_and_tables_must_be_filled_before_use() -> None:
    b = ModelBuilder()
    handle, y = b.tensor("handle", "RESOURCE", (1,)), b.tensor("y", "INT32", (2,))
    b.op("VAR_HANDLE", [], [handle], shared_name="v")
    b.op("READ_VARIABLE", [handle], [y])
    with pytest.raises(InputError, match="assigned before"):
        Interpreter(b.build([], [y])).run({})
    b = ModelBuilder()
    handle, y = b.tensor("handle", "RESOURCE", (1,)), b.tensor("y", "INT64", (1,))
    b.op("HASHTABLE", [], [handle], table_id=1, key_dtype=4, value_dtype=5)
    b.op("HASHTABLE_SIZE", [handle], [y])
    with pytest.raises(InputError, match="filled before"):
        Interpreter(b.build([], [y])).run({})


def test_a_variable_of_another_shape_is_refused() -> None:
    b = ModelBuilder()
    x, handle, y = b.tensor("x", "INT32", (2,)), b.tensor("handle", "RESOURCE", (1,)), b.tensor("y", "INT32", (3,))
    b.op("VAR_HANDLE", [], [handle], shared_name="v")
    b.op("ASSIGN_VARIABLE", [handle, x], [])
    b.op("READ_VARIABLE", [handle], [y])
    with pytest.raises(InputError, match=r"shape \[3\]; it has \[2\]"):
        Interpreter(b.build([x], [y])).run(ONE)


def test_a_variable_that_is_read_before_it_is_assigned_is_refused_in_every_run() -> None:
    b = ModelBuilder()
    x, handle = b.tensor("x", "INT32", (2,)), b.tensor("handle", "RESOURCE", (1,))
    before, after = b.tensor("before", "INT32", (2,)), b.tensor("after", "INT32", (2,))
    b.op("VAR_HANDLE", [], [handle], shared_name="v")
    b.op("READ_VARIABLE", [handle], [before])
    b.op("ADD", [before, x], [after])
    b.op("ASSIGN_VARIABLE", [handle, after], [])
    engine = Interpreter(b.build([x], [after]))
    for _ in range(3):
        with pytest.raises(InputError, match="assigned before"):
            engine.run(ONE)
        engine.reset()


def test_a_place_that_is_made_late_has_the_value_that_the_variable_holds() -> None:
    variable = Variable()
    variable.assign(ONE)
    place = variable.place(ONE.dtype, ONE.shape)
    assert np.array_equal(place.values, ONE)
    assert place.current == place.number
    assert variable.place(ONE.dtype, ONE.shape).values is place.values


def test_a_variable_of_ever_new_shapes_holds_one_value() -> None:
    variable = Variable()
    place = variable.place(np.dtype(np.int32), (2,))
    for size in range(1, 5):
        variable.assign(np.arange(size, dtype=np.int32))
        value = variable.value
        assert value is not None
        assert value.tolist() == list(range(size))
        assert (value is place.values) == (size == 2)
    variable.forget()
    assert variable.value is None


def test_strings_come_as_str_or_bytes() -> None:
    words = np.array([b"a", b"b"], object)
    engine = Interpreter(table(words, np.array([1, 2]), -1, (2,)))
    assert engine.run(np.array(["b", "c"]))["y"].tolist() == [2, -1]
    assert engine.run(np.array([b"b", b"a"]))["y"].tolist() == [2, 1]
    with pytest.raises(InputError, match="takes strings"):
        engine.run(np.array([1, 2]))
