"""How two arrays differ, element by element."""

import math
from dataclasses import dataclass
from typing import Any

import ml_dtypes
import numpy as np
from numpy.typing import NDArray

_SMALL_FLOATS = frozenset(
    np.dtype(kind) for kind in (ml_dtypes.bfloat16, ml_dtypes.float8_e4m3fn, ml_dtypes.float8_e5m2)
)


@dataclass(frozen=True)
class Difference:
    """What separates two arrays of one dtype and shape.

    Attributes:
        differing: elements that are not equal bit for bit (two NaN are equal, whatever their payload).
        max_abs: greatest absolute difference; infinite where one side is NaN or infinite, NaN for strings.
        max_ulp: greatest number of representable steps between two elements, None for types other than float; +0 and
            -0 are one step apart, and a NaN is 2**bits from any number.
        first: index of the first differing element, None if there is none.
    """

    differing: int = 0
    max_abs: float = 0.0
    max_ulp: int | None = None
    first: tuple[int, ...] | None = None


def is_float(dtype: np.dtype[Any]) -> bool:
    """Whether elements are floating point, real or complex."""
    return dtype.kind in "fc" or dtype in _SMALL_FLOATS


def difference(a: NDArray[Any], b: NDArray[Any]) -> Difference:
    """Compare two arrays of one dtype and shape, bit for bit."""
    assert a.dtype == b.dtype
    assert a.shape == b.shape
    exact = Difference(max_ulp=0 if is_float(a.dtype) else None)
    if a.size == 0:
        return exact
    if a.dtype.kind == "O":
        return _of(np.asarray(a != b, bool), math.nan, None)
    real = np.dtype(f"f{a.dtype.itemsize // 2}") if a.dtype.kind == "c" else a.dtype
    x = np.ascontiguousarray(a).view(real).reshape(*a.shape, -1)
    y = np.ascontiguousarray(b).view(real).reshape(*a.shape, -1)
    word = np.dtype(f"u{real.itemsize}")
    unequal = x.view(word) != y.view(word)
    if is_float(real):
        unequal &= ~(np.isnan(x) & np.isnan(y))
    if not unequal.any():
        return exact
    far, steps = _distances(x[unequal], y[unequal])
    return _of(unequal.any(axis=-1), far, steps)


def _of(mask: NDArray[np.bool_], max_abs: float, max_ulp: int | None) -> Difference:
    count = int(np.count_nonzero(mask))
    if not count:
        return Difference()
    first = tuple(int(i) for i in np.unravel_index(int(np.argmax(mask)), mask.shape))
    return Difference(count, max_abs, max_ulp, first)


def _distances(x: NDArray[Any], y: NDArray[Any]) -> tuple[float, int | None]:
    """Greatest absolute and ulp distance of elements that are known to differ."""
    if not is_float(x.dtype):
        if x.dtype.itemsize == 8:
            return float(max(abs(int(p) - int(q)) for p, q in zip(x, y, strict=True))), None
        return float(np.abs(x.astype(np.int64) - y.astype(np.int64)).max()), None
    bits = 8 * x.dtype.itemsize
    steps = int(_ordered_distance(x, y).max())
    with np.errstate(invalid="ignore", over="ignore"):
        far = np.abs(x.astype(np.float64) - y.astype(np.float64))
    if np.isnan(x).any() or np.isnan(y).any():
        return math.inf, 2**bits
    return float(far.max()), steps


def _ordered_distance(x: NDArray[Any], y: NDArray[Any]) -> NDArray[np.uint64]:
    """|rank(x) - rank(y)|, where rank numbers a float type's values from -inf (lowest) to +inf."""
    bits = 8 * x.dtype.itemsize
    word = np.dtype(f"u{x.dtype.itemsize}")

    def rank(z: NDArray[Any]) -> NDArray[np.uint64]:
        raw = z.view(word).astype(np.uint64)
        sign = np.uint64(1 << (bits - 1))
        mask = np.uint64((1 << bits) - 1)
        return np.where(raw & sign, ~raw & mask, raw | sign)

    p, q = rank(x), rank(y)
    return np.maximum(p, q) - np.minimum(p, q)
