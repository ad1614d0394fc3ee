"""float32 -> integers and back, per tensor or per channel, and between integer types wider than a table."""

import numpy as np

from intengine_kernels.fixedpoint import mbqm
from intengine_kernels.jit import inline, kernel, subroutine

#: The greatest float32 below one half: trunc(x + it with the sign of x) rounds x to the nearest, halves away from zero.
_ALMOST_HALF = np.float32(0.49999997)
_LIMIT = np.float32(2147483648.0)


@inline
def _far(zero_point, lo, hi):
    """What becomes of a quotient that int32 cannot hold, less the zero point: -2**31 + zero_point wraps."""
    wrapped = np.int64(np.int32(np.int64(-2147483648) + np.int64(zero_point)))
    return np.float32(min(max(wrapped, np.int64(lo)), np.int64(hi)) - np.int64(zero_point))


@subroutine
def _quantize_narrow(x, s, z, lo, hi, out):
    """`quantize_float` where float32 holds every output: clamped first, then rounded."""
    store = out.dtype.type
    least, most, far = np.float32(lo - z), np.float32(hi - z), _far(z, lo, hi)
    for i in range(x.shape[0]):
        value = np.float32(x[i] / s)
        near = value if value > least else least
        near = near if near < most else most
        near = near if abs(value) < _LIMIT else far
        near = np.float32(near + (_ALMOST_HALF if near > np.float32(0) else -_ALMOST_HALF))
        out[i] = store(np.int32(near) + z)


@subroutine
def _quantize_wide(x, s, z, lo, hi, out):
    store = out.dtype.type
    lo, hi, z = np.int64(lo), np.int64(hi), np.int64(z)
    for i in range(x.shape[0]):
        value = np.float32(x[i] / s)
        whole = np.trunc(value)
        rounded = whole + np.copysign(np.float32(abs(value - whole) >= np.float32(0.5)), value)
        inside = abs(rounded) < _LIMIT
        total = np.int64(np.int32(np.int64(rounded if inside else -_LIMIT) + z))
        out[i] = store(min(max(total, lo), hi))


@kernel
def quantize_float(x, scale, zero_point, inner, lo, hi, out):
    """out = clamp(int32(round_half_away(x / scale)) + zero_point, lo, hi), the quotient in float32.

    NaN, and quotients that int32 cannot hold, become -2**31; adding the zero point wraps, so that a negative one makes
    the greatest output of them.

    Args:
        x: flat float32. scale: float32[n], zero_point: int32[n]; element i uses entry (i // inner) % n, if n > 1.
        out: flat, an integer type.
    """
    n = scale.shape[0]
    inner = inner if n > 1 else max(x.shape[0], 1)
    for block in range(x.shape[0] // inner):
        s, z = scale[block % n], np.int32(zero_point[block % n])
        source, target = x[block * inner : (block + 1) * inner], out[block * inner : (block + 1) * inner]
        if hi - lo < 65536:
            _quantize_narrow(source, s, z, np.int32(lo), np.int32(hi), target)
        else:
            _quantize_wide(source, s, z, lo, hi, target)


@kernel
def quantize_float64(x, scale, zero_point, lo, hi, out):
    """As `quantize_float` with one scale, but the quotient in float64.

    Args: x: flat float32. scale: float32. out: flat, an integer type.
    """
    store = out.dtype.type
    s, z = np.float64(scale), np.int64(zero_point)
    lo, hi = np.int64(lo), np.int64(hi)
    for i in range(x.shape[0]):
        value = np.float64(x[i]) / s
        whole = np.trunc(value)
        rounded = whole + np.copysign(np.float64(abs(value - whole) >= 0.5), value)
        inside = abs(rounded) < 2147483648.0
        total = np.int64(np.int32(np.int64(rounded if inside else -2147483648.0) + z))
        out[i] = store(min(max(total, lo), hi))


@kernel
def quantize_reciprocal(x, inverse, zero_point, saturate, lo, hi, out):
    """out = clamp(int32(round_half_even(float32(x * inverse))) + zero_point, lo, hi).

    Args:
        x: flat float32. inverse: float32, 1 / scale. out: flat, an integer type of at most 16 bits.
        saturate: whether what int32 cannot hold becomes its nearest end, and NaN the greatest output. If not, both
            become -2**31, and adding the zero point wraps.
    """
    store = out.dtype.type
    inverse, z = np.float32(inverse), np.int32(zero_point)
    least, most = np.float32(np.int32(lo) - z), np.float32(np.int32(hi) - z)
    far = most if saturate else _far(z, lo, hi)
    for i in range(x.shape[0]):
        value = np.float32(x[i] * inverse)
        near = value if value > least else least
        near = near if near < most else most
        if saturate:
            near = near if value == value else far
        else:
            near = near if abs(value) < _LIMIT else far
        out[i] = store(np.int32(np.rint(near)) + z)


@kernel
def dequantize_shifted(x, scale, zero_point, out):
    """out = float32(float32(scale * x) + float32(-zero_point * scale)), three roundings. x: flat, an integer type."""
    s = np.float32(scale)
    bias = np.float32(np.float32(-np.int32(zero_point)) * s)
    for i in range(x.shape[0]):
        out[i] = np.float32(np.float32(np.float32(x[i]) * s) + bias)


@kernel
def dequantize(x, scale, zero_point, inner, out):
    """out = float32(scale * (x - zero_point)), rounded once.

    Args: x: flat, an integer type. The rest as in `quantize_float`; out: flat float32.
    """
    n = scale.shape[0]
    inner = inner if n > 1 else max(x.shape[0], 1)
    for block in range(x.shape[0] // inner):
        s = scale[block % n]
        z = np.int32(zero_point[block % n])
        source, target = x[block * inner : (block + 1) * inner], out[block * inner : (block + 1) * inner]
        for i in range(inner):
            target[i] = np.float32(s * np.float32(np.int32(source[i]) - z))


@kernel
def requantize_double_rounding(x, input_zero_point, multiplier, shift, zero_point, lo, hi, out):
    """out = clamp(mbqm(x - input_zero_point) + zero_point). x, out: flat integer types."""
    store = out.dtype.type
    zi, zo = np.int32(input_zero_point), np.int32(zero_point)
    m, s = np.int32(multiplier), np.int32(shift)
    lo, hi = np.int32(lo), np.int32(hi)
    for i in range(x.shape[0]):
        value = np.int32(mbqm(np.int32(np.int32(x[i]) - zi), m, s) + zo)
        out[i] = store(min(max(value, lo), hi))
