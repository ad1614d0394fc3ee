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
