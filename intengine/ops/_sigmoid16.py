"""The interpolated sigmoid table behind int16 LOGISTIC and TANH.

Source: tflite/kernels/internal/reference/integer_ops/logistic.h, tanh.h
"""

import functools
import math

import numpy as np
from intengine_kernels.libm.exp import exp
from numpy.typing import NDArray

from intengine.fixedpoint import Ints, wrap
from intengine.ops._context import NodeContext
from intengine.ops._log2 import near_log2
from intengine.ops._operand import Operand


@functools.cache
def sigmoid_table() -> NDArray[np.int64]:
    """256 values of 65536 * sigmoid(i / 24), each moved by half the error of interpolating to its neighbour."""
    exact = (65536.0 / (1.0 + exp(-np.arange(513) / 48.0))).tolist()
    table = [
        math.floor(f + 0.5 * (middle - (f + after) / 2.0) + 0.5)
        for f, middle, after in zip(exact[0:510:2], exact[1:510:2], exact[2:511:2], strict=True)
    ]
    return np.array([*table, 65535], np.int64)


def exact_power(source: Operand) -> int | None:
    """p of a scale of 2**(p - 12), None for one that is no power of two."""
    near = near_log2(source.scale)
    return None if near is None else 12 + near


def rescaled(ctx: NodeContext, source: Operand, values: Ints, powers: tuple[int, ...]) -> Ints:
    """The input at 2**-12 / 3 a unit: by an exact multiple for scales of 2**(p - 12), p in `powers`, else rounded."""
    power = exact_power(source)
    if power is not None and power in powers:
        return values * (3 << power)
    multiplier, shift = float(source.scale) * 4096.0 * 3.0, 0
    while multiplier <= 32767.0 / 2.0 and shift <= 30:
        multiplier *= 2.0
        shift += 1
    ctx.require(multiplier < 2**31, "needs a smaller input scale", float(source.scale))
    half = 1 << (shift - 1) if shift else 0
    return wrap(values * int(multiplier) + half, 32) >> shift


def interpolate(magnitude: Ints, index_shift: int, saturated: int) -> Ints:
    """Table entry at the high bits plus the low bits times the step to the next; `saturated` past the last."""
    table = sigmoid_table()
    index = magnitude >> index_shift
    low = magnitude & ((1 << index_shift) - 1)
    inside = np.minimum(index, 254)
    between = (table[inside] << index_shift) + low * (table[inside + 1] - table[inside])
    return np.where(index >= 255, saturated, between)


def logistic16(x: Ints) -> Ints:
    """int16 logistic of x at 2**-12 / 3 a unit, in 2**-15."""
    y = interpolate(np.abs(x), 9, 0x7FFF << 10)
    return np.where(x >= 0, y + 512, (1 << 25) - y + 511) >> 10


def tanh16(x: Ints) -> Ints:
    """int16 tanh of x at 2**-12 / 3 a unit, in 2**-15: the logistic function at twice the input."""
    y = interpolate(np.abs(x), 8, 0xFFFF << 8)
    return np.where(x >= 0, y - (1 << 23) + 128, -y + (1 << 23) + 127) >> 8
