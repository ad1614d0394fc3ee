"""Distributions from random bits, compiled and not, against the formulas."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from intengine_kernels.random import normal_float, uniform_float

from tests.kernels._both import both_ways

BITS = np.random.default_rng(8).integers(0, 2**32, 4096, np.uint32, endpoint=False)
BITS[:6] = [0, 0, 2**32 - 1, 2**32 - 1, 2**23, 2**23 - 1]


def units() -> list[float]:
    return [(int(bits) % 2**23) / 2**23 for bits in BITS]


@both_ways(uniform_float)
def test_uniform_numbers_are_fractions_of_23_bits(run: Callable[..., Any]) -> None:
    out = np.empty(4095, np.float32)
    run(BITS, out)
    assert out.tolist() == units()[:4095]


@both_ways(normal_float)
def test_normal_numbers_are_those_of_box_and_muller(run: Callable[..., Any]) -> None:
    out = np.empty(4095, np.float32)
    run(BITS, out)
    wanted: list[float] = []
    values = units()
    for u, v in zip(values[0::2], values[1::2], strict=True):
        radius = math.sqrt(-2 * math.log(max(u, 1e-7)))
        wanted += [radius * math.sin(2 * math.pi * v), radius * math.cos(2 * math.pi * v)]
    np.testing.assert_allclose(out, wanted[:4095], rtol=2e-6, atol=4e-6)
