"""Tables of 513 int16 values that are interpolated, made from a function at 512 steps.

Source: tflite/kernels/internal/common.h
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from intengine.fixedpoint import round_half_away

Floats = NDArray[Any]


def table16(
    function: Callable[[Floats], Floats], in_scale: float, in_zero_point: int, out_scale: float, out_zero_point: int
) -> NDArray[np.int16]:
    """int16[513]: a function over the whole int16 input range at steps of 128, moved by half the midpoint error.

    Source: tflite/kernels/internal/common.h
    """
    first, last = in_scale * (-32768 - in_zero_point), in_scale * (32767 - in_zero_point)
    out_first, out_last = out_scale * (-32768 - out_zero_point), out_scale * (32767 - out_zero_point)
    return moved(function, first, last, 65536 / (out_last - out_first), np.float64)


def moved(
    function: Callable[[Floats], Floats], first: Any, last: Any, inverse: Any, real: type[Any]
) -> NDArray[np.int16]:
    """int16[513]: function * inverse at 512 steps and `last`, moved by half the midpoint error; all in type `real`."""
    step = (last - first) / real(512)
    half = step / real(2)
    i = np.arange(512).astype(real)
    here = round_half_away(function(first + i * step) * inverse)
    middle = round_half_away(function(first + i * step + half) * inverse)
    after = function(first + (i + real(1)) * step) * inverse
    between = round_half_away((after + here) / real(2))
    value = here - round_half_away((between - middle) / real(2))
    table = np.append(value, round_half_away(function(np.array([last], real)) * inverse))
    return np.clip(table, -32768, 32767).astype(np.int16)
