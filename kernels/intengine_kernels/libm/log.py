"""Natural logarithms, in both precisions."""

import numpy as np

from intengine_kernels.jit import formula
from intengine_kernels.libm import tables
from intengine_kernels.libm.arithmetic import choose, fma

#: Reciprocals 1 / c of numbers c near the middle of sixteenths of an interval [0.7, 1.4) of exponents.
INVERSES16 = np.array(
    tables.floats(
        (
            "0x1.661ec79f8f3bep+0", "0x1.571ed4aaf883dp+0", "0x1.49539f0f010bp+0", "0x1.3c995b0b80385p+0",
            "0x1.30d190c8864a5p+0", "0x1.25e227b0b8eap+0", "0x1.1bb4a4a1a343fp+0", "0x1.12358f08ae5bap+0",
            "0x1.0953f419900a7p+0", "0x1p+0", "0x1.e608cfd9a47acp-1", "0x1.ca4b31f026aap-1",
            "0x1.b2036576afce6p-1", "0x1.9c2d163a1aa2dp-1", "0x1.886e6037841edp-1", "0x1.767dcf5534862p-1",
        )
    )
)  # fmt: skip
#: Bits of the start of that interval.
OFFSET16 = 0x3F330000


def log_of_inverse(inverse: float) -> int:
    """-ln(inverse), in fixed point."""
    numerator, denominator = inverse.as_integer_ratio()
    return tables.logarithm(denominator, numerator)


_LOGS16 = np.array([tables.nearest(log_of_inverse(float(c))) for c in INVERSES16])
_LN2 = float.fromhex("0x1.62e42fefa39efp-1")
_F0, _F1, _F2 = tables.floats(("-0x1.00ea348b88334p-2", "0x1.5575b0be00b6ap-2", "-0x1.ffffef20a4123p-2"))


@formula
def normal_bits(x):
    """int64: the bits of a positive float32; of a number below 2**-126, as if exponents went on below 0."""
    small = x < np.float32(2.0**-126)
    scaled = np.float32(x * choose(small, np.float32(2.0**23), np.float32(1)))
    return np.int64(scaled.view(np.int32)) - choose(small, np.int64(23 << 23), np.int64(0))


@formula
def logf(x):
    """log(x), float32: k ln 2 + log(c) + log1p(r) of a cubic in r = z / c - 1, in float64, rounded once.

    Source: glibc sysdeps/ieee754/flt-32/e_logf.c
    """
    inside = (x > np.float32(0)) & (x < np.float32(np.inf))
    bits = normal_bits(choose(inside, x, np.float32(1)))
    above = bits - OFFSET16
    i = (above >> 19) & 15
    k = above >> 23
    z = np.float64(np.int32(bits - (k << 23)).view(np.float32))
    r = fma(z, INVERSES16[i], -1.0)
    first = fma(np.float64(k), _LN2, _LOGS16[i])
    y = fma(_F0, r * r, fma(_F1, r, _F2))
    y = np.float32(fma(y, r * r, first + r))
    outside = choose(x == np.float32(0), np.float32(-np.inf), choose(x > np.float32(0), x, np.float32(np.nan)))
    return choose(inside, y, outside)


#: The like of 128ths, as bits, chosen by glibc so that log(c) lies close to a multiple of 2**-43.
_BITS128 = """
3ff734f0c3e0de9f 3ff713786a2ce91f 3ff6f26008fab5a0 3ff6d1a61f138c7d 3ff6b1490bc5b4d1 3ff69147332f0cba
3ff6719f18224223 3ff6524f99a51ed9 3ff63356aa8f24c4 3ff614b36b9ddc14 3ff5f66452c65c4c 3ff5d867b5912c4f
3ff5babccb5b90de 3ff59d61f2d91a78 3ff5805612465687 3ff56397cee76bd3 3ff54725e2a77f93 3ff52aff42064583
3ff50f22dbb2bddf 3ff4f38f4734ded7 3ff4d843cfde2840 3ff4bd3ec078a3c8 3ff4a27fc3e0258a 3ff4880524d48434
3ff46dce1b192d0b 3ff453d9d3391854 3ff43a2744b4845a 3ff420b54115f8fb 3ff40782da3ef4b1 3ff3ee8f5d57fe8f
3ff3d5d9a00b4ce9 3ff3bd60c010c12b 3ff3a5242b75dab8 3ff38d22cd9fd002 3ff3755bc5847a1c 3ff35dce49ad36e2
3ff34679984dd440 3ff32f5cceffcb24 3ff3187775a10d49 3ff301c8373e3990 3ff2eb4ebb95f841 3ff2d50a0219a9d1
3ff2bef9a8b7fd2a 3ff2a91c7a0c1bab 3ff293726014b530 3ff27dfa5757a1f5 3ff268b39b1d3bbf 3ff2539d838ff5bd
3ff23eb7aac9083b 3ff22a012ba940b6 3ff2157996cc4132 3ff201201dd2fc9b 3ff1ecf4494d480b 3ff1d8f5528f6569
3ff1c52311577e7c 3ff1b17c74cb26e9 3ff19e010c2c1ab6 3ff18ab07bb670bd 3ff1778a25efbcb6 3ff1648d354c31da
3ff151b990275fdd 3ff13f0ea432d24c 3ff12c8b7210f9da 3ff11a3028ecb531 3ff107fbda8434af 3ff0f5ee0f4e6bb3
3ff0e4065d2a9fce 3ff0d244632ca521 3ff0c0a77ce2981a 3ff0af2f83c636d1 3ff09ddb98a01339 3ff08cabaf52e7df
3ff07b9f2f4e28fb 3ff06ab58c358f19 3ff059eea5ecf92c 3ff04949cdd12c90 3ff038c6c6f0ada9 3ff02865137932a9
3ff0182427ea7348 3ff008040614b195 3fefe01ff726fa1a 3fefa11cc261ea74 3fef6310b081992e 3fef25f63ceeadcd
3feee9c8039113e7 3feeae8078cbb1ab 3fee741aa29d0c9b 3fee3a91830a99b5 3fee01e009609a56 3fedca01e577bb98
3fed92f20b7c9103 3fed5cac66fb5cce 3fed272caa5ede9d 3fecf26e3e6b2ccd 3fecbe6da2a77902 3fec8b266d37086d
3fec5894bd5d5804 3fec26b533bb9f8c 3febf583eeece73f 3febc4fd75db96c1 3feb951e0c864a28 3feb65e2c5ef3e2c
3feb374867c9888b 3feb094b211d304a 3feadbe885f2ef7e 3feaaf1d31603da2 3fea82e63fd358a7 3fea5740ef09738b
3fea2c2a90ab4b27 3fea01a01393f2d1 3fe9d79f24db3c1b 3fe9ae2505c7b190 3fe9852ef297ce2f 3fe95cbaeea44b75
3fe934c69de74838 3fe90d4f2f6752e6 3fe8e6528effd79d 3fe8bfce9fcc007c 3fe899c0dabec30e 3fe87427aa2317fb
3fe84f00acb39a08 3fe82a49e8653e55 3fe8060195f40260 3fe7e22563e0a329 3fe7beb377dcb5ad 3fe79baa679725c2
3fe77907f2170657 3fe756cadbd6130c
"""
_INVERSES128 = np.array([int(bits, 16) for bits in _BITS128.split()]).view(np.float64)
#: Bits of the start of the interval.
_OFFSET128 = 0x3FE6000000000000


def near_log(inverse: float) -> int:
    """-ln(inverse), in fixed point, to a multiple of 2**-43: k ln 2 adds to it exactly."""
    return tables.to_multiple(log_of_inverse(inverse), 43)


_LOGS128 = np.array([tables.nearest(near_log(float(c))) for c in _INVERSES128])
#: ln 2 to a multiple of 2**-43, and the rest.
LN2_HIGH, LN2_LOW = tables.floats(("0x1.62e42fefa3800p-1", "0x1.ef35793c76730p-45"))
_A0, _A1, _A2, _A3, _A4 = tables.floats(
    (
        "-0x1.0000000000001p-1", "0x1.555555551305bp-2", "-0x1.fffffffeb459p-3", "0x1.999b324f10111p-3",
        "-0x1.55575e506c89fp-3",
    )
)  # fmt: skip
#: log1p(r) - r + r**2 / 2 near 0.
_B1, _B2, _B3, _B4, _B5, _B6, _B7, _B8, _B9, _B10 = tables.floats(
    (
        "0x1.5555555555577p-2", "-0x1.ffffffffffdcbp-3", "0x1.999999995dd0cp-3", "-0x1.55555556745a7p-3",
        "0x1.24924a344de3p-3", "-0x1.fffffa4423d65p-4", "0x1.c7184282ad6cap-4", "-0x1.999eb43b068ffp-4",
        "0x1.78182f7afd085p-4", "-0x1.5521375d145cdp-4",
    )
)  # fmt: skip
_NEAR_END = float.fromhex("0x1.109p+0")


@formula
def _log_near_1(x):
    r = x - 1.0
    r2 = r * r
    r3 = r * r2
    p = fma(r3, _B10, fma(r2, _B9, fma(r, _B8, _B7)))
    p = fma(r3, p, fma(r2, _B6, fma(r, _B5, _B4)))
    p = fma(r3, p, fma(r2, _B3, fma(r, _B2, _B1)))
    # r - r**2 / 2 in two parts.
    large = r * 2.0**27
    r_high = r + large - large
    r_low = r - r_high
    half = r_high * r_high * -0.5
    high = r + half
    low = fma(-0.5 * r_low, r_high + r, r - high + half)
    return fma(r3, p, low) + high


@formula
def wide_bits(x):
    """int64: the bits of a positive float64; of a number below 2**-1022, as if exponents went on below 0."""
    small = x < 2.0**-1022
    return np.float64(x * choose(small, 2.0**52, 1.0)).view(np.int64) - choose(small, np.int64(52 << 52), np.int64(0))


@formula
def log(x):
    """log(x), float64: as `logf` in 128 intervals, the sum in two parts; a polynomial near 1.

    Source: glibc sysdeps/ieee754/dbl-64/e_log.c
    """
    inside = (x > 0.0) & (x < np.inf)
    safe = choose(inside, x, 1.0)
    bits = wide_bits(safe)
    above = bits - _OFFSET128
    i = (above >> 45) & 127
    k = above >> 52
    z = np.int64(bits - (k << 52)).view(np.float64)
    whole = np.float64(k)
    r = fma(z, _INVERSES128[i], -1.0)
    first = fma(whole, LN2_HIGH, _LOGS128[i])
    high = first + r
    low = fma(whole, LN2_LOW, first - high + r)
    r2 = r * r
    p = fma(r2, fma(r, _A4, _A3), fma(r, _A2, _A1))
    y = fma(r * r2, p, fma(r2, _A0, low)) + high
    near = (safe >= 0.9375) & (safe < _NEAR_END)
    y = choose(near, _log_near_1(choose(near, safe, 1.0)), y)
    outside = choose(x == 0.0, -np.inf, choose(x > 0.0, x, np.nan))
    return choose(inside, y, outside)


_LOG1P = tuple(
    np.array(
        (0x3FE5555555555593, 0x3FD999999997FA04, 0x3FD2492494229359, 0x3FCC71C51D8E78AF, 0x3FC7466496CB03DE,
         0x3FC39A09D078C69F, 0x3FC2F112DF3E5244)
    ).view(np.float64)
)  # fmt: skip
#: ln 2 in two parts, the first of few bits.
_FEW_LN2, _FEW_LN2_REST = tables.floats(("0x1.62e42feep-1", "0x1.a39ef35793c76p-33"))
#: Below it k is 0; up to it 1 + f is taken, and beyond half of it.
_FIRST = np.int64(0x3FDA827A << 32).view(np.float64)


@formula
def log1p(x):
    """log(1 + x), float64, of x >= 0; NaN below: k ln 2 + log(1 + f) of a rational function of f.

    Source: glibc sysdeps/ieee754/dbl-64/s_log1p.c
    """
    inside = (x >= 0.0) & (x < np.inf)
    a = choose(inside, x, 0.0)
    near = a < _FIRST
    u = choose(a < 2.0**53, 1.0 + a, a)
    bits = np.float64(u).view(np.int64)
    k = (bits >> 52) - 1023
    # What rounding took from 1 + x.
    c = choose(k > 0, 1.0 - (u - a), a - (u - 1.0)) / u
    c = choose(a < 2.0**53, c, 0.0)
    fraction = bits & 0xFFFFFFFFFFFFF
    head = fraction >> 32
    up = head >= 0x6A09E
    k = k + choose(up, np.int64(1), np.int64(0))
    f = np.int64(fraction | choose(up, np.int64(0x3FE << 52), np.int64(0x3FF << 52))).view(np.float64) - 1.0
    small = choose(up, (0x100000 - head) >> 2, head) == 0
    f = choose(near, a, f)
    c = choose(near, 0.0, c)
    k = choose(near, 0.0, np.float64(k))
    half = 0.5 * f * f
    s = f / (2.0 + f)
    z = s * s
    z2 = z * z
    z4 = z2 * z2
    r = fma(z, _LOG1P[0], z2 * fma(z, _LOG1P[2], _LOG1P[1]))
    r = fma(z4 * z2, fma(z, _LOG1P[6], _LOG1P[5]), fma(z4, fma(z, _LOG1P[4], _LOG1P[3]), r))
    part = s * (half + r)
    least = half * fma(-0.66666666666666666, f, 1.0)
    rest = fma(k, _FEW_LN2_REST, c)
    y = fma(k, _FEW_LN2, -(choose(small, least - rest, half - (part + rest)) - f))
    y = choose(near, f - (half - part), y)
    y = choose(a < 2.0**-29, a - a * a * 0.5, y)
    return choose(inside, y, choose(x > 0.0, x, np.nan))
