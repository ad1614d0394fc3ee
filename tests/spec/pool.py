"""Pooling, window by window, as numerics.md 2.B13 states it."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tests.spec.fixedpoint import clamp
from tests.spec.matrix import geometry

F32 = np.float32


def windows(
    x: NDArray[Any], kh: int, kw: int, stride: tuple[int, int], *, same: bool
) -> Iterator[tuple[tuple[int, ...], list[Any]]]:
    """(index of an output, its taps inside the image in the order row, column)."""
    rows, columns, out_h, out_w = geometry(x.shape, kh, kw, same=same, stride=stride, dilation=(1, 1))
    for b, oy, ox, c in np.ndindex(x.shape[0], out_h, out_w, x.shape[3]):
        taps = [x[b, y, at, c] for o, _, y in rows if o == oy for p, _, at in columns if p == ox]
        yield (b, oy, ox, c), taps


def pool(
    x: NDArray[Any],
    kh: int,
    kw: int,
    stride: tuple[int, int],
    of: Callable[[list[Any]], Any],
    *,
    same: bool,
    lo: Any,
    hi: Any,
) -> NDArray[Any]:
    """[B, OH, OW, C] of clamp(of(taps)), lo first."""
    _, _, out_h, out_w = geometry(x.shape, kh, kw, same=same, stride=stride, dilation=(1, 1))
    out = np.zeros((x.shape[0], out_h, out_w, x.shape[3]), x.dtype)
    for at, taps in windows(x, kh, kw, stride, same=same):
        value = of(taps)
        if x.dtype == F32:
            value = lo if value < lo else value
            out[at] = hi if hi < value else value
        else:
            out[at] = clamp(int(value), lo, hi)
    return out


def average(taps: list[Any]) -> int:
    """The sum and half the count, divided toward zero."""
    total, n = sum(int(tap) for tap in taps), len(taps)
    return (total + n // 2) // n if total > 0 else -((-total + n // 2) // n)


def average_float(taps: list[np.float32]) -> np.float32:
    """A float32 sum in order, then one division."""
    total = F32(0)
    for tap in taps:
        total = F32(total + tap)
    return F32(total / F32(len(taps)))


def greatest(taps: list[Any]) -> Any:
    """The first of the greatest; floats start from the least finite one, and NaN is passed over."""
    best = np.finfo(F32).min if taps[0].dtype == F32 else np.iinfo(taps[0].dtype).min
    for tap in taps:
        best = tap if best < tap else best
    return best
