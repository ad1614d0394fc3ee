"""Fixed-point exponential, reciprocal and logarithm in unbounded integers, as numerics.md 0.11 states them."""

from math import exp

from tests.spec.fixedpoint import INT32_MAX, INT32_MIN, clamp, half_away, rdp, srdhm


def times_power(x: int, exponent: int) -> int:
    """x * 2**exponent, saturating to the left, halves away from zero to the right."""
    return clamp(x << exponent, INT32_MIN, INT32_MAX) if exponent >= 0 else rdp(x, -exponent)


def leading_zeros(x: int) -> int:
    """Of the 32 bits of x."""
    return 32 - x.bit_length()


def exp_small(a: int) -> int:
    """exp(a), -1/4 <= a < 0, Q0.31."""
    x = a + 2**28
    x2 = srdhm(x, x)
    x3, x4 = srdhm(x2, x), srdhm(x2, x2)
    t = rdp(srdhm(rdp(x4, 2) + x3, 715827883) + x2, 1)
    return 1895147668 + srdhm(1895147668, x + t)


def exp_negative(a: int, integer_bits: int) -> int:
    """exp(a), a <= 0 with `integer_bits` integer bits; the result is Q0.31."""
    fraction_bits = 31 - integer_bits
    one = 2 ** (fraction_bits - 2)
    m = a % one - one
    r = exp_small(times_power(m, integer_bits))
    rest = m - a
    for j in range(-2, 5):
        if integer_bits > j and (rest >> (fraction_bits + j)) & 1:
            r = srdhm(r, half_away(2**31 * exp(-(2.0**j))))
    if integer_bits > 5 and a < -32 * 2**fraction_bits:
        return 0
    return INT32_MAX if a == 0 else r


def reciprocal_of_one_plus(a: int) -> int:
    """1 / (1 + a), 0 <= a < 1, Q0.31."""
    h = (a + 2**31) // 2
    x = 1515870810 + srdhm(h, -1010580540)
    for _ in range(3):
        x = x + times_power(srdhm(x, 2**29 - srdhm(h, x)), 2)
    return times_power(x, 1)


def reciprocal(x: int, integer_bits: int) -> tuple[int, int]:
    """(Q0.31, e) of 1 / x = r * 2**-e."""
    zeros = leading_zeros(x)
    return reciprocal_of_one_plus((x << zeros) - 2**31), integer_bits - zeros


def logarithm(z: int) -> int:
    """ln(z), Q12.19 -> Q5.26."""
    ln2, s4, s2 = 1488522236, 1805811301, 1518500250
    an, ad, ai, af = 117049297, 127690142, 1057819769, 638450708
    quarter = rdp(2**29, 6)
    ha = leading_zeros(z)
    ra = times_power(srdhm(times_power(z, ha - 1), s2), 1)
    pa = clamp(times_power(12 - ha, 25) + quarter, INT32_MIN, INT32_MAX)
    hb = leading_zeros(srdhm(z, s2)) - 1
    rb = times_power(z, hb)
    pb = clamp(times_power(12 - hb, 25) - quarter, INT32_MIN, INT32_MAX)
    r, p2 = min(ra, rb), max(pa, pb)
    p = (r + s4 + 1) // 2
    q = 2 * (r - s4)
    cs = srdhm(q, q)
    num = srdhm(q, r) + srdhm(srdhm(q, cs), an)
    den = srdhm(p, ai + q + srdhm(ad, cs)) + srdhm(af, q)
    rc = reciprocal_of_one_plus(den)
    return times_power(srdhm(p2, ln2) + srdhm(rdp(num, 6), rc), 1)
