"""Resizing, pixel by pixel, as numerics.md 2.B13 states it; positions included."""

from math import ceil, floor, trunc
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tests.spec.fixedpoint import half_away

F32 = np.float32


def q10_position(i: int, size: int, out: int, *, align: bool, half: bool) -> tuple[int, int, int]:
    """(low, high, distance from low in 1/1024); divisions truncate."""
    scale = (1024 * size + out // 2) // out
    if align and out > 1:
        scale = (1024 * (size - 1) + (out - 1) // 2) // (out - 1)
    at = i * scale + (scale // 2 - 512 if half else 0)
    low = max(trunc(at / 1024), 0)
    return low, min(trunc((at + 1023) / 1024), size - 1), at - 1024 * low


def ratio(size: int, out: int, *, align: bool) -> np.float32:
    """float32 input steps for one output step."""
    return F32(F32(size - 1) / F32(out - 1)) if align and out > 1 else F32(F32(size) / F32(out))


def float_position(i: int, size: int, out: int, *, align: bool, half: bool) -> tuple[int, int, np.float32]:
    """(low, high, distance from low in float32)."""
    scale = ratio(size, out, align=align)
    at = F32(F32(F32(F32(i) + F32(0.5)) * scale) - F32(0.5)) if half else F32(F32(i) * scale)
    low = max(floor(at), 0)
    return low, min(ceil(at), size - 1), F32(at - F32(low))


def nearest_position(i: int, size: int, out: int, *, align: bool, half: bool) -> int:
    """The input pixel of an output pixel."""
    at = F32(F32(F32(i) + F32(0.5 if half else 0)) * ratio(size, out, align=align))
    return min(max(half_away(float(at)) if align else floor(at), 0), size - 1)


def bilinear_q10(q: tuple[int, int, int, int], fy: int, fx: int) -> int:
    """q00, q10, q01, q11 (row, column) blended; halves away from zero; the result wraps in its type."""
    weights = (1024 - fy) * (1024 - fx), fy * (1024 - fx), (1024 - fy) * fx, fy * fx
    total = sum(value * weight for value, weight in zip(q, weights, strict=True))
    return trunc((total + 2**19 if total > 0 else total - 2**19) / 2**20)


def bilinear_float(q: tuple[Any, Any, Any, Any], dy: np.float32, dx: np.float32) -> np.float32:
    """The same in float32, rounded at each step, weights one after the other."""
    ey, ex = F32(F32(1) - dy), F32(F32(1) - dx)
    q00, q10, q01, q11 = map(F32, q)
    total = F32(F32(q00 * ey) * ex)
    for term in (F32(F32(q10 * dy) * ex), F32(F32(q01 * ey) * dx), F32(F32(q11 * dy) * dx)):
        total = F32(total + term)
    return total


def resize(x: NDArray[Any], size: tuple[int, int], *, align: bool, half: bool, nearest: bool) -> NDArray[Any]:
    """[B, H, W, C] -> [B, *size, C]; int8 and int16 in 1/1024, uint8 and float32 in float32."""
    out = np.zeros((x.shape[0], *size, x.shape[3]), x.dtype)
    modes = {"align": align, "half": half}
    in_float = x.dtype in (np.uint8, np.float32)
    find: Any = float_position if in_float else q10_position
    for i, j in np.ndindex(size):
        if nearest:
            y, at = nearest_position(i, x.shape[1], size[0], **modes), nearest_position(j, x.shape[2], size[1], **modes)
            out[:, i, j] = x[:, y, at]
            continue
        y0, y1, dy = find(i, x.shape[1], size[0], **modes)
        x0, x1, dx = find(j, x.shape[2], size[1], **modes)
        for b, c in np.ndindex(x.shape[0], x.shape[3]):
            q = x[b, y0, x0, c], x[b, y1, x0, c], x[b, y0, x1, c], x[b, y1, x1, c]
            if not in_float:
                out[b, i, j, c] = bilinear_q10(tuple(map(int, q)), dy, dx)
            else:
                value = bilinear_float(q, dy, dx)
                out[b, i, j, c] = trunc(float(F32(value + F32(0.5)))) if x.dtype == np.uint8 else value
    return out
