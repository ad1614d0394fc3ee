"""Quantizing on the fly and the hybrid products, in float32 steps, one element at a time.

Transcribed from the formulas of LiteRT on x86; nothing is shared with the engine.
"""

import math

import numpy as np
from numpy.typing import NDArray

from tests.spec.fixedpoint import INT32_MAX, INT32_MIN, half_away, wrap32

F32 = np.float32
#: Elements of a row that x86 code rounds together, and weights that it multiplies together.
ROUND_BLOCK, PRODUCT_BLOCK = 8, 16


def _sum(value: np.float32, zero_point: int, i: int, n: int, *, asymmetric: bool) -> int:
    """round(value) + zero_point as x86 has it: adding half and truncating, but for the tail of a row.

    What int32 cannot hold saturates, and NaN becomes the least number, with a sum that wraps; in the tail all of it
    becomes the least number in symmetric rows, while in asymmetric ones the sum saturates and NaN becomes 0.
    """
    in_vector = i < n - n % ROUND_BLOCK
    if not abs(float(value)) < 2.0**31:
        if in_vector:
            return wrap32((INT32_MAX if value > 0 else INT32_MIN) + zero_point)
        if not asymmetric:
            return INT32_MIN
        return 0 if np.isnan(value) else INT32_MAX if value > 0 else INT32_MIN
    if in_vector:
        return math.trunc(float(F32(value + F32(math.copysign(0.5, value))))) + zero_point
    return half_away(float(value)) + zero_point


@np.errstate(over="ignore", invalid="ignore")
def quantize_symmetric(x: NDArray[np.float32]) -> tuple[list[int], np.float32]:
    """(q, scale) of one row, q in -127..127."""
    reach = max(abs(F32(x.min())), abs(F32(x.max())))
    if reach == 0:
        return [0] * x.size, F32(1)
    inverse = F32(F32(127) / reach)
    q = [_sum(F32(value * inverse), 0, i, x.size, asymmetric=False) for i, value in enumerate(x)]
    return [min(max(value, -127), 127) for value in q], F32(reach / F32(127))


@np.errstate(over="ignore", divide="ignore", invalid="ignore")
def quantize_asymmetric(x: NDArray[np.float32]) -> tuple[list[int], np.float32, int]:
    """(q, scale, zero point) of one row, q in -128..127."""
    lo, hi = min(F32(0), F32(x.min())), max(F32(0), F32(x.max()))
    if lo == hi:
        return [0] * x.size, F32(1), 0
    step = float(F32(hi - lo)) / 255.0
    real = -128.0 - float(lo) / step
    if 128.0 + abs(float(lo) / step) >= 127.0 + abs(float(hi) / step):
        real = 127.0 - float(hi) / step
    zero_point = -128 if real <= -128 else 127 if real >= 127 else half_away(real)
    scale = F32(step)
    inverse = F32(1.0 / float(scale))
    q = [_sum(F32(value * inverse), zero_point, i, x.size, asymmetric=True) for i, value in enumerate(x)]
    return [min(max(value, -128), 127) for value in q], scale, zero_point


def quantize(x: NDArray[np.float32], *, asymmetric: bool) -> tuple[NDArray[np.int64], np.float32, int]:
    """(q, scale, zero point) of an array taken as one row."""
    row = x.reshape(-1)
    q, scale, zero_point = quantize_asymmetric(row) if asymmetric else (*quantize_symmetric(row), 0)
    return np.array(q, np.int64).reshape(x.shape), scale, zero_point


def sse_product(q: NDArray[np.int64], w: NDArray[np.int64]) -> int:
    """sum q * w, where a weight of -128 has no negative in whole blocks of 16."""
    whole = q.size - q.size % PRODUCT_BLOCK
    total = 0
    for k, (a, b) in enumerate(zip(q.tolist(), w.tolist(), strict=True)):
        total += -128 * abs(a) if k < whole and b == -128 and a < 0 else a * b
    return total


def scale_sum(total: int, input_scale: np.float32, filter_scale: np.float32, *, filter_first: bool) -> np.float32:
    """float32(total) * input_scale * filter_scale in one of two orders."""
    if filter_first:
        return F32(F32(F32(total) * filter_scale) * input_scale)
    return F32(F32(total) * F32(input_scale * filter_scale))


def finish(value: np.float32, bias: np.float32, lo: float, hi: float) -> np.float32:
    """value + bias, clamped."""
    return min(max(F32(value + bias), F32(lo)), F32(hi))
