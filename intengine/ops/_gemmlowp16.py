"""logistic and tanh of 16-bit fixed-point numbers as gemmlowp computes them, as tables of all 65,536 answers.

Raws are int16 with k integer bits and 15 - k fraction bits; answers have no integer bits.

Source: gemmlowp/fixedpoint/fixedpoint.h
"""

import functools

import numpy as np
from numpy.typing import NDArray

from intengine.fixedpoint import Ints, rdp, saturate, saturating_shift, srdhm

_ONE = 32767
#: The 32-bit constants of `intengine.fixedpoint`, rounded to 16 bits.
_EXP_MINUS_EIGHTH = 28918
_ONE_THIRD = 10923
#: round(2**15 * exp(-2**j)) for j = -2..4, from the rounded 32-bit constants.
_EXP_MINUS_POWER = (25520, 19875, 12055, 4435, 600, 11, 0)
#: 48/17 and -32/17 with two integer bits, the line that starts the reciprocal.
_LINE_START, _LINE_SLOPE = 23130, -15420


def _exp_small(a: Ints) -> Ints:
    """exp(a) for a in [-1/4, 0), no integer bits: a Taylor polynomial around -1/8."""
    x = a + (1 << 12)
    x2 = srdhm(x, x, 16)
    x3 = srdhm(x2, x, 16)
    x4 = srdhm(x2, x2, 16)
    rest = rdp(srdhm(rdp(x4, 2) + x3, _ONE_THIRD, 16) + x2, 1)
    return saturate(_EXP_MINUS_EIGHTH + srdhm(x + rest, _EXP_MINUS_EIGHTH, 16), 16)


def _exp_negative(a: Ints, integer_bits: int) -> Ints:
    """exp(a) without integer bits, for a <= 0 with `integer_bits` integer bits."""
    fraction_bits = 15 - integer_bits
    quarter = 1 << (fraction_bits - 2)
    low = (a & (quarter - 1)) - quarter
    result = _exp_small(saturating_shift(low, integer_bits, 16))
    rest = low - a
    for j, factor in zip(range(-2, 5), _EXP_MINUS_POWER, strict=True):
        if integer_bits > j:
            result = np.where(rest & (1 << (fraction_bits + j)), srdhm(result, factor, 16), result)
    if integer_bits > 5:
        result = np.where(a < -(1 << (fraction_bits + 5)), 0, result)
    return np.where(a == 0, _ONE, result)


def _half_reciprocal(a: Ints) -> Ints:
    """1 / (1 + a) / 2 with one integer bit more than the answer has, for a in [0, 1]: three Newton steps."""
    half = (a + _ONE + 1) >> 1
    x = _LINE_START + srdhm(half, _LINE_SLOPE, 16)
    for _ in range(3):
        rest = (1 << 13) - srdhm(half, x, 16)
        x = x + saturating_shift(srdhm(x, rest, 16), 2, 16)
    return x


def _frozen(values: Ints) -> NDArray[np.int16]:
    # From raw -32768..32767 to the order of the raws seen as uint16.
    table = np.roll(values.astype(np.int16), 32768)
    table.flags.writeable = False
    return table


_RAWS = np.arange(-32768, 32768, dtype=np.int64)


@functools.cache
def logistic_table(integer_bits: int) -> NDArray[np.int16]:
    """int16[65536]: entry i is logistic of the raw whose bits are i."""
    positive = saturating_shift(_half_reciprocal(_exp_negative(-np.abs(_RAWS), integer_bits)), 1, 16)
    return _frozen(np.where(_RAWS == 0, 1 << 14, np.where(_RAWS > 0, positive, _ONE - positive)))


@functools.cache
def tanh_table(integer_bits: int) -> NDArray[np.int16]:
    """int16[65536]: entry i is tanh of the raw whose bits are i."""
    # The same raw with one integer bit more is twice the number: tanh(a) = (1 - e) / (1 + e) with e = exp(-2 a).
    x = _half_reciprocal(_exp_negative(-np.abs(_RAWS), integer_bits + 1))
    magnitude = saturating_shift(x - (1 << 13), 2, 16)
    return _frozen(np.sign(_RAWS) * magnitude)
