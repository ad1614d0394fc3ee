"""Quantizing on the fly and the hybrid kernels, compiled and not, against float32 steps."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from intengine_kernels.hybrid_quantize import LANES, quantize_asymmetric, quantize_symmetric

from tests.cases._matrix import near_halves
from tests.kernels._both import both_ways
from tests.spec import hybrid as spec

ROWS = st.lists(st.floats(-1000, 1000, width=32, allow_subnormal=False), min_size=1, max_size=40)


def quantized(run: Callable[..., Any], x: np.ndarray) -> tuple[list[int], np.float32, int]:
    lanes, q = np.empty((2, LANES), np.float32), np.full(x.size, 99, np.int8)
    scale, zero_point = run(x, lanes, q)
    return q.tolist(), scale, zero_point


@pytest.fixture(autouse=True)
def _quiet_overflow() -> Iterator[None]:
    with np.errstate(all="ignore"):
        yield


@both_ways(quantize_symmetric)
@given(values=ROWS)
def test_a_row_is_quantized_about_zero(run: Callable[..., Any], values: list[float]) -> None:
    x = np.array(values, np.float32)
    assert quantized(run, x) == (*spec.quantize_symmetric(x), 0)


@both_ways(quantize_asymmetric)
@given(values=ROWS)
def test_a_row_is_quantized_between_its_ends(run: Callable[..., Any], values: list[float]) -> None:
    x = np.array(values, np.float32)
    assert quantized(run, x) == spec.quantize_asymmetric(x)


@both_ways(quantize_symmetric)
def test_just_below_a_half_rounds_up_in_whole_blocks_of_eight_only(run: Callable[..., Any]) -> None:
    x = np.full(13, np.nextafter(np.float32(0.5), np.float32(0)), np.float32)
    x[0] = 127
    q, scale, _ = quantized(run, x)
    assert scale == 1
    assert q == [127] + [1] * 7 + [0] * 5


@pytest.mark.parametrize("size", [1, 7, 8, 63, 64, 65, 200, 1000])
def test_rows_of_any_length(size: int) -> None:
    rng = np.random.default_rng(size)
    for x in (rng.standard_normal(size).astype(np.float32), near_halves(rng, (1, size))[0]):
        for sign in (1, -1):
            row = np.float32(sign) * x
            assert quantized(quantize_symmetric, row) == (*spec.quantize_symmetric(row), 0)
            assert quantized(quantize_asymmetric, row) == spec.quantize_asymmetric(row)


@pytest.mark.parametrize(
    "values",
    [
        [1e-38, 0.0, -3e-38, 2e-38] * 5,
        [-1e-38, 0.0, 3e-38],
        [3e-38, 0.0] * 5,
        [0.0] * 20,
        [-0.0] * 3,
        [3.0] * 20,
        [-3.0] * 20,
        [1e-38, 1e38],
        [-1e-30, 0.0],
        [1e-39] * 9,
        [-1e-42, 1e-43],
    ],
)
def test_odd_rows(values: list[float]) -> None:
    x = np.array(values, np.float32)
    assert quantized(quantize_symmetric, x) == (*spec.quantize_symmetric(x), 0)
    assert quantized(quantize_asymmetric, x) == spec.quantize_asymmetric(x)
