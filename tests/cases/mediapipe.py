"""MediaPipe's operators as LiteRT's XNNPACK delegate has them: sums of small integers, which are exact in any order."""

import dataclasses
import struct
from collections.abc import Iterator

import numpy as np

from tests.cases import Problem
from tests.cases._build import Operand, constant, given, one_op, result

RNG = np.random.default_rng(12)
_SAME, _VALID = 1, 2


def problems() -> Iterator[Problem]:
    for padding in (_SAME, _VALID):
        for kernel, stride in (
            ((3, 3), (2, 2)),
            ((2, 2), (2, 2)),
            ((4, 3), (2, 1)),
            ((1, 5), (1, 3)),
            ((3, 3), (1, 1)),
        ):
            yield _transposed(padding, kernel, stride, 0)
        for rest in (1, 2):
            yield _transposed(padding, (4, 3), (3, 3), rest)
        for window in ((2, 2), (3, 2), (1, 3), (4, 3)):
            yield _pool(padding, window)
    for window in ((2, 2), (3, 2), (1, 3)):
        yield _unpool(window)


def pool_options(padding: int, stride: tuple[int, int], window: tuple[int, int]) -> bytes:
    """Sizes are (height, width)."""
    return struct.pack("<10i", padding, stride[1], stride[0], window[1], window[0], 0, 0, 0, 0, 0)


def _numbers(shape: tuple[int, ...]) -> np.ndarray:
    return RNG.integers(-4, 5, shape)


def _problem(name: str, op: str, inputs: list[Operand], outputs: list[Operand], options: bytes) -> Problem:
    found = one_op(name, op, inputs, outputs, custom_options=options)
    return dataclasses.replace(found, resolver="xnnpack")


def _transposed(padding: int, kernel: tuple[int, int], stride: tuple[int, int], rest: int) -> Problem:
    """`rest`: of the sizes that one input size goes with, how far from the greatest (SAME) or least (VALID)."""
    shape, channels = (2, 3, 4, 5), 6
    sides = zip(shape[1:3], stride, kernel, strict=True)
    size = (n * s - rest if padding == _SAME else (n - 1) * s + k + rest for n, s, k in sides)
    x, w = given("FLOAT32", _numbers(shape)), constant("FLOAT32", _numbers((channels, *kernel, shape[3])))
    name = f"transposed_{padding}_{kernel}_{stride}_{rest}"
    inputs = [x, w, constant("FLOAT32", np.arange(channels))]
    options = struct.pack("<5i", padding, stride[1], stride[0], 0, 0)
    return _problem(name, "Convolution2DTransposeBias", inputs, [result("FLOAT32", (2, *size, channels))], options)


def _pool(padding: int, window: tuple[int, int]) -> Problem:
    shape = (2, 7, 6, 3)
    sides = zip(shape[1:3], window, strict=True)
    size = (2, *(-(-n // k) if padding == _SAME else n // k for n, k in sides), 3)
    outputs = [result("FLOAT32", size), result("FLOAT32", size)]
    name, options = f"pool_{padding}_{window}", pool_options(padding, window, window)
    return _problem(name, "MaxPoolingWithArgmax2D", [given("FLOAT32", _numbers(shape))], outputs, options)


def _unpool(window: tuple[int, int]) -> Problem:
    shape = (2, 3, 2, 3)
    places = RNG.integers(0, window[0] * window[1], shape).astype(np.uint32).view(np.float32)
    inputs = [given("FLOAT32", _numbers(shape)), given("FLOAT32", places)]
    out = result("FLOAT32", (2, 3 * window[0], 2 * window[1], 3))
    return _problem(f"unpool_{window}", "MaxUnpooling2D", inputs, [out], pool_options(_VALID, window, window))
