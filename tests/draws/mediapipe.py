"""MediaPipe's operators, against LiteRT's XNNPACK delegate, which alone runs them."""

import dataclasses
import struct

import numpy as np
from hypothesis import strategies as st

from tests.cases import Problem
from tests.cases._build import constant, given, one_op, result
from tests.draws._build import Draw

_SAME, _VALID = 1, 2


def _numbers(draw: Draw, shape: tuple[int, ...]) -> np.ndarray:
    """Small dyadic numbers: their sums are exact, so that XNNPACK's other order of adding does not show."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    return rng.integers(-8, 9, shape) * 2.0 ** draw(st.integers(-3, 3))


@st.composite
def _transposed(draw: Draw) -> Problem:
    padding = draw(st.sampled_from([_SAME, _VALID]))
    # XNNPACK refuses strides above the window.
    window = (draw(st.integers(1, 5)), draw(st.integers(1, 5)))
    strides = tuple(draw(st.integers(1, n)) for n in window)
    size = (draw(st.integers(1, 6)), draw(st.integers(1, 6)))
    batch, depth, channels = draw(st.integers(1, 2)), draw(st.integers(1, 5)), draw(st.integers(1, 9))
    out = []
    for n, s, k in zip(size, strides, window, strict=True):
        least = s * (n - 1) + k
        rest = draw(st.integers(0, s - 1))
        out.append(max(s * n - rest, 1) if padding == _SAME else least + rest)
    inputs = [
        given("FLOAT32", _numbers(draw, (batch, *size, depth))),
        constant("FLOAT32", _numbers(draw, (channels, *window, depth))),
        constant("FLOAT32", _numbers(draw, (channels,))),
    ]
    options = struct.pack("<5i", padding, strides[1], strides[0], 0, 0)
    outputs = [result("FLOAT32", (batch, *out, channels))]
    problem = one_op("transposed", "Convolution2DTransposeBias", inputs, outputs, custom_options=options)
    return dataclasses.replace(problem, resolver="xnnpack")


def _pool_options(draw: Draw) -> tuple[int, int, int, bytes]:
    # XNNPACK takes strides only that are the window's, and no windows of one element.
    kh, kw = draw(st.sampled_from([(2, 2), (2, 3), (3, 2), (1, 2), (2, 1), (3, 3), (4, 3)]))
    padding = draw(st.sampled_from([_SAME, _VALID]))
    return padding, kh, kw, struct.pack("<10i", padding, kw, kh, kw, kh, 0, 0, 0, 0, 0)


@st.composite
def _pool(draw: Draw) -> Problem:
    padding, kh, kw, options = _pool_options(draw)
    height, width, channels = draw(st.integers(kh, 9)), draw(st.integers(kw, 9)), draw(st.integers(1, 9))
    batch = draw(st.integers(1, 2))
    size = (-(-height // kh), -(-width // kw)) if padding == _SAME else (height // kh, width // kw)
    x = given("FLOAT32", np.clip(_numbers(draw, (batch, height, width, channels)), -2, 2))
    outputs = [result("FLOAT32", (batch, *size, channels)) for _ in range(2)]
    problem = one_op("pool", "MaxPoolingWithArgmax2D", [x], outputs, custom_options=options)
    return dataclasses.replace(problem, resolver="xnnpack")


@st.composite
def _unpool(draw: Draw) -> Problem:
    _, kh, kw, _ = _pool_options(draw)
    batch, height, width, channels = (draw(st.integers(1, n)) for n in (2, 4, 4, 9))
    shape = (batch, height, width, channels)
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    places = rng.integers(0, kh * kw, shape).astype(np.uint32).view(np.float32)
    # LiteRT takes VALID padding only.
    options = struct.pack("<10i", _VALID, kw, kh, kw, kh, 0, 0, 0, 0, 0)
    out = result("FLOAT32", (batch, height * kh, width * kw, channels))
    x = given("FLOAT32", _numbers(draw, shape))
    problem = one_op("unpool", "MaxUnpooling2D", [x, given("FLOAT32", places)], [out], custom_options=options)
    return dataclasses.replace(problem, resolver="xnnpack")


DRAWS = {
    "Convolution2DTransposeBias float32": _transposed(),
    "MaxPoolingWithArgmax2D float32": _pool(),
    "MaxUnpooling2D float32": _unpool(),
}
