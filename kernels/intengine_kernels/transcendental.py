"""Functions of fixed-point numbers: reciprocal and logarithm. Qm.n has m integer and n fraction bits, in an int32.

exp(x), which softmax takes of at most 256 distances, is a table made when a model is prepared.
"""

import numpy as np

from intengine_kernels.fixedpoint import INT32_MAX, INT32_MIN, rdp, srdhm
from intengine_kernels.jit import inline, subroutine

#: 48/17 and -32/17 in Q2.29, the line that starts the reciprocal.
_LINE_START, _LINE_SLOPE = 1515870810, -1010580540
#: Q0.31.
_LN2, _SQRT_HALF, _FOURTH_ROOT_HALF = 1488522236, 1518500250, 1805811301
#: Coefficients of the logarithm's numerator and denominator, Q0.31.
_AN, _AD, _AI, _AF = 117049297, 127690142, 1057819769, 638450708


@inline
def saturate32(x):
    """int64 -> int32, clamped."""
    return np.int32(min(max(np.int64(x), np.int64(INT32_MIN)), np.int64(INT32_MAX)))


@inline
def leading_zeros(x):
    """Zero bits above the highest set bit of a number in 0..2**32-1; 32 for 0."""
    x = np.int64(x)
    n = np.int64(0)
    for bits in (16, 8, 4, 2, 1):
        empty = np.int64(bits if x < (np.int64(1) << np.int64(32 - bits)) else 0)
        n += empty
        x = x << empty
    return n + np.int64(1 if x == 0 else 0)


@inline
def times_power(x, exponent):
    """int32 x * 2**exponent, saturating; 0 <= exponent <= 31.

    Source: gemmlowp/fixedpoint/fixedpoint.h
    """
    return saturate32(np.int64(x) << np.int64(exponent))


@subroutine
def reciprocal_of_one_plus(a):
    """1 / (1 + a) for a in [0, 1), both Q0.31.

    Three Newton steps in Q2.29 from the line 48/17 - 32/17 h for h = (1 + a) / 2.
    Source: gemmlowp/fixedpoint/fixedpoint.h
    """
    half = np.int32((np.int64(a) + np.int64(2**31)) >> np.int64(1))
    x = np.int32(np.int64(_LINE_START) + np.int64(srdhm(half, np.int32(_LINE_SLOPE))))
    for _ in range(3):
        rest = np.int32(np.int64(1 << 29) - np.int64(srdhm(half, x)))
        x = np.int32(np.int64(x) + np.int64(times_power(srdhm(x, rest), 2)))
    return times_power(x, 1)


@inline
def reciprocal(x, integer_bits):
    """(r, e) with 1 / x ~= r * 2**-e, where x > 0 has `integer_bits` integer bits and r is Q0.31 in (1/2, 1].

    An x that uint32 cannot hold, with which LiteRT overflows, is halved until it fits.
    Source: tflite/kernels/internal/common.h
    """
    x = np.int64(x)
    exponent = np.int64(integer_bits)
    while x >= np.int64(2**32):
        x = x >> np.int64(1)
        exponent += np.int64(1)
    zeros = leading_zeros(x)
    return reciprocal_of_one_plus(np.int32((x << zeros) - np.int64(2**31))), exponent - zeros


@subroutine
def logarithm(x):
    """ln(x) for 1 <= x, int32 Q12.19 -> int32 Q5.26: a quotient of polynomials around the fourth root of 1/2.

    Source: tflite/kernels/internal/common.h
    """
    z = np.int32(x)
    quarter = rdp(np.int32(1 << 29), 6)
    # The power of two nearest below and above; the better one leaves the smaller rest.
    head_a = leading_zeros(z)
    rest_a = times_power(srdhm(times_power(z, head_a - 1), np.int32(_SQRT_HALF)), 1)
    power_a = saturate32(np.int64(times_power(np.int32(12 - head_a), 25)) + np.int64(quarter))
    head_b = leading_zeros(srdhm(z, np.int32(_SQRT_HALF))) - 1
    rest_b = times_power(z, head_b)
    power_b = saturate32(np.int64(times_power(np.int32(12 - head_b), 25)) - np.int64(quarter))
    r, power = min(rest_a, rest_b), max(power_a, power_b)
    both = np.int64(r) + np.int64(_FOURTH_ROOT_HALF)
    p = np.int32((both + np.int64(1)) >> np.int64(1))
    q = np.int32(np.int64(r) - np.int64(_FOURTH_ROOT_HALF))
    q = np.int32(np.int64(q) + np.int64(q))
    square = srdhm(q, q)
    numerator = np.int32(np.int64(srdhm(q, r)) + np.int64(srdhm(srdhm(q, square), np.int32(_AN))))
    bracket = np.int32(np.int64(_AI) + np.int64(q) + np.int64(srdhm(np.int32(_AD), square)))
    denominator = np.int32(np.int64(srdhm(p, bracket)) + np.int64(srdhm(np.int32(_AF), q)))
    inverse = reciprocal_of_one_plus(denominator)
    log = np.int64(srdhm(power, np.int32(_LN2))) + np.int64(srdhm(rdp(numerator, 6), inverse))
    return times_power(np.int32(log), 1)
