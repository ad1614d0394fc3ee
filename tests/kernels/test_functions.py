"""Quantized SQUARED_DIFFERENCE equals its formula for all pairs of int8; functions of libm in single precision."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from intengine_kernels import functions
from intengine_kernels.double import atan2_double

from tests.kernels._both import both_ways
from tests.spec import functions as spec

STEP = np.array([1], np.int64)
FIRST, SECOND, LAST = (2**30, 0), (1518500250, -1), (1476395008, -10)


@both_ways(functions.squared_difference_tables)
@pytest.mark.parametrize("step", [1, 5])
def test_pairs_of_int8_have_squared_differences_as_specified(run: Callable[..., Any], step: int) -> None:
    if run is not functions.squared_difference_tables:
        step *= 7
    values = np.arange(-128, 128, step)
    a, b = values.repeat(values.size), np.tile(values, values.size)
    bits = np.arange(256).astype(np.uint8).view(np.int8).tolist()
    a_levels = np.array([spec.level(q, 3, 7, FIRST) for q in bits], np.int32)
    b_levels = np.array([spec.level(q, -5, 7, SECOND) for q in bits], np.int32)
    out = np.empty(a.shape, np.int8)
    raw = (x.astype(np.int8).view(np.uint8) for x in (a, b))
    run(*raw, np.array([a.size], np.int64), STEP, STEP, a_levels, b_levels, *LAST, -90, -128, 127, out)
    pairs = zip(a.tolist(), b.tolist(), strict=True)
    expected = [spec.squared_difference(x, y, 3, -5, FIRST, SECOND, LAST, -90, -128, 127) for x, y in pairs]
    np.testing.assert_array_equal(out, np.array(expected, np.int8))


@pytest.mark.parametrize(
    ("kernel", "exact"),
    [
        (functions.sin_float, math.sin),
        (functions.cos_float, math.cos),
        (functions.erfc_float, math.erfc),
        (functions.elu_float, lambda x: math.expm1(x) if x < 0 else x),
    ],
)
def test_functions_of_single_precision_are_near_those_of_double(
    kernel: Callable[..., Any], exact: Callable[[float], float]
) -> None:
    x = np.linspace(-9, 9, 999).astype(np.float32)
    expected = np.array([exact(float(value)) for value in x])
    for run in (kernel, getattr(kernel, "py_func", kernel)):
        out = np.empty_like(x)
        run(x, out)
        np.testing.assert_allclose(out, expected, rtol=4e-7, atol=1e-44)


@pytest.mark.parametrize("kernel", [functions.gelu_erf_float, functions.gelu_tanh_float])
def test_both_forms_of_gelu_are_near_each_other_and_the_formula(kernel: Callable[..., Any]) -> None:
    x = np.linspace(-6, 6, 601).astype(np.float32)
    expected = np.array([0.5 * value * (1 + math.erf(value / math.sqrt(2))) for value in x.astype(np.float64)])
    for run in (kernel, getattr(kernel, "py_func", kernel)):
        out = np.empty_like(x)
        run(x, out)
        np.testing.assert_allclose(out, expected, atol=6e-4)


@pytest.mark.parametrize(("kernel", "dtype"), [(functions.atan2_float, np.float32), (atan2_double, np.float64)])
def test_angles_have_the_quadrant_of_their_point(kernel: Callable[..., Any], dtype: Any) -> None:
    y, x = np.array([0.0, 1, 1, -1, -0.0], dtype), np.array([1.0, 1, -1, -1, -1], dtype)
    for run in (kernel, getattr(kernel, "py_func", kernel)):
        out = np.empty_like(y)
        run(y, x, out)
        np.testing.assert_allclose(out / np.pi, [0, 0.25, 0.75, -0.75, -1], rtol=1e-7)


@both_ways(functions.power_float)
def test_powers_broadcast(run: Callable[..., Any]) -> None:
    a, b = np.array([2, 3, 5], np.float32), np.array([-1, 0.5], np.float32)
    out = np.empty(6, np.float32)
    strides = (np.array([1, 0], np.int64), np.array([0, 1], np.int64))
    run(a, b, np.array([3, 2], np.int64), *strides, out)
    np.testing.assert_allclose(out.reshape(3, 2), a[:, None] ** b, rtol=2e-7)
