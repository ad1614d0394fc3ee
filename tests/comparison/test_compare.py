"""Comparing traces: integers exactly, floats by bits, tolerances only where they are stated or really inherited."""

import dataclasses
import math
from typing import Any

import ml_dtypes
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from intengine import InputError, Report, Trace, compare
from intengine.comparison import FLOAT_MODEL, Tolerance, Verdict
from intengine.comparison.metrics import difference
from intengine.trace import TracedStep

STEPS = (TracedStep(0, "EXP", (1,), (0,)), TracedStep(1, "ADD", (2,), (1, 0)))
LOOSE = {"EXP": Tolerance(1, "made up")}


def trace(*arrays: Any, steps: tuple[TracedStep, ...] = STEPS, profile: str = "p") -> Trace:
    tensors = {i: np.asarray(array) for i, array in enumerate(arrays)}
    return Trace(tensors, {i: f"t{i}" for i in tensors}, steps, profile)


def floats(*values: float) -> np.ndarray:
    return np.array(values, np.float32)


def up(x: np.ndarray, steps: int = 1) -> np.ndarray:
    return (x.view(np.int32) + steps).view(np.float32)


ONE = floats(1.0, 2.0)


def test_equal_traces_are_identical() -> None:
    report = compare(trace(ONE, ONE, ONE), trace(ONE, ONE, ONE))
    assert report.identical
    assert report.agrees
    assert report.first_difference is None
    assert "equal bit for bit" in str(report)


def test_integers_are_exact_whatever_the_tolerance() -> None:
    a = trace(ONE, np.array([1, 2, 3], np.int8))
    b = trace(ONE, np.array([1, 3, 5], np.int8))
    report = compare(a, b, tolerances={"EXP": Tolerance(100, "made up")})
    first = report.first_difference
    assert first is not None
    assert (first.node, first.op, first.index, first.first, first.differing, first.max_abs, first.max_ulp) == (
        0, "EXP", 1, (1,), 2, 2.0, None,
    )  # fmt: skip
    assert first.values == (2, 3)
    assert "node 0 EXP" in str(report)


def test_floats_are_exact_unless_their_operator_has_a_tolerance() -> None:
    a, b = trace(ONE, up(ONE), ONE), trace(ONE, ONE, ONE)
    assert compare(a, b, tolerances={}).first_difference is not None
    report = compare(a, b, tolerances=LOOSE)
    assert not report.identical
    assert report.agrees
    assert [t.verdict for t in report.tensors] == [Verdict.EQUAL, Verdict.WITHIN, Verdict.EQUAL]
    assert not compare(trace(ONE, up(ONE, 2)), trace(ONE, ONE), tolerances=LOOSE).agrees


def test_an_exact_operator_is_held_to_exactness_while_its_inputs_are_equal() -> None:
    report = compare(trace(ONE, ONE, up(ONE)), trace(ONE, ONE, ONE), tolerances=LOOSE)
    assert report.first_difference is not None
    assert report.first_difference.op == "ADD"


def test_a_used_tolerance_is_inherited_relative_to_the_greatest_magnitude() -> None:
    far = floats(1.0, 2.0 + 1.5 * FLOAT_MODEL)
    assert compare(trace(ONE, up(ONE), far), trace(ONE, ONE, ONE), tolerances=LOOSE).agrees
    too_far = floats(1.0, 2.0 + 3 * FLOAT_MODEL)
    report = compare(trace(ONE, up(ONE), too_far), trace(ONE, ONE, ONE), tolerances=LOOSE)
    assert report.first_difference is not None
    assert report.first_difference.note == "follows a tolerated tensor"


def test_integers_inherit_nothing() -> None:
    a, b = trace(ONE, up(ONE), np.int8([1])), trace(ONE, ONE, np.int8([2]))
    assert not compare(a, b, tolerances=LOOSE).agrees


def test_another_dtype_or_shape_differs() -> None:
    report = compare(trace(ONE, ONE), trace(ONE, ONE.astype(np.float64)))
    assert report.first_difference is not None
    assert "float64" in report.first_difference.note
    assert not compare(trace(ONE, ONE), trace(ONE, ONE[None])).agrees


def test_tensors_of_one_trace_only_are_named_and_not_identical() -> None:
    report = compare(trace(ONE, ONE, ONE), trace(ONE, ONE))
    assert report.only_in_a == (2,)
    assert report.agrees
    assert not report.identical
    assert "only in the first: tensors 2" in str(report)


def test_traces_without_a_common_tensor_are_refused() -> None:
    with pytest.raises(InputError, match="no tensor in common"):
        compare(trace(), trace(ONE))


def test_reports_are_frozen() -> None:
    report = compare(trace(ONE), trace(ONE))
    assert isinstance(report, Report)
    with pytest.raises(dataclasses.FrozenInstanceError):
        report.a = "x"  # type: ignore[misc]


def test_a_saved_trace_keeps_what_steps_read(tmp_path: Any) -> None:
    made = trace(ONE, ONE, ONE)
    made.save(tmp_path / "t.npz")
    assert Trace.load(tmp_path / "t.npz").steps == STEPS


def test_nan_equals_nan_and_is_far_from_numbers() -> None:
    nan = floats(math.nan)
    assert difference(nan, up(nan)).differing == 0
    found = difference(nan, floats(1.0))
    assert (found.differing, found.max_abs, found.max_ulp) == (1, math.inf, 2**32)


def test_signed_zeros_are_one_ulp_apart() -> None:
    found = difference(floats(0.0), floats(-0.0))
    assert (found.differing, found.max_ulp, found.max_abs) == (1, 1, 0.0)


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64, ml_dtypes.bfloat16, ml_dtypes.float8_e4m3fn])
def test_neighbours_are_one_ulp_apart_in_every_float_type(dtype: Any) -> None:
    one = np.array([1.0, -1.0], dtype)
    word = np.dtype(f"u{one.itemsize}")
    next_one = (one.view(word) + word.type(1)).view(one.dtype)
    assert difference(one, next_one).max_ulp == 1
    assert difference(one, next_one).differing == 2


def test_complex_numbers_differ_in_either_part() -> None:
    a = np.array([1 + 2j, 3 + 4j], np.complex64)
    b = a.copy()
    b.imag[1] = np.nextafter(np.float32(4), np.float32(5))
    found = difference(a, b)
    assert (found.differing, found.first, found.max_ulp) == (1, (1,), 1)


@given(st.integers(-(2**63), 2**63 - 1), st.integers(-(2**63), 2**63 - 1))
def test_wide_integers_do_not_overflow(p: int, q: int) -> None:
    found = difference(np.array([p], np.int64), np.array([q], np.int64))
    assert found.differing == (p != q)
    assert found.max_abs == float(abs(p - q))


def test_empty_and_scalar_tensors_compare() -> None:
    assert difference(np.zeros((0, 3), np.int8), np.zeros((0, 3), np.int8)).differing == 0
    assert difference(np.array(1, np.int8), np.array(2, np.int8)).first == ()


@pytest.mark.parametrize("dtype", [ml_dtypes.bfloat16, ml_dtypes.float8_e4m3fn, ml_dtypes.float8_e5m2])
def test_a_saved_trace_keeps_types_that_files_cannot_name(tmp_path: Any, dtype: Any) -> None:
    made = trace(np.array([1.0, -2.0], dtype), ONE)
    made.save(tmp_path / "t.npz")
    assert compare(made, Trace.load(tmp_path / "t.npz")).identical
