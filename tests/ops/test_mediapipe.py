"""MediaPipe's custom operators where LiteRT has no answer: what MediaPipe's own kernels do."""

import struct

import numpy as np
import pytest

from intengine import Interpreter, InvalidModelError
from intengine.writer import ModelBuilder
from tests.cases.mediapipe import pool_options

RNG = np.random.default_rng(0)


def unpool(stride: tuple[int, int], window: tuple[int, int], x: np.ndarray, places: np.ndarray) -> np.ndarray:
    b = ModelBuilder()
    a, at = b.tensor("x", "FLOAT32", x.shape), b.tensor("places", "FLOAT32", x.shape)
    y = b.tensor("y", "FLOAT32", (x.shape[0], x.shape[1] * window[0], x.shape[2] * window[1], x.shape[3]))
    b.op("MaxUnpooling2D", [a, at], [y], custom_options=pool_options(2, stride, window))
    return Interpreter(b.build([a, at], [y])).run({"x": x, "places": places.astype(np.float32)})["y"]


def test_places_of_mediapipe_count_row_by_row() -> None:
    """Those of XNNPACK count column by column, in the bits of integers."""
    x = np.arange(1, 4, dtype=np.float32).reshape(1, 1, 1, 3)
    places = np.array([1, 2, 5]).reshape(x.shape)
    by_rows = unpool((2, 3), (2, 3), x, places + np.float32(0.1))[0]
    assert [np.argwhere(by_rows[..., c]).tolist() for c in range(3)] == [[[0, 1]], [[0, 2]], [[1, 2]]]
    by_columns = unpool((2, 3), (2, 3), x, places.astype(np.uint32).view(np.float32))[0]
    assert [np.argwhere(by_columns[..., c]).tolist() for c in range(3)] == [[[1, 0]], [[0, 1]], [[1, 2]]]


@pytest.mark.parametrize("place", [6.1, 1e30, -1.0, np.nan, np.inf, np.uint32(6).view(np.float32)])
def test_places_outside_are_left_out(place: float) -> None:
    found = unpool((2, 3), (2, 3), np.ones((1, 1, 1, 2), np.float32), np.array([place, 0.1]).reshape(1, 1, 1, 2))
    assert not found[..., 0].any()
    assert found[0, 0, 0, 1] == 1


def test_a_pool_and_its_reverse_keep_the_maxima_in_their_places() -> None:
    b, window = ModelBuilder(), (3, 2)
    x, y = b.tensor("x", "FLOAT32", (2, 6, 6, 3)), b.tensor("y", "FLOAT32", (2, 6, 6, 3))
    top, places = b.tensor("top", "FLOAT32", (2, 2, 3, 3)), b.tensor("places", "FLOAT32", (2, 2, 3, 3))
    options = pool_options(2, window, window)
    b.op("MaxPoolingWithArgmax2D", [x], [top, places], custom_options=options)
    b.op("MaxUnpooling2D", [top, places], [y], custom_options=options)
    data = RNG.permutation(216).reshape(2, 6, 6, 3).astype(np.float32)
    windows = data.reshape(2, 2, 3, 3, 2, 3)
    kept = np.where(windows == windows.max(axis=(2, 4), keepdims=True), windows, 0).reshape(data.shape)
    assert np.array_equal(Interpreter(b.build([x], [y])).run(data)["y"], kept)


def test_overlapping_windows_and_their_activation() -> None:
    b = ModelBuilder()
    x, y, places = (b.tensor(name, "FLOAT32", (1, 1, n, 1)) for name, n in (("x", 4), ("y", 3), ("places", 3)))
    relu6 = struct.pack("<6i", 2, 1, 1, 2, 1, 3)
    b.op("MaxPoolingWithArgmax2D", [x], [y, places], custom_options=relu6)
    found = Interpreter(b.build([x], [y, places])).run(np.array([-2, -1, 9, 3], np.float32).reshape(1, 1, 4, 1))
    assert found["y"].ravel().tolist() == [0, 6, 6]
    assert found["places"].view(np.uint32).ravel().tolist() == [1, 1, 0]


def test_transposed_convolutions_begin_with_their_bias() -> None:
    """1 + 2**-24 is 1 in float32, twice over; 2**-24 + 2**-24 added first is not."""
    b = ModelBuilder()
    x, y = b.tensor("x", "FLOAT32", (1, 1, 1, 2)), b.tensor("y", "FLOAT32", (1, 1, 1, 1))
    w = b.tensor("w", "FLOAT32", (1, 1, 1, 2), np.full((1, 1, 1, 2), 2.0**-24, np.float32))
    bias = b.tensor("b", "FLOAT32", (1,), np.ones(1, np.float32))
    b.op("Convolution2DTransposeBias", [x, w, bias], [y], custom_options=struct.pack("<3i", 1, 1, 1))
    assert Interpreter(b.build([x], [y])).run(np.ones((1, 1, 1, 2), np.float32))["y"].item() == 1.0


@pytest.mark.parametrize("options", [b"", b"\x01\x00", struct.pack("<3i", 7, 1, 1), struct.pack("<3i", 1, 0, 1)])
def test_impossible_options_are_refused(options: bytes) -> None:
    b = ModelBuilder()
    x, y = b.tensor("x", "FLOAT32", (1, 2, 2, 1)), b.tensor("y", "FLOAT32", (1, 4, 4, 1))
    w = b.tensor("w", "FLOAT32", (1, 2, 2, 1), np.ones((1, 2, 2, 1), np.float32))
    b.op("Convolution2DTransposeBias", [x, w], [y], custom_options=options)
    with pytest.raises(InvalidModelError):
        Interpreter(b.build([x], [y]))
