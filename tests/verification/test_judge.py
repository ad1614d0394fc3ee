"""Planted faults: the other side does one thing differently; the node that does it is named, those after it are not."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import intengine
from intengine import numerics
from intengine.model import Model, Node
from intengine.numerics import Delegate
from intengine.trace import Trace
from intengine.verification import Cause, Role, verify
from intengine.writer import dump

MODEL = Path(intengine.__file__).parent / "data" / "digits" / "digits_int8.tflite"
FIRST, SECOND, DEPTHWISE = 0, 2, 3


def _image(model: Model) -> np.ndarray:
    spec = model.main.tensors[model.main.inputs[0]]
    return np.random.default_rng(5).integers(-128, 128, spec.shape, np.int8)


def _with_weights(model: Model, node: int, **changes: object) -> Model:
    """The model with something else about one node's weights."""
    graph = model.main
    index = graph.nodes[node].inputs[1]
    tensors = tuple(replace(t, **changes) if t.index == index else t for t in graph.tensors)
    return intengine.load(dump(replace(model, subgraphs=(replace(graph, tensors=tensors),))))


def _saved(trace: Trace, path: Path) -> str:
    trace.save(path)
    return str(path)


def _assert_only_culprit(result: object, node: int) -> None:
    assert [report.node for report in result.culprits] == [node]
    later = [report for report in result.nodes if report.node > node and report.differing]
    assert all(report.role in (Role.PROPAGATED, Role.EXACT) for report in result.nodes if report.node != node)
    assert all(report.role is Role.PROPAGATED for report in later)
    assert any(report.role is Role.PROPAGATED for report in result.nodes)


@pytest.mark.parametrize("node", [FIRST, DEPTHWISE])
def test_one_changed_multiplier_is_found(node: int, tmp_path: Path) -> None:
    model = intengine.load(MODEL)
    quantization = model.main.tensors[model.main.nodes[node].inputs[1]].quantization
    scale = quantization.scale.copy()
    scale[3] *= np.float32(1.25)
    other = _with_weights(model, node, quantization=replace(quantization, scale=scale))
    trace = intengine.Interpreter(other).trace(_image(model))
    result = verify(MODEL, against=_saved(trace, tmp_path / "dump.npz"))
    _assert_only_culprit(result, node)
    assert result.culprits[0].worst[1][-1] == 3


@pytest.mark.parametrize("node", [FIRST, DEPTHWISE])
def test_one_swapped_axis_is_found_and_structural(node: int, tmp_path: Path) -> None:
    model = intengine.load(MODEL)
    spec = model.main.tensors[model.main.nodes[node].inputs[1]]
    turned = np.ascontiguousarray(spec.raw.reshape(spec.shape).swapaxes(1, 2)).reshape(-1)
    trace = intengine.Interpreter(_with_weights(model, node, raw=turned)).trace(_image(model))
    result = verify(MODEL, against=_saved(trace, tmp_path / "dump.npz"))
    _assert_only_culprit(result, node)
    assert result.culprits[0].cause is Cause.STRUCTURAL


def _rounded_as(profile: str, node: int) -> numerics.Numerics:
    """The reference profile, with another's arithmetic in one node."""

    def takes(view: object) -> bool:
        found: Node = view.node
        return found.index == node

    return replace(numerics.get("litert-reference"), delegate=Delegate(takes, numerics.get(profile)))


@pytest.mark.parametrize("node", [SECOND, DEPTHWISE])
def test_one_changed_rounding_is_found_and_named(node: int, tmp_path: Path) -> None:
    model = intengine.load(MODEL)
    trace = intengine.Interpreter(model, profile=_rounded_as("litert-xnnpack", node)).trace(_image(model))
    result = verify(MODEL, against=_saved(trace, tmp_path / "dump.npz"))
    _assert_only_culprit(result, node)
    assert result.culprits[0].cause is Cause.ROUNDING
    assert "litert-xnnpack" in result.culprits[0].profiles


def test_what_the_dump_does_not_show_is_undecided_or_not_seen(tmp_path: Path) -> None:
    model = intengine.load(MODEL)
    trace = intengine.Interpreter(model).trace(_image(model))
    graph = model.main
    kept = {i: trace[i].copy() for i in (graph.inputs[0], graph.outputs[0])}
    kept[graph.outputs[0]].reshape(-1)[0] ^= 1
    names = {i: graph.tensors[i].name for i in kept}
    np.savez(tmp_path / "dump.npz", **{names[i]: array for i, array in kept.items()})
    result = verify(MODEL, against=str(tmp_path / "dump.npz"))
    assert result.nodes[-1].role is Role.UNDECIDED
    assert {report.role for report in result.nodes[:-1]} == {Role.UNSEEN}


def test_a_dump_of_something_else_is_refused(tmp_path: Path) -> None:
    np.savez(tmp_path / "dump.npz", nonsense=np.zeros(3))
    with pytest.raises(intengine.InputError, match="names or indices"):
        verify(MODEL, against=str(tmp_path / "dump.npz"))


def test_an_equal_dump_has_no_culprit(tmp_path: Path) -> None:
    trace = intengine.Interpreter(MODEL).trace(_image(intengine.load(MODEL)))
    result = verify(MODEL, against=_saved(trace, tmp_path / "dump.npz"))
    assert result.identical
    assert {report.role for report in result.nodes} == {Role.EXACT}
