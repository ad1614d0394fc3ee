"""Each rule finds its fault in a small model, and nothing in the sound one that the fault was put into."""

import json
from collections.abc import Callable
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

from intengine import InputError, Interpreter, lint, linting, load
from intengine.cli import main
from intengine.linting import Severity, accumulator_bounds, rules
from intengine.model import Model
from intengine.writer import ModelBuilder

RELU = 1
ERROR, WARNING, INFO = Severity.ERROR, Severity.WARNING, Severity.INFO
DIGITS = Path(str(files("intengine"))) / "data" / "digits"


def layer(
    op: str = "CONV_2D", *, x: Any = ("INT8", 0.5, -3), w: Any = None, kind: str = "INT8", w_scale: Any = 0.25,
    w_zero: Any = None, axis: int = 0, bias: Any = (5, -6, 7, 8), bias_kind: str = "INT32", bias_scale: Any = None,
    bias_zero: Any = None, out: Any = ("INT8", 32.0, 4), activation: int = 0,
) -> Model:  # fmt: skip
    """A layer of 3 inputs and 4 outputs; by default sound."""
    b = ModelBuilder()
    shape = {"CONV_2D": (4, 1, 1, 3), "DEPTHWISE_CONV_2D": (1, 1, 1, 4), "FULLY_CONNECTED": (4, 3)}[op]
    values = [[127, -3, 5], [-127, 90, 1], [60, 7, 127], [1, -127, -128 + 1]] if w is None else w
    data = np.array([127, -100, 90, -80]) if op == "DEPTHWISE_CONV_2D" and w is None else np.array(values)
    image = op != "FULLY_CONNECTED"
    depth = 4 if op == "DEPTHWISE_CONV_2D" else 3
    first, *quantization = x
    here = b.tensor(
        "x", first, (1, 1, 1, depth) if image else (1, 3), scale=quantization[0], zero_point=quantization[1]
    )
    weights = b.tensor("w", kind, shape, data.reshape(shape), scale=w_scale, zero_point=w_zero, axis=axis)
    scale = np.float32(quantization[0]) * np.asarray(w_scale, np.float32) if bias_scale is None else bias_scale
    offset = b.tensor("bias", bias_kind, (len(bias),), list(bias), scale=scale, zero_point=bias_zero)
    y = b.tensor("y", out[0], (1, 1, 1, 4) if image else (1, 4), scale=out[1], zero_point=out[2])
    b.op(op, [here, weights, offset], [y], fused_activation_function=activation)
    return b.build([here], [y])


def unary(op: str, source: Any, out: Any, **options: Any) -> Model:
    """One operator from (type, scale, zero point) to the same."""
    b = ModelBuilder()
    x = b.tensor("x", source[0], (1, 4), scale=source[1], zero_point=source[2])
    y = b.tensor("y", out[0], (1, 4), scale=out[1], zero_point=out[2])
    inputs = [x, b.tensor("shape", "INT32", (2,), [1, 4])] if op == "RESHAPE" else [x]
    b.op(op, inputs, [y], **options)
    return b.build([x], [y])


def chain(ops: list[str], tensors: list[Any]) -> Model:
    """Operators of one input in a row; tensors as (type, scale, zero point)."""
    b = ModelBuilder()
    made = [b.tensor(f"t{i}", t[0], (1, 4), scale=t[1], zero_point=t[2]) for i, t in enumerate(tensors)]
    for i, op in enumerate(ops):
        b.op(op, [made[i]], [made[i + 1]])
    return b.build([made[0]], [made[-1]])


REAL = ("FLOAT32", None, None)
SMALL = [[127, -3, 5], [-127, 90, 1], [60, 7, 127], [0, 0, 0]]
BAD: dict[str, tuple[Severity, Callable[[], Model]]] = {
    "Q101": (ERROR, lambda: layer(x=("INT16", 0.5, 3), bias_kind="INT64", out=("INT16", 32.0, 0))),
    "Q102": (ERROR, lambda: layer(w_zero=3)),
    "Q103": (ERROR, lambda: layer(out=("INT8", 32.0, 200))),
    "Q111": (WARNING, lambda: layer(w=[[127, -3, 5], [-128, 90, 1], [60, 7, 127], [1, -127, 3]])),
    "Q112": (ERROR, lambda: layer(w_scale=[0.1, 0.2, 0.3], axis=3, bias_scale=0.125)),
    "Q113": (ERROR, lambda: layer(out=("INT8", [32.0, 33.0, 34.0, 35.0], [0, 0, 0, 0]))),
    "Q121": (WARNING, lambda: layer(bias=(5, -6, 4000, 8), bias_scale=0.130, w_scale=[0.25] * 4)),
    "Q122": (ERROR, lambda: layer(bias_zero=1)),
    "Q123": (ERROR, lambda: layer(bias_kind="INT64")),
    "Q131": (ERROR, lambda: unary("SOFTMAX", ("INT8", 0.1, 0), ("INT8", 1 / 255, -128), beta=1.0)),
    "Q132": (ERROR, lambda: unary("RESHAPE", ("INT8", 0.1, 0), ("INT8", 0.1, 5))),
    "Q201": (ERROR, lambda: layer(out=("INT8", 0.0, 4))),
    "Q202": (WARNING, lambda: layer(out=("INT8", 1e6, 4))),
    "Q203": (WARNING, lambda: layer(out=("INT8", 0.05, 4))),
    "Q301": (INFO, lambda: layer(w=SMALL)),
    "Q302": (INFO, lambda: layer(bias=(5, -6, -(10**7), 8), activation=RELU, out=("INT8", 32.0, -128))),
    "Q311": (WARNING, lambda: layer(w=[[40, -3, 5], [-41, 30, 1], [20, 7, 42], [1, -40, 3]])),
    "Q312": (WARNING, lambda: layer(w=[[127, -3, 5], [-8, 9, 1], [10, 7, 9], [1, -9, 3]])),
    "Q313": (WARNING, lambda: layer(activation=RELU, out=("INT8", 32.0, 60))),
    "Q401": (WARNING, lambda: chain(["DEQUANTIZE", "QUANTIZE"], [("INT8", 0.1, 0), REAL, ("INT8", 0.1, 0)])),
    "Q402": (INFO, lambda: chain(["QUANTIZE", "DEQUANTIZE"], [REAL, ("INT8", 0.1, 0), REAL])),
    "Q403": (WARNING, lambda: chain(["QUANTIZE"] * 2, [("INT8", 0.1, 0), ("INT8", 0.2, 0), ("INT8", 0.3, 1)])),
    "Q501": (ERROR, lambda: layer("FULLY_CONNECTED", bias=(2**31 - 1, 0, 0, 0))),
}


def test_every_rule_has_a_bad_model() -> None:
    assert set(BAD) == {rule.id for rule in rules()}


@pytest.mark.parametrize("id_", BAD)
def test_the_rule_finds_its_fault(id_: str) -> None:
    severity, make = BAD[id_]
    found = [finding for finding in lint(make()) if finding.rule == id_]
    assert [finding.severity for finding in found] == [severity] * len(found)
    assert found
    assert all(finding.message.endswith(".") for finding in found)


@pytest.mark.parametrize(
    "make",
    [
        layer,
        lambda: layer("FULLY_CONNECTED"),
        lambda: layer("DEPTHWISE_CONV_2D", axis=3, w_scale=[0.01, 0.02, 0.03, 0.04], w=[127, -127, 127, 100]),
        lambda: layer(x=("INT16", 0.5, 0), bias_kind="INT64", out=("INT16", 32.0, 0)),
        lambda: layer(activation=RELU, out=("INT8", 32.0, -128)),
        lambda: unary("SOFTMAX", ("INT8", 0.1, 0), ("INT8", 1 / 256, -128), beta=1.0),
        lambda: unary("SOFTMAX", ("INT8", 0.1, 0), ("INT16", 1 / 65536, -32768), beta=1.0),
        lambda: unary("RESHAPE", ("INT8", 0.1, 5), ("INT8", 0.1, 5)),
        lambda: chain(["QUANTIZE"], [("UINT8", 0.1, 128), ("INT8", 0.1, 0)]),
    ],
)  # fmt: skip
def test_sound_models_have_no_finding(make: Callable[[], Model]) -> None:
    assert lint(make()) == []


@pytest.mark.parametrize("name", ["float32", "float16", "dynamic", "int8", "int16x8", "qat_int8"])
def test_embedded_models_have_no_error(name: str) -> None:
    assert [finding for finding in lint(DIGITS / f"digits_{name}.tflite") if finding.severity is ERROR] == []


def test_only_and_ignore_choose_rules_and_refuse_unknown_ones() -> None:
    model = BAD["Q111"][1]()
    assert {finding.rule for finding in lint(model, only=["Q11"])} == {"Q111"}
    assert lint(model, only=["Q111"], ignore=["Q1"]) == []
    with pytest.raises(InputError, match="Q999"):
        lint(model, only=["Q999"])


# -- proofs and counter-examples ------------------------------------------------------------------------------------


def test_bounds_are_reached_by_the_extreme_inputs() -> None:
    (bound,) = accumulator_bounds(layer("FULLY_CONNECTED"))
    w, centred = np.array([[127, -3, 5], [-127, 90, 1], [60, 7, 127], [1, -127, -127]]), (-125, 130)
    sums = [
        (np.where(row > 0, centred[1], centred[0]) @ row, np.where(row > 0, centred[0], centred[1]) @ row) for row in w
    ]
    bias = np.array([5, -6, 7, 8])
    assert bound.hi == max(high + b for (high, _), b in zip(sums, bias, strict=True))
    assert bound.lo == min(low + b for (_, low), b in zip(sums, bias, strict=True))
    assert bound.fits


def test_the_counterexample_overflows_when_it_runs() -> None:
    model = layer("FULLY_CONNECTED", bias=(2**31 - 1, 0, 0, 0), bias_scale=0.125)
    (bound,) = accumulator_bounds(model)
    assert not bound.fits
    assert bound.reachable is True
    x = np.array([bound.counterexample], np.int8)
    inside = next(iter(Interpreter(model).trace(x, accumulators=True).inside.values()))
    true_sum = int((x[0].astype(int) + 3) @ np.array([127, -3, 5])) + 2**31 - 1
    assert true_sum > 2**31 - 1
    assert inside.accumulator[0, bound.channel] == true_sum - 2**32


def test_a_fused_activation_before_narrows_the_input() -> None:
    b = ModelBuilder()
    x = b.tensor("x", "INT8", (1, 2), scale=1.0, zero_point=0)
    w = b.tensor("w", "INT8", (2, 2), [[127, 1], [1, 127]], scale=1.0, zero_point=0)
    h = b.tensor("h", "INT8", (1, 2), scale=0.1, zero_point=-20)
    y = b.tensor("y", "INT8", (1, 2), scale=9.0, zero_point=0)
    b.op("FULLY_CONNECTED", [x, w], [h], fused_activation_function=3)
    b.op("FULLY_CONNECTED", [h, w], [y])
    first, second = accumulator_bounds(b.build([x], [y]))
    assert (first.input_lo, first.input_hi) == (-128, 127)
    assert (second.input_lo, second.input_hi) == (-20, 40)
    assert (second.lo, second.hi) == (0, 60 * 128)


def test_no_run_leaves_the_bounds() -> None:
    model = load(DIGITS / "digits_int8.tflite")
    spec = model.main.tensors[model.main.inputs[0]]
    x = np.random.default_rng(3).integers(-128, 128, spec.shape).astype(np.int8)
    inside = {inner.node: inner for inner in Interpreter(model).trace(x, accumulators=True).inside.values()}
    found = [bound for bound in accumulator_bounds(model) if bound.node in inside]
    assert len(found) >= 5
    for bound in found:
        acc = inside[bound.node].accumulator
        assert bound.lo <= acc.min() <= acc.max() <= bound.hi


# -- the command ----------------------------------------------------------------------------------------------------


def _file(tmp_path: Path, id_: str) -> str:
    from intengine.writer import dump

    path = tmp_path / "model.tflite"
    path.write_bytes(dump(BAD[id_][1]()))
    return str(path)


def test_errors_end_with_1_and_warnings_only_if_strict(tmp_path: Path) -> None:
    assert CliRunner().invoke(main, ["lint", _file(tmp_path, "Q132")]).exit_code == 1
    warned = _file(tmp_path, "Q111")
    result = CliRunner().invoke(main, ["lint", warned])
    assert result.exit_code == 0, result.output
    assert "Q111" in result.output
    assert CliRunner().invoke(main, ["lint", warned, "--strict"]).exit_code == 1
    assert CliRunner().invoke(main, ["lint", warned, "--strict", "--ignore", "Q111"]).exit_code == 0
    assert CliRunner().invoke(main, ["lint", warned, "--only", "X"]).exit_code == 2


def test_rules_stays_a_function_when_the_rules_are_imported() -> None:
    rules()
    assert linting.rules is rules


def test_json_has_findings_and_bounds(tmp_path: Path) -> None:
    result = CliRunner().invoke(main, ["lint", _file(tmp_path, "Q501"), "--json"])
    data = json.loads(result.output)
    assert data["schema"] == "intengine.lint/1"
    assert data["counts"]["error"] >= 1
    assert data["accumulators"]["proven"] == 0
    finding = next(entry for entry in data["findings"] if entry["rule"] == "Q501")
    assert len(finding["details"]["counterexample"]) == 3
