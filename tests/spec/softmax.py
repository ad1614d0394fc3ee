"""SOFTMAX and LOG_SOFTMAX, row by row, as numerics.md 2.B6 and 2.B7 state them."""

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from tests.spec.fixedpoint import INT32_MIN, clamp, encode_multiplier, half_away, mbqm, rdp, srdhm, wrap32
from tests.spec.transcendental import exp_negative, leading_zeros, logarithm, reciprocal

F32 = np.float32
LEAST = float(np.finfo(F32).min)


def scaling(beta: float, scale: float) -> tuple[int, int, int]:
    """(multiplier, shift) from logits to Q5.26, and the least difference that counts."""
    multiplier, shift = encode_multiplier(min(beta * scale * 2**26, 2**31 - 1))
    return multiplier, shift, -math.floor(31 * 2**26 / 2**shift)


def exponential(difference: int, multiplier: int, shift: int) -> int:
    """exp of a difference of logits, Q0.31."""
    return exp_negative(srdhm(wrap32(difference << shift), multiplier), 5)


def softmax_8bit(row: list[int], beta: float, scale: float, out_bits: int, lo: int) -> list[int]:
    """For sums below 512."""
    multiplier, shift, least = scaling(beta, scale)
    differences = [q - max(row) for q in row]
    exps = [exponential(d, multiplier, shift) if d >= least else None for d in differences]
    r, over_unit = reciprocal(sum(rdp(e, 12) for e in exps if e is not None), 12)
    exponent = over_unit + 31 - out_bits
    hi = lo + 2**out_bits - 1
    return [lo if e is None else clamp(rdp(srdhm(r, e), exponent) + lo, lo, hi) for e in exps]


def log_softmax_8bit(row: list[int], scale: float, zero_point: int, lo: int, hi: int) -> list[int]:
    """For sums below 4096."""
    multiplier, shift, least = scaling(1.0, scale)
    back, back_shift = encode_multiplier(2.0 ** (31 - shift) / multiplier)
    differences = [q - max(row) for q in row]
    total = sum(rdp(exponential(d, multiplier, shift), 12) for d in differences if d >= least)
    log = logarithm(total)
    adjusted = max(least - 1, rdp(srdhm(log + INT32_MIN, back), -back_shift))
    return [
        clamp(rdp(srdhm(wrap32(d << shift), multiplier) - log, 22) + zero_point, lo, hi) if d > adjusted else lo
        for d in differences
    ]


def table16(
    function: Callable[[float], float], scale: float, zero_point: int, out_scale: float, out_zero_point: int
) -> list[int]:
    """513 values of a function over int16, each moved by half the error at the middle of its step."""
    first, last = scale * (-32768 - zero_point), scale * (32767 - zero_point)
    inverse = 65536 / (out_scale * (32767 - out_zero_point) - out_scale * (-32768 - out_zero_point))
    step = (last - first) / 512
    table = []
    for i in range(512):
        v, after = function(first + i * step), function(first + (i + 1) * step)
        middle = function(first + i * step + step / 2)
        sample = half_away(v * inverse)
        between = half_away((after * inverse + sample) / 2)
        table.append(clamp(sample - half_away((between - half_away(middle * inverse)) / 2), -32768, 32767))
    return [*table, clamp(half_away(function(last) * inverse), -32768, 32767)]


def lookup16(table: list[int], value: int) -> int:
    """Interpolated over 128 steps; the slope and the result wrap at 16 bits."""

    def wrap16(x: int) -> int:
        return (x + 2**15) % 2**16 - 2**15

    index, offset = 256 + (value >> 7), value & 127
    return wrap16(table[index] + ((wrap16(table[index + 1] - table[index]) * offset + 64) >> 7))


EXP_TABLE = table16(math.exp, 10 / 65535, 32767, 2 / 65535, 0)
INVERSE_TABLE = table16(lambda x: 1 / (1 + x), 1 / 65535, -32768, 2 / 65535, 0)


def softmax_int16(row: list[int], multiplier: int, shift: int) -> list[int]:
    """multiplier, shift: from the logits to steps of 10 / 65535."""
    scaled = [clamp(mbqm(q - max(row), multiplier, shift) + 32767, -32768, 32767) for q in row]
    exps = [lookup16(EXP_TABLE, value) for value in scaled]
    total = sum(exps)
    zeros = leading_zeros(total)
    near = ((total << (zeros - 1)) + 2**13) >> 14
    inverse = lookup16(INVERSE_TABLE, clamp(near - (2**15 + 2**16), -32768, 32767))
    right = 31 - zeros
    return [clamp((e * inverse + 2 ** (right - 1)) >> right, 0, 32767) for e in exps]


def softmax_float(row: NDArray[np.float32], beta: float) -> NDArray[np.float32]:
    """float32 at each step; the exponential is the correctly rounded one."""
    exps = [F32(math.exp(F32(F32(x - row.max()) * F32(beta)))) for x in row]
    total = F32(0)
    for e in exps:
        total = F32(total + e)
    return np.array([F32(e / total) for e in exps], F32)


def log_softmax_float(row: NDArray[np.float32]) -> NDArray[np.float32]:
    """float32 at each step; exponential and logarithm are the correctly rounded ones."""
    total = F32(0)
    for x in row:
        total = F32(total + F32(math.exp(F32(x - row.max()))))
    return np.array([F32(F32(x - row.max()) - F32(math.log(total))) for x in row], F32)
