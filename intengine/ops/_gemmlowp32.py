"""int8 LOGISTIC and TANH through gemmlowp's 32-bit fixed-point functions, as microcontrollers compute them.

The input is brought to 4 integer and 27 fraction bits; beyond +-15 the output is an end of its range, so the output's
scale and zero point have no say.

Source: tflite/kernels/internal/reference/integer_ops/logistic.h, tanh.h, gemmlowp/fixedpoint/fixedpoint.h
"""

import math
from collections.abc import Callable

import numpy as np

from intengine.fixedpoint import INT32_MAX, Ints, exp_negative, mbqm, rdp, saturating_shift, srdhm
from intengine.quantization import quantize_multiplier

_INTEGER_BITS = 4
_FRACTION_BITS = 31 - _INTEGER_BITS
#: 48/17 and -32/17 with two integer bits, the line that starts the reciprocal.
_LINE_START, _LINE_SLOPE = 1515870810, -1010580540


def logistic8(scale: float, zero_point: int, values: Ints) -> Ints:
    """256 * logistic(x) - 128, saturated to int8; values: int64[n] of the input's scale and zero point."""
    return _saturated(scale, zero_point, values, lambda raw: rdp(_logistic(raw), 23) - 128)


def tanh8(scale: float, zero_point: int, values: Ints) -> Ints:
    """128 * tanh(x), saturated to int8; values: int64[n] of the input's scale and zero point."""
    return _saturated(scale, zero_point, values, lambda raw: rdp(_tanh(raw), 24))


def _saturated(scale: float, zero_point: int, values: Ints, function: Callable[[Ints], Ints]) -> Ints:
    multiplier, shift = quantize_multiplier(scale * (1 << _FRACTION_BITS))
    radius = math.floor(((1 << _INTEGER_BITS) - 1) * 2.0 ** (_FRACTION_BITS - shift))
    distance = values - zero_point
    inside = np.abs(distance) < radius
    raw = mbqm(np.where(inside, distance, 0), multiplier, shift)
    return np.where(inside, np.clip(function(raw), -128, 127), np.where(distance < 0, -128, 127))


def _half_reciprocal(a: Ints) -> Ints:
    """1 / (1 + a) in halves, two integer bits, for a in [0, 1] without integer bits: three Newton steps."""
    half = (a + INT32_MAX + 1) >> 1
    x = _LINE_START + srdhm(half, _LINE_SLOPE)
    for _ in range(3):
        x = x + saturating_shift(srdhm(x, (1 << 29) - srdhm(half, x)), 2)
    return x


def _logistic(raw: Ints) -> Ints:
    """Without integer bits, of a raw of 4 integer bits."""
    positive = saturating_shift(_half_reciprocal(exp_negative(-np.abs(raw), _INTEGER_BITS)), 1)
    return np.where(raw == 0, 1 << 30, np.where(raw > 0, positive, INT32_MAX - positive))


def _tanh(raw: Ints) -> Ints:
    """Without integer bits, of a raw of 4 integer bits: (1 - e) / (1 + e) with e = exp(-2 |a|)."""
    x = _half_reciprocal(exp_negative(-np.abs(raw), _INTEGER_BITS + 1))
    return np.sign(raw) * saturating_shift(x - (1 << 29), 2)
