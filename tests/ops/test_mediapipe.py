"""MediaPipe's custom operators against LiteRT's XNNPACK delegate, which alone runs them."""

import struct
from collections.abc import Iterator

import numpy as np
import pytest

from intengine import InputError, Interpreter, InvalidModelError
from intengine.runners import LiteRTRunner
from intengine.writer import ModelBuilder

RNG = np.random.default_rng(0)


@pytest.fixture(scope="module")
def litert() -> Iterator[LiteRTRunner]:
    pytest.importorskip("ai_edge_litert")
    with LiteRTRunner("xnnpack") as runner:
        yield runner


def pool_options(padding: int, stride: tuple[int, int], window: tuple[int, int]) -> bytes:
    return struct.pack("<10i", padding, stride[1], stride[0], window[1], window[0], 0, 0, 0, 0, 0)


def out_size(size: int, window: int, stride: int, padding: int) -> int:
    return -(-size // stride) if padding == 1 else (size - window) // stride + 1


@pytest.mark.oracle
@pytest.mark.parametrize("padding", [1, 2])
@pytest.mark.parametrize("window", [(2, 2), (3, 2), (1, 3)])
def test_maxima_and_their_places_equal_litert(litert: LiteRTRunner, padding: int, window: tuple[int, int]) -> None:
    shape = (2, 6, 6, 3)
    size = (2, *(out_size(6, k, k, padding) for k in window), 3)
    b = ModelBuilder()
    x = b.tensor("x", "FLOAT32", shape)
    y, places = b.tensor("y", "FLOAT32", size), b.tensor("places", "FLOAT32", size)
    b.op("MaxPoolingWithArgmax2D", [x], [y, places], custom_options=pool_options(padding, window, window))
    model = b.to_bytes([x], [y, places])
    data = RNG.integers(-4, 5, shape).astype(np.float32)
    litert.load(model)
    expected = litert.run({x: data}, (y, places))
    found = Interpreter(model).run(data)
    assert np.array_equal(found["y"], expected[y])
    assert np.array_equal(found["places"].view(np.uint32), expected[places].view(np.uint32))


@pytest.mark.oracle
@pytest.mark.parametrize("window", [(2, 2), (3, 2)])
def test_values_go_back_to_their_places_like_in_litert(litert: LiteRTRunner, window: tuple[int, int]) -> None:
    shape = (2, 3, 2, 3)
    size = (2, 3 * window[0], 2 * window[1], 3)
    b = ModelBuilder()
    x, places, y = (b.tensor(name, "FLOAT32", s) for name, s in (("x", shape), ("places", shape), ("y", size)))
    b.op("MaxUnpooling2D", [x, places], [y], custom_options=pool_options(2, window, window))
    model = b.to_bytes([x, places], [y])
    data = RNG.standard_normal(shape).astype(np.float32)
    at = RNG.integers(0, window[0] * window[1], shape)
    bits = at.astype(np.uint32).view(np.float32)
    litert.load(model)
    expected = litert.run({x: data, places: bits}, (y,))[y]
    engine = Interpreter(model)
    assert np.array_equal(engine.run({"x": data, "places": bits})["y"], expected)
    assert np.array_equal(engine.run({"x": data, "places": at.astype(np.float32) + np.float32(0.1)})["y"], expected)
    with pytest.raises(InputError, match="needs places in"):
        engine.run({"x": data, "places": bits * 0 + 99})


@pytest.mark.oracle
@pytest.mark.parametrize("padding", [1, 2])
@pytest.mark.parametrize(("kernel", "stride"), [((3, 3), (2, 2)), ((2, 2), (2, 2)), ((4, 3), (2, 1))])
def test_transposed_convolutions_are_those_of_litert(
    litert: LiteRTRunner, padding: int, kernel: tuple[int, int], stride: tuple[int, int]
) -> None:
    """Sums of integers, which are exact in any order."""
    shape, channels = (2, 3, 4, 5), 6
    sides = zip(shape[1:3], stride, kernel, strict=True)
    size = (2, *(n * s if padding == 1 else (n - 1) * s + k for n, s, k in sides), channels)
    b = ModelBuilder()
    x = b.tensor("x", "FLOAT32", shape)
    filter_shape = (channels, *kernel, shape[3])
    w = b.tensor("w", "FLOAT32", filter_shape, RNG.integers(-9, 10, filter_shape).astype(np.float32))
    bias = b.tensor("b", "FLOAT32", (channels,), np.arange(channels, dtype=np.float32))
    y = b.tensor("y", "FLOAT32", size)
    options = struct.pack("<3i", padding, stride[1], stride[0])
    b.op("Convolution2DTransposeBias", [x, w, bias], [y], custom_options=options)
    model = b.to_bytes([x], [y])
    data = RNG.integers(-9, 10, shape).astype(np.float32)
    litert.load(model)
    assert np.array_equal(Interpreter(model).run(data)["y"], litert.run({x: data}, (y,))[y])


@pytest.mark.parametrize("options", [b"", b"\x01\x00", struct.pack("<3i", 7, 1, 1), struct.pack("<3i", 1, 0, 1)])
def test_impossible_options_are_refused(options: bytes) -> None:
    b = ModelBuilder()
    x, y = b.tensor("x", "FLOAT32", (1, 2, 2, 1)), b.tensor("y", "FLOAT32", (1, 4, 4, 1))
    w = b.tensor("w", "FLOAT32", (1, 2, 2, 1), np.ones((1, 2, 2, 1), np.float32))
    b.op("Convolution2DTransposeBias", [x, w], [y], custom_options=options)
    with pytest.raises(InvalidModelError):
        Interpreter(b.build([x], [y]))
