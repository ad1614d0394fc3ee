"""Copies that lie where their originals do: nothing is copied, and every byte is the same."""

from collections.abc import Sequence
from typing import Any

import numpy as np

import intengine
from intengine.plan import Plan
from intengine.writer import ModelBuilder

X = np.arange(1, 257, dtype=np.int16).astype(np.int8)


class Graph:
    """A graph of int8 tensors that takes int8[4, 64]."""

    def __init__(self) -> None:
        self.b = ModelBuilder()
        self.made = 0
        self.x = self.tensor((4, 64))

    def tensor(self, shape: Sequence[int]) -> int:
        self.made += 1
        return self.b.tensor(f"t{self.made}", "INT8", tuple(shape), None, scale=1.0, zero_point=0)

    def op(self, name: str, inputs: Sequence[int], shape: Sequence[int], **options: Any) -> int:
        out = self.tensor(shape)
        self.b.op(name, list(inputs), [out], **options)
        return out

    def relu(self, x: int, shape: Sequence[int] = (4, 64)) -> int:
        return self.op("RELU", [x], shape)

    def constant(self, *values: int) -> int:
        self.made += 1
        return self.b.tensor(f"t{self.made}", "INT32", (len(values),), np.array(values, np.int32))

    def check(self, *outputs: int) -> Plan:
        """The plan; running in its arena gives the bytes of a trace, where every tensor has its own."""
        model = self.b.to_bytes([self.x], list(outputs))
        interpreter = intengine.Interpreter(model)
        x = X.reshape(4, 64)
        trace = interpreter.trace(x)
        for name, value in interpreter.run(x).items():
            assert np.array_equal(value, trace[name])
        return interpreter.plan


def test_a_reshaped_tensor_takes_no_bytes() -> None:
    g = Graph()
    shape = g.constant(8, 32)
    y = g.op("RESHAPE", [g.relu(g.x), shape], (8, 32))
    plan = g.check(g.relu(y, (8, 32)))
    assert plan.layout.shared == {(1, 0)}


def test_inputs_and_outputs_of_the_graph_never_share_bytes() -> None:
    g = Graph()
    plan = g.check(g.op("RESHAPE", [g.x, g.constant(8, 32)], (8, 32)))
    assert not plan.layout.shared
    offsets = plan.layout.offsets
    assert len({offsets[i] for i in (*plan.subgraph.inputs, *plan.subgraph.outputs)}) == 2


def test_a_concatenation_is_written_in_place() -> None:
    g = Graph()
    a, b = g.relu(g.x), g.relu(g.x)
    joined = g.op("CONCATENATION", [a, b], (8, 64), axis=0)
    plan = g.check(g.relu(joined, (8, 64)))
    offsets = plan.layout.offsets
    assert plan.layout.shared == {(2, 0), (2, 1)}
    assert (offsets[a], offsets[b]) == (offsets[joined], offsets[joined] + 256)


def test_a_tensor_lies_in_one_of_two_concatenations() -> None:
    g = Graph()
    a, b = g.relu(g.x), g.relu(g.x)
    first = g.op("CONCATENATION", [a, b], (8, 64), axis=0)
    second = g.op("CONCATENATION", [b, a], (8, 64), axis=0)
    twice = g.op("CONCATENATION", [first, first, second], (24, 64), axis=0)
    plan = g.check(g.relu(twice, (24, 64)))
    assert plan.layout.shared == {(2, 0), (2, 1), (4, 0), (4, 2)}


def test_concatenations_along_inner_axes_are_copied() -> None:
    g = Graph()
    joined = g.op("CONCATENATION", [g.relu(g.x), g.relu(g.x)], (4, 128), axis=1)
    assert not g.check(g.relu(joined, (4, 128))).layout.shared


def test_paddings_of_nothing_take_no_bytes_and_others_do() -> None:
    g = Graph()
    none = g.b.tensor("none", "INT32", (2, 2), np.zeros((2, 2), np.int32))
    some = g.b.tensor("some", "INT32", (2, 2), np.array([[0, 1], [0, 0]], np.int32))
    same = g.op("PAD", [g.relu(g.x), none], (4, 64))
    more = g.op("PAD", [same, some], (5, 64))
    assert g.check(g.relu(more, (5, 64))).layout.shared == {(1, 0)}
