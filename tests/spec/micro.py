"""What tflite-micro computes otherwise than LiteRT, in unbounded integers and float32 steps."""

import math
from collections.abc import Sequence

import numpy as np

from tests.spec.fixedpoint import INT32_MAX, clamp, mbqm, mbqm64, rdp, srdhm, wrap32
from tests.spec.lstm import inverse_square_root, sat16
from tests.spec.transcendental import exp_negative, reciprocal_of_one_plus, times_power


def logistic32(a: int) -> int:
    """1 / (1 + exp(-a)) in Q0.31 of a in Q4.27."""
    p = reciprocal_of_one_plus(exp_negative(-abs(a), 4))
    return 2**30 if a == 0 else p if a > 0 else INT32_MAX - p


def tanh32(a: int) -> int:
    """tanh(a) in Q0.31 of a in Q4.27."""
    half = (exp_negative(-abs(a), 5) + 2**31) // 2
    x = 1515870810 + srdhm(half, -1010580540)
    for _ in range(3):
        x += times_power(srdhm(x, 2**29 - srdhm(half, x)), 2)
    t = times_power(x - 2**29, 2)
    return 0 if a == 0 else t if a > 0 else -t


def layer(x: Sequence[int], w: Sequence[int], bias: int, wide: bool, multiplier: int, shift: int) -> int:
    """A row of a fully connected layer."""
    total = bias + sum(a * b for a, b in zip(x, w, strict=True))
    return mbqm64(total, multiplier, shift) if wide else mbqm(wrap32(total), multiplier, shift)


def rsqrt(x: int, multiplier: int, shift: int, zero_point: int) -> int:
    """1 / sqrt(x), x >= 1, of Newton's method, requantized."""
    root, root_shift = inverse_square_root(x)
    return mbqm(mbqm(1, root, root_shift + 20), multiplier, shift - 20) + zero_point


def joined(first: int, second: int, late: bool) -> int:
    """int16 sum, of which the first term saturates on its own, and the second unless late."""
    return sat16(sat16(first) + (second if late else sat16(second)))


def cell(
    forget: int, kept: int, entering: int, opened: int, products: Sequence[Sequence[int]], clip: int, late: bool
) -> int:
    """forget * kept + opened * entering, every product requantized on its own."""
    total = joined(mbqm(forget * kept, *products[0]), mbqm(opened * entering, *products[1]), late)
    return clamp(total, -clip, clip) if clip else total


def sigmoid_steps(function: str, raw: int, power: int) -> int:
    """logistic or tanh of raw * 2**power in 2**-15, from the interpolated table of the logistic function."""

    def entry(i: int) -> int:
        if i == 255:
            return 65535
        here, middle, after = (65536 / (1 + math.exp(-(i + step) / 24)) for step in (0, 0.5, 1))
        return math.floor(here + 0.5 * (middle - (here + after) / 2) + 0.5)

    shift = 12 + power
    x = raw * 3 * 2**shift if shift >= 0 else (raw * 3 + 2 ** (-shift - 1)) >> -shift
    bits = 9 if function == "logistic" else 8
    index, low = abs(x) >> bits, abs(x) % 2**bits
    if function == "logistic":
        y = 32767 << 10 if index >= 255 else (entry(index) << 9) + low * (entry(index + 1) - entry(index))
        return (y + 512 if x >= 0 else 2**25 - y + 511) >> 10
    y = 65535 << 8 if index >= 255 else (entry(index) << 8) + low * (entry(index + 1) - entry(index))
    return (y - 2**23 + 128 if x >= 0 else -y + 2**23 + 127) >> 8


def remembered(total: int, multiplier: int, shift: int, zero_point: int) -> int:
    """What an int8 state keeps of a sum."""
    return (clamp(mbqm(total, multiplier, shift), -128, 127) + zero_point + 128) % 256 - 128


def in_order(start: float, a: Sequence[float], b: Sequence[float]) -> np.float32:
    """start + sum of a * b, float32 at every step."""
    total = np.float32(start)
    for x, y in zip(a, b, strict=True):
        total = np.float32(total + np.float32(np.float32(x) * np.float32(y)))
    return total


def logistic8(q: int, scale: float) -> int:
    """int8 of logistic(q * scale), scale a power of two from 2**-7 to 1: q * scale is exact in Q4.27."""
    if abs(q * scale) >= 15:
        return 127 if q > 0 else -128
    return clamp(rdp(logistic32(int(q * scale * 2**27)), 23) - 128, -128, 127)


def tanh8(q: int, scale: float) -> int:
    """int8 of tanh(q * scale), as `logistic8`."""
    if abs(q * scale) >= 15:
        return 127 if q > 0 else -128
    return clamp(rdp(tanh32(int(q * scale * 2**27)), 24), -128, 127)
