"""float32 -> integers and back, per tensor or per channel, and between integer types wider than a table."""

import numpy as np

from intengine_kernels.fixedpoint import mbqm
from intengine_kernels.jit import kernel


@kernel
def quantize_float(x, scale, zero_point, inner, lo, hi, out):
    """out = clamp(int32(round_half_away(x / scale)) + zero_point, lo, hi), the quotient in float32.

    NaN, and quotients that int32 cannot hold, become -2**31; adding the zero point wraps, so that a negative one makes
    the greatest output of them.

    Args:
        x: flat float32. scale: float32[n], zero_point: int32[n]; element i uses entry (i // inner) % n.
        out: flat, an integer type.
    """
    n = scale.shape[0]
    store = out.dtype.type
    lo, hi = np.int64(lo), np.int64(hi)
    for block in range(x.shape[0] // inner):
        s = scale[block % n]
        z = np.int64(zero_point[block % n])
        for i in range(block * inner, (block + 1) * inner):
            value = np.float32(x[i] / s)
            whole = np.trunc(value)
            rounded = whole + np.copysign(np.float32(abs(value - whole) >= np.float32(0.5)), value)
            inside = abs(rounded) < np.float32(2147483648.0)
            total = np.int64(np.int32(np.int64(rounded if inside else np.float32(-2147483648.0)) + z))
            out[i] = store(min(max(total, lo), hi))


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
        x: flat float32. inverse: float32, 1 / scale. out: flat, an integer type.
        saturate: whether what int32 cannot hold becomes its nearest end, and NaN the greatest output. If not, both
            become -2**31, and adding the zero point wraps.
    """
    store = out.dtype.type
    inverse, z = np.float32(inverse), np.int64(zero_point)
    lo, hi = np.int64(lo), np.int64(hi)
    least, limit = np.float32(-2147483648.0), np.float32(2147483648.0)
    for i in range(x.shape[0]):
        value = np.float32(np.rint(np.float32(x[i] * inverse)))
        if saturate:
            value = value if value < limit else np.float32(2147483520.0)
            value = max(value, least)
        elif not (value >= least and value < limit):
            value = least
        total = np.int64(value) + z
        if not saturate:
            total = np.int64(np.int32(total))
        out[i] = store(min(max(total, lo), hi))


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
    for block in range(x.shape[0] // inner):
        s = scale[block % n]
        z = np.int32(zero_point[block % n])
        for i in range(block * inner, (block + 1) * inner):
            out[i] = np.float32(s * np.float32(np.int32(x[i]) - z))


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
