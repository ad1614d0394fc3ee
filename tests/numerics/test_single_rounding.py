"""`single-rounding` and ARM's profiles against the formula in unbounded integers; there is no runtime to ask."""

from typing import Any

import numpy as np
import pytest

import intengine
from intengine.quantization import quantize_multiplier
from intengine.writer import ModelBuilder
from tests.spec import fixedpoint as spec

VALUES = np.arange(-128, 128, dtype=np.int8)


def _run(b: ModelBuilder, inputs: list[int], output: int, profile: str, *arrays: np.ndarray) -> np.ndarray:
    engine = intengine.Interpreter(b.to_bytes(inputs, [output]), profile=profile)
    (found,) = engine.run(dict(zip(inputs, arrays, strict=True))).values()
    return found


def _clamped(values: list[int]) -> list[int]:
    return [min(max(value, -128), 127) for value in values]


def test_multiplication_rounds_once() -> None:
    b = ModelBuilder()
    x, k = b.tensor("x", "INT8", (256,), scale=0.05, zero_point=3), b.tensor("k", "INT8", (1,), [1], scale=0.02)
    y = b.tensor("y", "INT8", (256,), scale=0.003, zero_point=-5)
    b.op("MUL", [x, k], [y])
    pair = quantize_multiplier(float(np.float32(np.float32(0.05) * np.float32(0.02)) / np.float32(0.003)))
    once = _clamped([spec.mbqm_single(int(v) - 3, *pair) - 5 for v in VALUES])
    assert _run(b, [x], y, "single-rounding", VALUES).tolist() == once
    twice = _clamped([spec.mbqm(int(v) - 3, *pair) - 5 for v in VALUES])
    assert _run(b, [x], y, "litert-reference", VALUES).tolist() == twice
    assert once != twice


def test_addition_rounds_each_product_once() -> None:
    b = ModelBuilder()
    x, k = b.tensor("x", "INT8", (256,), scale=0.05, zero_point=3), b.tensor("k", "INT8", (1,), [57], scale=0.02)
    y = b.tensor("y", "INT8", (256,), scale=0.06, zero_point=-5)
    b.op("ADD", [x, k], [y])
    twice = 2.0 * float(np.float32(0.05))
    first, second = (quantize_multiplier(float(np.float32(scale)) / twice) for scale in (0.05, 0.02))
    last = quantize_multiplier(twice / float(np.float32(2.0**20) * np.float32(0.06)))
    addend = spec.mbqm_single(57 << 20, *second)
    sums = [spec.mbqm_single((int(v) - 3) << 20, *first) + addend for v in VALUES]
    found = _run(b, [x], y, "single-rounding", VALUES).tolist()
    assert found == _clamped([spec.mbqm_single(total, *last) - 5 for total in sums])


@pytest.mark.parametrize("profile", ["single-rounding", "litert-optimized-arm64"])
@pytest.mark.parametrize("op", ["CONV_2D", "DEPTHWISE_CONV_2D"])
def test_convolutions_round_once(profile: str, op: str) -> None:
    if op == "DEPTHWISE_CONV_2D" and profile != "single-rounding":
        pytest.skip("depthwise convolutions are not ruy's")
    b = ModelBuilder()
    x = b.tensor("x", "INT8", (256, 1, 1, 1), scale=0.5, zero_point=3)
    w = b.tensor("w", "INT8", (1, 1, 1, 1), [[[[7]]]], scale=0.03, zero_point=0)
    bias = b.tensor("b", "INT32", (1,), [11], scale=0.015, zero_point=0)
    y = b.tensor("y", "INT8", (256, 1, 1, 1), scale=0.7, zero_point=-5)
    options: dict[str, Any] = {"padding": 1, "stride_h": 1, "stride_w": 1}
    b.op(op, [x, w, bias], [y], **options | ({"depth_multiplier": 1} if op.startswith("DEPTH") else {}))
    real = float(np.float32(0.5)) * float(np.float32(0.03)) / float(np.float32(0.7))
    wanted = _clamped([spec.mbqm_single((int(v) - 3) * 7 + 11, *quantize_multiplier(real)) - 5 for v in VALUES])
    assert _run(b, [x], y, profile, VALUES.reshape(-1, 1, 1, 1)).reshape(-1).tolist() == wanted
