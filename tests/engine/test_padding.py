"""PADs that convolutions take over: no bytes of their own, and every byte of the outputs is the same."""

from collections.abc import Sequence

import numpy as np
import pytest

import intengine
from intengine.plan import Plan
from intengine.writer import ModelBuilder

RNG = np.random.default_rng(8)


class Graph:
    """int8[2, 6, 5, 4] with zero point -7, and operators on it."""

    def __init__(self) -> None:
        self.b = ModelBuilder()
        self.made = 0
        self.x = self.tensor("INT8", (2, 6, 5, 4), zero_point=-7)

    def tensor(self, kind: str, shape: Sequence[int], *, zero_point: int = 3, scale: float = 0.5) -> int:
        self.made += 1
        return self.b.tensor(f"t{self.made}", kind, tuple(shape), None, scale=scale, zero_point=zero_point)

    def constant(self, values: np.ndarray, scale: float | None = None) -> int:
        self.made += 1
        quantized = {} if scale is None else {"scale": scale, "zero_point": 0}
        return self.b.tensor(f"t{self.made}", values.dtype.name.upper(), values.shape, values, **quantized)

    def weights(self, *shape: int) -> int:
        """As many steps of the output as an accumulator of that many taps likely has."""
        taps = shape[1] * shape[2] * (4 if shape[0] > 1 else 1)
        return self.constant(RNG.integers(-127, 128, shape, np.int8), 0.005 / np.sqrt(taps))

    def bias(self, channels: int) -> int:
        return self.constant(RNG.integers(-99, 99, channels, np.int32))

    def pad(self, x: int, shape: Sequence[int], amounts: Sequence[Sequence[int]]) -> int:
        pairs = self.constant(np.array(amounts, np.int32))
        out = self.tensor("INT8", shape, zero_point=-7)
        self.b.op("PAD", [x, pairs], [out])
        return out

    def conv(self, x: int, shape: Sequence[int], size: int = 3, stride: int = 1) -> int:
        inputs = [x, self.weights(shape[3], size, size, 4), self.bias(shape[3])]
        out = self.tensor("INT8", shape)
        self.b.op("CONV_2D", inputs, [out], padding=1, stride_h=stride, stride_w=stride)
        return out

    def depthwise(self, x: int, shape: Sequence[int], multiplier: int, dilation: int = 1) -> int:
        inputs = [x, self.weights(1, 3, 3, 4 * multiplier), self.bias(4 * multiplier)]
        out = self.tensor("INT8", shape)
        self.b.op(
            "DEPTHWISE_CONV_2D", inputs, [out], padding=1, depth_multiplier=multiplier, stride_h=1, stride_w=1,
            dilation_h_factor=dilation, dilation_w_factor=dilation,
        )  # fmt: skip
        return out

    def relu(self, x: int, shape: Sequence[int]) -> int:
        out = self.tensor("INT8", shape)
        self.b.op("RELU", [x], [out])
        return out

    def check(self, *outputs: int) -> Plan:
        """The plan; running in its arena gives the bytes of a trace, which pads every tensor."""
        interpreter = intengine.Interpreter(self.b.to_bytes([self.x], list(outputs)))
        x = RNG.integers(-128, 128, (2, 6, 5, 4), np.int8)
        trace = interpreter.trace(x)
        for name, value in interpreter.run(x).items():
            assert np.array_equal(value, trace[name])
            assert len(np.unique(value)) > 3
        return interpreter.plan


def absorbed(plan: Plan) -> list[bool]:
    """Of each PAD, whether it does nothing in the arena."""
    return [not now.calls for now, step in zip(plan.arena_steps, plan.steps, strict=True) if step.op == "PAD"]


@pytest.mark.parametrize(
    ("amounts", "padded", "out"),
    [
        ([(1, 1), (1, 1)], (2, 8, 7, 4), (2, 6, 5, 9)),
        ([(0, 3), (2, 0)], (2, 9, 7, 4), (2, 7, 5, 9)),
        ([(4, 5), (5, 4)], (2, 15, 14, 4), (2, 13, 12, 9)),
        ([(0, 0), (0, 1)], (2, 6, 6, 4), (2, 4, 4, 9)),
    ],
)
def test_a_convolution_pads_by_itself(
    amounts: list[tuple[int, int]], padded: tuple[int, ...], out: tuple[int, ...]
) -> None:
    g = Graph()
    y = g.pad(g.x, padded, [(0, 0), *amounts, (0, 0)])
    assert absorbed(g.check(g.conv(y, out))) == [True]


@pytest.mark.parametrize("multiplier", [1, 2])
@pytest.mark.parametrize("dilation", [1, 2])
def test_so_does_a_depthwise_convolution(multiplier: int, dilation: int) -> None:
    g = Graph()
    y = g.pad(g.x, (2, 9, 10, 4), [(0, 0), (1, 2), (3, 2), (0, 0)])
    out = (2, 9 - 2 * dilation, 10 - 2 * dilation, 4 * multiplier)
    assert absorbed(g.check(g.depthwise(y, out, multiplier, dilation))) == [True]


def test_a_stride_begins_in_the_padding() -> None:
    g = Graph()
    y = g.pad(g.x, (2, 7, 7, 4), [(0, 0), (0, 1), (1, 1), (0, 0)])
    assert absorbed(g.check(g.conv(y, (2, 3, 3, 5), stride=2))) == [True]


def test_two_convolutions_may_read_one_padded_image() -> None:
    g = Graph()
    y = g.pad(g.x, (2, 8, 7, 4), [(0, 0), (1, 1), (1, 1), (0, 0)])
    assert absorbed(g.check(g.conv(y, (2, 6, 5, 9)), g.depthwise(y, (2, 6, 5, 4), 1))) == [True]


def test_the_padded_image_takes_no_bytes() -> None:
    g = Graph()
    y = g.pad(g.x, (2, 36, 35, 4), [(0, 0), (15, 15), (15, 15), (0, 0)])
    padded = 2 * 36 * 35 * 4
    plan = g.check(g.conv(y, (2, 1, 1, 4), size=35))
    assert plan.arena_size < padded


def test_padded_images_that_others_read_stay() -> None:
    amounts = [(0, 0), (1, 1), (1, 1), (0, 0)]
    g = Graph()
    y = g.pad(g.x, (2, 8, 7, 4), amounts)
    assert absorbed(g.check(y, g.conv(y, (2, 6, 5, 9)))) == [False], "an output of the graph"
    g = Graph()
    y = g.pad(g.x, (2, 8, 7, 4), amounts)
    assert absorbed(g.check(g.relu(y, (2, 8, 7, 4)), g.conv(y, (2, 6, 5, 9)))) == [False], "another operator"
    g = Graph()
    y = g.pad(g.x, (2, 8, 7, 4), amounts)
    assert absorbed(g.check(g.conv(y, (2, 8, 7, 9), size=1))) == [False], "a product of its pixels"
    g = Graph()
    y = g.pad(g.x, (2, 8, 7, 5), [*amounts[:3], (0, 1)])
    assert absorbed(g.check(g.relu(y, (2, 8, 7, 5)))) == [False], "channels"


def test_a_padding_of_a_padding() -> None:
    g = Graph()
    amounts = [(0, 0), (1, 1), (1, 1), (0, 0)]
    y = g.pad(g.pad(g.x, (2, 8, 7, 4), amounts), (2, 10, 9, 4), amounts)
    assert absorbed(g.check(g.conv(y, (2, 8, 7, 3)))) == [False, True]


def test_winograds_convolutions_pad_by_themselves() -> None:
    b = ModelBuilder()
    amounts = b.tensor("amounts", "INT32", (4, 2), np.array([(0, 0), (2, 1), (1, 3), (0, 0)], np.int32))
    weights = RNG.integers(-127, 128, (40, 3, 3, 48), np.int8)
    x, y, z = (
        b.tensor(name, "INT8", shape, None, scale=0.5, zero_point=zero_point)
        for name, shape, zero_point in (("x", (1, 13, 12, 48), 4), ("y", (1, 16, 16, 48), 4), ("z", (1, 14, 14, 40), 1))
    )
    w = b.tensor("w", "INT8", weights.shape, weights, scale=0.0002, zero_point=0)
    b.op("PAD", [x, amounts], [y])
    b.op(
        "CONV_2D",
        [y, w, b.tensor("bias", "INT32", (40,), np.zeros(40, np.int32))],
        [z],
        padding=1,
        stride_h=1,
        stride_w=1,
    )
    engine = intengine.Interpreter(b.to_bytes([x], [z]))
    image = RNG.integers(-128, 128, (1, 13, 12, 48), np.int8)
    (found,) = engine.run(image).values()
    assert absorbed(engine.plan) == [True]
    assert np.array_equal(found, engine.trace(image)["z"])
    assert len(np.unique(found)) > 100


@pytest.mark.parametrize("profile", ["litert-reference", "litert-optimized", "litert-xnnpack"])
@pytest.mark.parametrize(
    ("weight", "bias", "is_absorbed"),
    [(0.5, 0.0, True), (np.inf, 0.0, False), (0.5, -0.0, None), (-0.0, -0.0, None), (1e-30, 0.0, True)],
)
def test_float_depthwise_convolutions_pad_by_themselves(
    profile: str, weight: float, bias: float, is_absorbed: bool | None
) -> None:
    b = ModelBuilder()
    amounts = b.tensor("amounts", "INT32", (4, 2), np.array([(0, 0), (1, 2), (3, 0), (0, 0)], np.int32))
    taps = RNG.standard_normal((1, 3, 3, 20)).astype(np.float32)
    taps[..., 0], taps[0, 0, 0, 1] = weight, weight
    x, y, z = (
        b.tensor(name, "FLOAT32", shape)
        for name, shape in (("x", (2, 6, 5, 20)), ("y", (2, 9, 8, 20)), ("z", (2, 7, 6, 20)))
    )
    b.op("PAD", [x, amounts], [y])
    inputs = [y, b.tensor("w", "FLOAT32", taps.shape, taps), b.tensor("b", "FLOAT32", (20,), np.full(20, bias, "f4"))]
    b.op("DEPTHWISE_CONV_2D", inputs, [z], padding=1, depth_multiplier=1, stride_h=1, stride_w=1)
    engine = intengine.Interpreter(b.to_bytes([x], [z]), profile=profile)
    image = RNG.standard_normal((2, 6, 5, 20)).astype(np.float32)
    image[..., 0] = -1e-30 if weight == 1e-30 else 0.0
    (found,) = engine.run(image).values()
    assert found.tobytes() == engine.trace(image)["z"].tobytes()
    if is_absorbed is not None:
        assert absorbed(engine.plan) == [is_absorbed and profile != "litert-xnnpack"]
