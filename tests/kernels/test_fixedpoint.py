"""The fixed-point primitives, compiled and not, against unbounded integers."""

from collections.abc import Callable
from fractions import Fraction
from itertools import product
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from intengine_kernels.fixedpoint import mbqm, mbqm64, rdp, round_half_away, srdhm

from tests.kernels._both import both_ways
from tests.spec import fixedpoint as spec

INT32 = st.integers(spec.INT32_MIN, spec.INT32_MAX)
#: What quantizing a real multiplier gives.
MULTIPLIERS = st.integers(2**30, spec.INT32_MAX)
EDGES = sorted({sign * 2**k + off for k in (0, 1, 7, 15, 29, 30, 31) for sign in (1, -1) for off in (-1, 0, 1)})
EDGES32 = [x for x in EDGES if spec.INT32_MIN <= x <= spec.INT32_MAX]


@both_ways(srdhm)
@given(a=INT32, b=INT32)
def test_the_high_product_rounds_halves_up(run: Callable[..., Any], a: int, b: int) -> None:
    assert run(np.int32(a), np.int32(b)) == spec.srdhm(a, b)


@both_ways(srdhm)
def test_the_high_product_at_the_edges(run: Callable[..., Any]) -> None:
    for a, b in product(EDGES32, EDGES32):
        assert run(np.int32(a), np.int32(b)) == spec.srdhm(a, b), (a, b)


@both_ways(srdhm)
def test_the_high_product_saturates_in_one_case_only(run: Callable[..., Any]) -> None:
    lowest = np.int32(spec.INT32_MIN)
    assert run(lowest, lowest) == spec.INT32_MAX
    assert run(lowest, np.int32(spec.INT32_MIN + 1)) == spec.INT32_MAX


@both_ways(rdp)
@given(x=INT32, exponent=st.integers(0, 31))
def test_the_rounding_shift_rounds_to_nearest(run: Callable[..., Any], x: int, exponent: int) -> None:
    assert run(np.int32(x), np.int64(exponent)) == spec.rdp(x, exponent)


@both_ways(rdp)
@given(k=st.integers(-(2**20), 2**20), exponent=st.integers(1, 10))
def test_the_rounding_shift_takes_ties_away_from_zero(run: Callable[..., Any], k: int, exponent: int) -> None:
    tie = (2 * k + 1) << (exponent - 1)
    assert run(np.int32(tie), np.int64(exponent)) == (k + 1 if tie > 0 else k)


@both_ways(mbqm)
@given(x=INT32, multiplier=MULTIPLIERS, shift=st.integers(-31, 31))
def test_two_roundings(run: Callable[..., Any], x: int, multiplier: int, shift: int) -> None:
    assert run(np.int32(x), np.int32(multiplier), np.int32(shift)) == spec.mbqm(x, multiplier, shift)


@both_ways(mbqm)
@given(x=INT32, multiplier=INT32, shift=st.integers(-31, 31))
def test_two_roundings_with_any_multiplier(run: Callable[..., Any], x: int, multiplier: int, shift: int) -> None:
    assert run(np.int32(x), np.int32(multiplier), np.int32(shift)) == spec.mbqm(x, multiplier, shift)


def test_two_roundings_are_not_one() -> None:
    """A quarter becomes a half, then one: the input on which this scheme and a single rounding differ."""
    assert int(mbqm(np.int32(1), np.int32(2**30), np.int32(-1))) == 1
    assert spec.half_up(Fraction(1, 4)) == 0


@both_ways(mbqm64)
@given(x=st.integers(-(2**47) + 1, 2**47 - 1), multiplier=MULTIPLIERS, shift=st.integers(-31, 7))
def test_fifteen_bits_and_one_rounding(run: Callable[..., Any], x: int, multiplier: int, shift: int) -> None:
    assert run(np.int64(x), np.int32(multiplier), np.int32(shift)) == spec.mbqm64(x, multiplier, shift)


@both_ways(mbqm64)
@pytest.mark.parametrize("multiplier", [2**30, 0x7FFEFFFF, 0x7FFF0000, 0x7FFF7FFF, 0x7FFFFFFF])
def test_the_fifteen_bit_multiplier_does_not_overflow(run: Callable[..., Any], multiplier: int) -> None:
    for x, shift in product([-(2**40), -12345, -1, 0, 1, 99999, 2**40], [-31, -15, -1, 0, 1, 7]):
        got = run(np.int64(x), np.int32(multiplier), np.int32(shift))
        assert got == spec.mbqm64(x, multiplier, shift), (x, shift)


@both_ways(round_half_away)
@given(x=st.floats(-(2.0**60), 2.0**60))
def test_doubles_round_halves_away(run: Callable[..., Any], x: float) -> None:
    assert int(run(x)) == spec.half_away(x)


@both_ways(round_half_away)
def test_doubles_next_to_a_half(run: Callable[..., Any]) -> None:
    for k in range(-40, 40):
        half = k + 0.5
        for x in (half, np.nextafter(half, -100), np.nextafter(half, 100), -0.0):
            assert int(run(float(x))) == spec.half_away(float(x))
