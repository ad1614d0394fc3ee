"""Binary convolutions against sums of signs."""

from typing import Any

import numpy as np
import pytest
from intengine_kernels.binary_conv import binary_conv

from tests.kernels._both import both_ways
from tests.spec import binary_conv as spec

RNG = np.random.default_rng(6)


def bits(shape: tuple[int, ...], depth: int) -> np.ndarray:
    """Random words of so many bits; those behind them are 0."""
    words = RNG.integers(-(2**31), 2**31, shape).astype(np.int32)
    if depth % 32:
        words[..., -1] &= np.int32((1 << depth % 32) - 1)
    return words


@both_ways(binary_conv)
@pytest.mark.parametrize("pad_ones", [False, True])
@pytest.mark.parametrize(
    ("depth", "groups", "geometry"),
    [(1, 1, (1, 1, 1, 1, 1, 1)), (32, 2, (2, 1, 1, 2, 0, 1)), (45, 1, (1, 2, 2, 1, 2, 0)), (64, 3, (1, 1, 1, 1, 0, 0))],
)
def test_sums_are_those_of_signs(run: Any, depth: int, groups: int, geometry: tuple[int, ...], pad_ones: bool) -> None:
    words = -(-depth // 32)
    x = np.concatenate([bits((2, 4, 5, words), depth) for _ in range(groups)], axis=3)
    w = bits((2 * groups, 3, 2, words), depth)
    out, expected = np.empty((2, 3, 3, 2 * groups), np.int32), np.empty((2, 3, 3, 2 * groups), np.int32)
    run(x, w, depth, pad_ones, *geometry, out)
    spec.binary_conv(x, w, depth, pad_ones, geometry, expected)
    assert np.array_equal(out, expected)


def test_words_with_every_bit_set_are_minus_one() -> None:
    x, w = np.full((1, 1, 1, 1), -1, np.int32), np.array([-1, 0, -(2**31)], np.int32).reshape(3, 1, 1, 1)
    out = np.empty((1, 1, 1, 3), np.int32)
    binary_conv(x, w, 32, False, 1, 1, 1, 1, 0, 0, out)
    assert out.ravel().tolist() == [32, -32, -30]
