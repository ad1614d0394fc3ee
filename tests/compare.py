"""Exact comparison: dtype, shape and every element; floats by distance in units in the last place."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from tests.cases import Problem


def ulp_distance(a: NDArray[np.floating], b: NDArray[np.floating]) -> int:
    """Greatest number of representable values between two float arrays; NaN equals NaN."""
    if a.size == 0:
        return 0
    bits = np.dtype(f"i{a.dtype.itemsize}")
    lowest = np.iinfo(bits).min

    def ordered(x: NDArray[np.floating]) -> NDArray[np.object_]:
        raw = x.view(bits).astype(np.int64)
        return np.where(raw < 0, np.int64(lowest) - raw, raw)

    both_nan = np.isnan(a) & np.isnan(b)
    one_nan = np.isnan(a) ^ np.isnan(b)
    assert not one_nan.any(), "NaN on one side only"
    distance = np.abs(ordered(np.ascontiguousarray(a)).astype(float) - ordered(np.ascontiguousarray(b)))
    return int(np.where(both_nan, 0, distance).max())


def assert_same(got: NDArray, expected: NDArray, problem: Problem) -> None:
    """Fail with the first difference unless `got` is what the problem allows; without elements nothing can differ."""
    if got.size == expected.size == 0:
        return
    assert got.dtype == expected.dtype, f"{problem.name}: dtype {got.dtype}, expected {expected.dtype}"
    assert got.shape == expected.shape, f"{problem.name}: shape {got.shape}, expected {expected.shape}"
    if got.dtype.kind == "f" and problem.ulp:
        far = ulp_distance(got, expected)
        assert far <= problem.ulp, f"{problem.name}: {far} ulp apart, {problem.ulp} allowed"
        return
    same = (got == expected) | ((got != got) & (expected != expected))
    if not np.all(same):
        at = tuple(int(i) for i in np.argwhere(~np.asarray(same))[0])
        raise AssertionError(
            f"{problem.name}: {int((~same).sum())} of {same.size} differ; at {at} got {got[at]}, "
            f"expected {expected[at]}"
        )


def assert_same_deeply(a: Any, b: Any, where: str) -> None:
    """Equal in type, dtype, shape and value, through dicts, lists and tuples."""
    assert type(a) is type(b), where
    if isinstance(a, dict):
        assert list(a) == list(b), where
        for key in a:
            assert_same_deeply(a[key], b[key], f"{where}.{key}")
    elif isinstance(a, list | tuple):
        assert len(a) == len(b), where
        for i, (left, right) in enumerate(zip(a, b, strict=True)):
            assert_same_deeply(left, right, f"{where}[{i}]")
    elif isinstance(a, np.ndarray):
        assert a.dtype == b.dtype, where
        assert a.shape == b.shape, where
        assert a.tobytes() == b.tobytes() if a.dtype != object else a.tolist() == b.tolist(), where
    else:
        assert a == b, where
