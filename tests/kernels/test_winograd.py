"""Winograd's convolutions give the bytes of the plain loops, wherever they are taken."""

from functools import partial
from typing import Any

import numpy as np
import pytest
from intengine_kernels import isa
from intengine_kernels.conv import conv_requantize
from intengine_kernels.isa.winograd import TAPS
from intengine_kernels.jit import parameters
from intengine_kernels.requantize import DOUBLE_ROUNDING, FLOAT32, SINGLE, UPWARD_BLOCKS
from intengine_kernels.winograd import conv_winograd
from intengine_kernels.winograd_hybrid import conv_hybrid_winograd

import intengine
from intengine import chunks
from intengine.ops import _winograd
from intengine.ops._operand import Operand
from intengine.ops._packing import pack
from intengine.ops._window import Window
from intengine.ops._winograd import pays, winograd
from intengine.step import Call
from intengine.writer import ModelBuilder
from tests.cases import problems
from tests.kernels.test_isa import number, operand, requantizer, run

SETS = [isa.NAMES[i] for i in isa.available() if i in (isa.AVX2, isa.AVXVNNI, isa.AVX512VNNI)]


class Convolution:
    """3x3, stride 1, with so much padding on every side."""

    def __init__(self, x: np.ndarray, weights: np.ndarray, bias: np.ndarray, *, scheme: int, pad: int) -> None:
        self.x, self.weights, self.bias, self.scheme = x, weights.astype(np.int16), bias, scheme
        batch, height, width, _ = x.shape
        self.window = Window(3, 3, 1, 1, 1, 1, pad, pad, height - 2 + 2 * pad, width - 2 + 2 * pad)
        self.shape = (batch, self.window.out_h, self.window.out_w, weights.shape[0])
        self.info = np.iinfo(x.dtype)
        depth = 9 * x.shape[3]
        size = int(np.sqrt(depth) * np.abs(self.weights).mean() * 75 + 1000)
        self.rule = requantizer(scheme, weights.shape[0], size)

    @property
    def source(self) -> Operand:
        return operand(self.x.dtype.type, self.info.min + 3, self.x.shape)

    def call(self) -> Call | None:
        if not pays(self.window, self.shape[0], self.x.shape[3], self.shape[3]):
            return None
        out = operand(self.x.dtype.type, 1, self.shape)
        lo, hi = self.info.min, self.info.max - 1
        return winograd(self.source, out, self.window, self.weights, self.bias, self.rule, lo, hi)

    def tiled(self, changes: dict[str, Any], out: np.ndarray) -> tuple[Any, tuple[Any, ...]]:
        call = self.call()
        assert call is not None
        args = dict(zip(parameters(call.kernel), call.args, strict=True)) | {"x": self.x} | changes
        del args["out"]
        return call.kernel, tuple(args.values())

    def plainly(self, out: np.ndarray) -> tuple[Any, tuple[Any, ...]]:
        batch, _, width, depth = self.x.shape
        columns = width + 2 * self.window.pad_w
        rows = self.weights.reshape(1, self.shape[3], -1)
        packed = pack(self.source, rows, 0, self.bias, wide=False, segments=3)
        rule = packed.rule(self.rule, self.x.dtype, 1, self.info.min, self.info.max - 1)
        offsets = [ky * columns * depth for ky in range(3)]
        pad = self.window.pad_h
        args = (
            packed.isa, self.x, packed.flip, packed.filter(offsets), rule, 3, columns, 1, 1, pad, pad, packed.fill, 2,
            0, batch * self.window.out_h, packed.strip(4 * columns * depth), packed.work,
        )  # fmt: skip
        return conv_requantize, args

    def check(self, name: str, **changes: Any) -> np.ndarray:
        plain = run(isa.GENERIC, self.plainly, self.shape, self.x.dtype.type)
        found = run(number(name), partial(self.tiled, changes), self.shape, self.x.dtype.type)
        begin, end = changes.get("row_begin", 0), changes.get("row_end", plain.shape[0] * plain.shape[1])
        lines = np.arange(plain.shape[0] * plain.shape[1]).reshape(plain.shape[:2])
        within = (lines >= begin) & (lines < end)
        assert np.array_equal(found[within], plain[within])
        assert (found[~within] == 99).all()
        return plain


def random(shape: tuple[int, ...], channels: int, dtype: type, seed: int = 0) -> tuple[np.ndarray, ...]:
    rng = np.random.default_rng(seed)
    info = np.iinfo(dtype)
    x = rng.integers(info.min, info.max, shape, dtype, endpoint=True)
    weights = rng.integers(-127, 127, (channels, 3, 3, shape[3]), np.int8, endpoint=True)
    return x, weights, rng.integers(-5000, 5000, channels)


@pytest.mark.parametrize("name", SETS)
@pytest.mark.parametrize("dtype", [np.int8, np.uint8])
@pytest.mark.parametrize("pad", [0, 1])
def test_convolutions_equal_the_plain_loops(name: str, dtype: type, pad: int) -> None:
    for shape, channels in [
        # Tiles that overhang, more than one strip, more tiles than are multiplied together, panels of every kind.
        ((1, 10, 10, 64), 64),
        ((2, 17, 31, 33), 40),
        ((1, 40, 50, 48), 24),
        ((1, 9, 130, 66), 97),
        ((3, 10, 9, 130), 56),
    ]:
        plain = Convolution(*random(shape, channels, dtype), scheme=DOUBLE_ROUNDING, pad=pad).check(name)
        assert len(np.unique(plain)) > 100


@pytest.mark.parametrize("name", SETS)
@pytest.mark.parametrize("scheme", [UPWARD_BLOCKS, FLOAT32, SINGLE])
def test_all_schemes(name: str, scheme: int) -> None:
    Convolution(*random((1, 16, 13, 64), 44, np.int8), scheme=scheme, pad=1).check(name)


@pytest.mark.parametrize("name", SETS)
def test_any_rows_from_strips_of_any_height(name: str) -> None:
    one = Convolution(*random((2, 11, 12, 64), 40, np.int8), scheme=DOUBLE_ROUNDING, pad=1)
    for begin, end in ((0, 22), (3, 4), (1, 21), (10, 12), (11, 22), (5, 5)):
        one.check(name, row_begin=begin, row_end=end)
        one.check(name, row_begin=begin, row_end=end, height=1)


@pytest.mark.parametrize("name", SETS)
@pytest.mark.parametrize("dtype", [np.int8, np.uint8])
def test_the_largest_sums_that_there_are(name: str, dtype: type) -> None:
    info = np.iinfo(dtype)
    rng = np.random.default_rng(1)
    depth = 2**25 // (9 * 127 * max(info.max, -info.min)) - 1
    for sign in (-1, 1):
        # Whole tiles of one extreme, patterns that drive a transform to its bounds, and noise of both extremes.
        x = rng.choice([info.min, info.max], (1, 12, 12, depth)).astype(dtype)
        x[:, :6] = info.max if sign > 0 else info.min
        x[:, ::2, ::2, : depth // 2] = info.min
        weights = rng.choice([-127, 127], (40, 3, 3, depth)).astype(np.int8)
        weights[:20] = sign * 127
        bias = np.full(40, -sign * 2**20)
        one = Convolution(x, weights, bias, scheme=DOUBLE_ROUNDING, pad=1)
        one.rule = requantizer(DOUBLE_ROUNDING, 40, 2**24)
        one.check(name)


@pytest.mark.parametrize("name", SETS)
def test_a_bias_beyond_what_sums_may_be(name: str) -> None:
    # Converters give channels without weights such a bias.
    x, weights, bias = random((1, 12, 12, 40), 40, np.int8)
    weights[7], bias[7], bias[8], bias[9] = 0, 2**30, 2**31 - 1, -(2**31)
    Convolution(x, weights, bias, scheme=DOUBLE_ROUNDING, pad=1).check(name)


@pytest.mark.parametrize("name", SETS)
def test_what_is_not_exact_or_does_not_pay_is_left(name: str) -> None:
    x, weights, _ = random((1, 12, 12, 40), 40, np.int8)

    def call(x: np.ndarray, weights: np.ndarray) -> Call | None:
        channels = weights.shape[0]
        with isa.use(number(name)):
            return Convolution(x, weights, np.zeros(channels, np.int64), scheme=DOUBLE_ROUNDING, pad=1).call()

    assert call(x, weights) is not None
    beyond_int16 = np.full((40, 3, 3, 40), 255, np.int16)
    assert call(x, beyond_int16) is None
    deep = np.zeros((1, 12, 12, 300), np.int8)
    assert call(deep, np.full((40, 3, 3, 300), 127)) is None
    assert call(deep, np.full((40, 3, 3, 300), 1)) is not None
    assert call(x[:, :, :4], weights) is None
    assert call(x[..., :4], weights[..., :4]) is None
    many = np.zeros((1, 12, 12, 512), np.int8)
    assert call(many, np.ones((512, 3, 3, 512), np.int8)) is None


@pytest.mark.parametrize("name", SETS)
def test_the_cases_held_to_litert_are_of_both_kinds(name: str) -> None:
    with isa.use(number(name)):
        kinds = set()
        for problem in problems("conv_2d"):
            if "_tiled_" in problem.name or "_3x3_same_per_channel" in problem.name:
                engine = intengine.Interpreter(problem.model)
                (step,) = engine.execute({engine.model.main.inputs[-1]: problem.inputs[0]}).plan.steps
                kinds |= {call.kernel for call in step.calls}
    assert {conv_winograd, conv_requantize} <= kinds


def hybrid(images: int, rng: np.random.Generator) -> bytes:
    """A model of one convolution of float32[images, 23, 14, 40] with int8 weights."""
    b = ModelBuilder()
    weights, bias = rng.integers(-127, 127, (44, 3, 3, 40), np.int8), rng.standard_normal(44).astype(np.float32)
    operands = [
        b.tensor("x", "FLOAT32", (images, 23, 14, 40)),
        b.tensor("w", "INT8", weights.shape, weights, scale=np.float32(0.01), zero_point=0),
        b.tensor("b", "FLOAT32", (44,), bias),
    ]
    b.op("CONV_2D", operands, [b.tensor("y", "FLOAT32", (images, 23, 14, 44))], padding=0, stride_h=1, stride_w=1)
    return b.to_bytes([0], [3])


@pytest.mark.parametrize("name", SETS)
def test_a_hybrid_convolution_waits_for_all_rows_that_its_tiles_read(name: str) -> None:
    rng = np.random.default_rng(7)
    with isa.use(number(name)):
        engine = intengine.Interpreter(hybrid(1, rng))
        image = {0: rng.standard_normal((1, 23, 14, 40)).astype(np.float32)}
        (step,) = engine.execute(image).plan.steps
    call = step.calls[-1]
    assert call.kernel is conv_hybrid_winograd
    # The last tile of any rows begins at the last of them, at most.
    assert call.reach is not None
    assert call.reach.span >= TAPS
    assert call.reach.before == 0


@pytest.mark.parametrize("name", SETS)
@pytest.mark.parametrize("profile", ["litert-reference", "litert-xnnpack"])
@pytest.mark.parametrize("images", [1, 2])
def test_hybrid_convolutions_equal_those_tap_by_tap(
    name: str, profile: str, images: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    rng = np.random.default_rng(6)
    model = hybrid(images, rng)
    x = rng.standard_normal((images, 23, 14, 40)).astype(np.float32)
    # Quantized by itself, and with another zero point.
    x[-1] += 3

    def outputs(threads: int) -> tuple[bytes, set[Any]]:
        engine = intengine.Interpreter(model, profile=profile, num_threads=threads)
        kernels = {call.kernel for step in engine.execute({0: x}).plan.steps for call in step.calls}
        return engine.run({0: x})["y"].tobytes(), kernels

    monkeypatch.setattr(chunks, "_LEAST_SHARE", 1)
    with isa.use(number(name)):
        found = [outputs(threads) for threads in (1, 2, 5)]
        monkeypatch.setattr(_winograd, "_FEWEST", 10**9)
        plain, kernels = outputs(1)
    assert all(bytes_of == plain and conv_hybrid_winograd in some for bytes_of, some in found)
    assert conv_hybrid_winograd not in kernels
