"""The functions of libm give glibc's recorded bits, compiled and as Python, and take no host's function."""

import math
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import numba
import numpy as np
import pytest
from intengine_kernels.libm import angle, erfc, exp, hyperbolic, log, power, root, tables, trigonometric
from intengine_kernels.libm.arithmetic import fma

#: Inputs and results of glibc 2.36 with FMA, as bits: written by tools/libm_sweep.py --record.
RECORDED = np.load(Path(__file__).parent.parent / "golden" / "libm.npz")
FUNCTIONS: dict[str, Callable[..., Any]] = {
    "expf": exp.expf,
    "logf": log.logf,
    "expm1f": hyperbolic.expm1f,
    "tanhf": hyperbolic.tanhf,
    "sinf": trigonometric.sinf,
    "cosf": trigonometric.cosf,
    "erfcf": erfc.erfcf,
    "powf": power.powf,
    "atan2f": angle.atan2f,
    "exp": exp.exp,
    "log": log.log,
    "log1p": log.log1p,
    "sin": trigonometric.sin,
    "cos": trigonometric.cos,
    "pow": power.pow,
    "atan2": angle.atan2,
    "hypot": root.hypot,
}


def recorded(name: str) -> tuple[list[np.ndarray], np.ndarray]:
    """Inputs and expected results."""
    columns = RECORDED[name]
    real = np.float32 if columns.dtype == np.uint32 else np.float64
    return [column.view(real) for column in columns[:-1]], columns[-1].view(real)


def assert_same_bits(found: np.ndarray, expected: np.ndarray) -> None:
    """All NaN count as one."""
    assert found.dtype == expected.dtype
    word = f"u{expected.itemsize}"
    differ = (found.view(word) != expected.view(word)) & ~(np.isnan(found) & np.isnan(expected))
    assert not differ.any(), (np.flatnonzero(differ), found[differ], expected[differ])


def test_everything_recorded_is_compared() -> None:
    assert set(RECORDED) == set(FUNCTIONS)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_arrays_give_the_recorded_bits(name: str) -> None:
    inputs, expected = recorded(name)
    assert expected.size >= 200
    assert_same_bits(FUNCTIONS[name](*inputs), expected)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_compiled_loops_give_the_recorded_bits(name: str) -> None:
    inputs, expected = recorded(name)
    function = FUNCTIONS[name]

    @numba.njit(error_model="numpy")
    def one(x, out):  # type: ignore[no-untyped-def]
        for i in range(x.size):
            out[i] = function(x[i])

    @numba.njit(error_model="numpy")
    def two(x, y, out):  # type: ignore[no-untyped-def]
        for i in range(x.size):
            out[i] = function(x[i], y[i])

    found = np.empty_like(expected)
    (one if len(inputs) == 1 else two)(*inputs, found)
    assert_same_bits(found, expected)


def test_scalars_are_taken_like_arrays() -> None:
    found = exp.expf(np.float32(1.5))
    assert type(found) is np.float32
    assert found == exp.expf(np.array([1.5], np.float32))[0]
    assert type(log.log(np.float64(2.0))) is np.float64


def test_the_fused_multiply_add_rounds_once() -> None:
    rng = np.random.default_rng(3)
    a, b = rng.standard_normal((2, 3000)) * np.exp2(rng.integers(-40, 40, (2, 3000)))
    c = rng.standard_normal(3000) * np.exp2(rng.integers(-90, 90, 3000))
    # Sums that cancel, and halves of the last place.
    c[:1000] = -a[:1000] * b[:1000] * (1 + np.exp2(rng.integers(-60, -40, 1000)))
    a[1000:1500], b[1000:1500], c[1000:1500] = 1 + 2.0**-52, rng.integers(1, 9, 500), 2.0**-53
    expected = [float(Fraction(x) * Fraction(y) + Fraction(z)) for x, y, z in zip(a, b, c, strict=True)]
    assert fma(a, b, c).tolist() == expected

    @numba.njit
    def compiled(a, b, c, out):  # type: ignore[no-untyped-def]
        for i in range(a.size):
            out[i] = fma(a[i], b[i], c[i])

    out = np.empty_like(a)
    compiled(a, b, c, out)
    assert out.tolist() == expected


def test_tables_are_made_from_integers() -> None:
    assert tables.nearest(tables.LN2) == math.log(2)
    assert tables.nearest(trigonometric.PI) == math.pi
    assert [tables.nearest(power) for power in tables.powers_of_two(1)] == [1.0, math.sqrt(2)]
    assert abs(trigonometric.pi_by(60) - int(math.pi * 2**60)) < 2**10


def test_far_angles_are_reduced_with_all_of_pi() -> None:
    # 6381956970095103 * 2**797 is the float64 that lies nearest to a multiple of pi / 2.
    x = 6381956970095103.0 * 2.0**797
    quadrant, a, rest = trigonometric.far_quadrant(x)
    assert quadrant % 2 == 1
    assert abs(a) == pytest.approx(4.687165924254624e-19, rel=1e-15)
    assert abs(rest) < abs(a) * 2**-52


def test_roots_and_hyperbolic_tangents_of_float64_are_within_a_unit_or_two() -> None:
    x = np.exp(np.random.default_rng(4).uniform(-40, 40, 400))
    for value, found in zip(x.tolist(), root.cbrt(x).tolist(), strict=True):
        ends = (Fraction(math.nextafter(found, end)) for end in (0, math.inf))
        low, high = ((Fraction(found) + end) / 2 for end in ends)
        assert low**3 <= Fraction(value) <= high**3
    t = np.linspace(-22, 22, 1001)
    np.testing.assert_array_max_ulp(hyperbolic.tanh(t), np.array([math.tanh(v) for v in t]), 2)
