"""Fixed-point reciprocal and logarithm, compiled and not, and the table of exponentials, against unbounded integers."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from intengine_kernels.transcendental import (
    leading_zeros,
    logarithm,
    reciprocal,
    reciprocal_of_one_plus,
    times_power,
)

from intengine.fixedpoint import exp_negative
from tests.kernels._both import both_ways
from tests.spec import transcendental as spec
from tests.spec.fixedpoint import INT32_MAX, INT32_MIN

POWERS = sorted({2**k + off for k in range(33) for off in (-1, 0, 1)} - {2**32 + 1, 2**32})


@both_ways(leading_zeros)
def test_leading_zeros_are_those_of_32_bits(run: Callable[..., Any]) -> None:
    for x in POWERS:
        assert run(np.int64(x)) == spec.leading_zeros(x), x


@both_ways(times_power)
@given(x=st.integers(INT32_MIN, INT32_MAX), exponent=st.integers(0, 31))
def test_powers_of_two_saturate(run: Callable[..., Any], x: int, exponent: int) -> None:
    assert run(np.int32(x), exponent) == spec.times_power(x, exponent)


@both_ways(reciprocal_of_one_plus)
@given(a=st.integers(0, INT32_MAX))
def test_the_reciprocal_of_one_plus_anything(run: Callable[..., Any], a: int) -> None:
    assert run(np.int32(a)) == spec.reciprocal_of_one_plus(a)


@both_ways(reciprocal_of_one_plus)
def test_the_reciprocal_at_its_ends(run: Callable[..., Any]) -> None:
    for a in [x for x in POWERS if x <= INT32_MAX] + [INT32_MAX - x for x in POWERS if x <= INT32_MAX]:
        got = int(run(np.int32(a)))
        assert got == spec.reciprocal_of_one_plus(a), a
        assert abs(got / 2**31 - 1 / (1 + a / 2**31)) < 2**-27


@both_ways(reciprocal)
@given(x=st.integers(1, 2**32 - 1), integer_bits=st.sampled_from([12, 31]))
def test_the_reciprocal_of_any_uint32(run: Callable[..., Any], x: int, integer_bits: int) -> None:
    assert tuple(map(int, run(np.int64(x), integer_bits))) == spec.reciprocal(x, integer_bits)


@both_ways(reciprocal)
@given(x=st.integers(2**32, 2**50))
def test_the_reciprocal_of_a_number_beyond_uint32_is_near(run: Callable[..., Any], x: int) -> None:
    r, exponent = run(np.int64(x), 31)
    assert math.isclose(int(r) / 2**31 * 2.0 ** -int(exponent), 1 / x, rel_tol=1e-6)


@both_ways(logarithm)
@given(x=st.integers(2**19, INT32_MAX))
def test_the_logarithm_of_anything_from_one_up(run: Callable[..., Any], x: int) -> None:
    assert run(np.int32(x)) == spec.logarithm(x)


@both_ways(logarithm)
def test_the_logarithm_around_powers_of_two(run: Callable[..., Any]) -> None:
    for x in [x for x in POWERS if 2**19 <= x <= INT32_MAX]:
        got = int(run(np.int32(x)))
        assert got == spec.logarithm(x), x
        assert abs(got / 2**26 - math.log(x / 2**19)) < 2**-22


@pytest.mark.parametrize("integer_bits", [0, 1, 2, 3, 4, 5, 6])
def test_exponentials_equal_the_formula(integer_bits: int) -> None:
    edges = [-x for x in POWERS if x <= 2**31] + [INT32_MIN + x for x in POWERS if x <= 2**31]
    rng = np.random.default_rng(integer_bits)
    a = np.array(sorted({*edges, *rng.integers(INT32_MIN, 1, 600).tolist()}), np.int64)
    got = exp_negative(a, integer_bits)
    assert got.tolist() == [spec.exp_negative(int(value), integer_bits) for value in a]
    assert np.abs(got / 2**31 - np.exp(a / 2.0 ** (31 - integer_bits))).max() < 2**-21
