"""Multipliers, activation ranges, quantizing and dequantizing, against exact arithmetic."""

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from intengine.errors import InvalidModelError
from intengine.model import Quantization, TensorType
from intengine.quantization import (
    RELU,
    RELU6,
    activation_range,
    dequantize,
    quantize,
    quantize_multiplier,
    quantize_real_even,
    round_half_away,
)


@given(st.floats(2.0**-31, 2.0**30))
def test_the_multiplier_is_within_half_a_unit_of_its_real_number(real: float) -> None:
    multiplier, shift = quantize_multiplier(real)
    assert 2**30 <= multiplier < 2**31
    error = abs(Fraction(multiplier) * Fraction(2) ** (shift - 31) - Fraction(real))
    assert error <= Fraction(2) ** (shift - 32)


def test_multipliers_at_the_edges() -> None:
    assert quantize_multiplier(0.0) == (0, 0)
    assert quantize_multiplier(0.5) == (2**30, 0)
    assert quantize_multiplier(1.0) == (2**30, 1)
    assert quantize_multiplier(math.nextafter(1.0, 0.0)) == (2**30, 1)
    assert quantize_multiplier(2.0**-40) == (0, 0)
    assert quantize_multiplier(-0.5) == (-(2**30), 0)
    for bad in (math.nan, math.inf, 2.0**40):
        with pytest.raises(InvalidModelError):
            quantize_multiplier(bad)


@given(st.fractions(-100, 100))
def test_halves_round_away_from_zero(value: Fraction) -> None:
    x = float(value)
    exact = math.floor(abs(Fraction(x)) + Fraction(1, 2)) * (1 if x > 0 else -1)
    assert round_half_away(x) == exact


def test_activation_ranges_are_clamped_to_the_type() -> None:
    scale = np.float32(0.1)
    assert activation_range(RELU, TensorType.INT8, scale, -10) == (-10, 127)
    assert activation_range(RELU6, TensorType.INT8, scale, -10) == (-10, 50)
    assert activation_range(RELU6, TensorType.UINT8, np.float32(0.01), 0) == (0, 255)
    with pytest.raises(InvalidModelError):
        activation_range(9, TensorType.INT8, scale, 0)


def test_quantizing_rounds_halves_away_and_saturates() -> None:
    spec = Quantization(np.array([0.5], np.float32), np.array([3]))
    real = np.array([0.25, -0.25, 0.2, 1e9, -1e9, np.nan, np.inf], np.float32)
    got = quantize(real, spec, TensorType.INT8)
    assert got.dtype == np.int8
    assert got.tolist() == [4, 2, 3, 127, -128, 3, 127]


def test_quantizing_along_an_axis_uses_each_scale() -> None:
    spec = Quantization(np.array([1.0, 2.0], np.float32), np.array([0, 1]), axis=1)
    values = quantize(np.array([[2.0, 2.0], [4.0, 4.0]], np.float32), spec, TensorType.INT8)
    assert values.tolist() == [[2, 2], [4, 3]]
    assert dequantize(values, spec).tolist() == [[2.0, 2.0], [4.0, 4.0]]


def test_xnnpack_rounds_a_bound_after_the_zero_point_is_added_halves_to_even() -> None:
    scale = np.float32(4.0)
    assert activation_range(RELU6, TensorType.INT8, scale, 1) == (1, 3)
    assert activation_range(RELU6, TensorType.INT8, scale, 1, quantize_real_even) == (1, 2)
    assert activation_range(RELU6, TensorType.INT8, scale, 2, quantize_real_even) == (2, 4)
