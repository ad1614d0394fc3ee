"""Quantizing float32 on the fly, to int8, with the rounding of LiteRT's x86 builds.

The range of all elements decides the scale, a factor and the zero point; then each element is rounded by itself.

There the first 8 * (n // 8) elements round as trunc(x + copysign(0.5, x)) in float32, so that 0.49999997 becomes 1;
the rest rounds half away from zero.
Source: tflite/kernels/internal/optimized/sse_tensor_utils.cc, tensor_utils.cc, quantization_util.cc
"""

import numpy as np

from intengine_kernels.fixedpoint import INT32_MAX, INT32_MIN
from intengine_kernels.jit import inline

#: Partial minima and maxima, so that they vectorize.
LANES = 64
#: Elements that x86 code rounds together.
SIMD = 8
#: How a row of activations becomes int8.
SYMMETRIC, ASYMMETRIC, DYNAMIC = 0, 1, 2
#: Instead of a factor: all elements become 0, NaN as well.
BLANK = np.float32(-1.0)


@inline
def range_of(x, lanes):
    """(min, max) of x and 0. `lanes` is scratch float32[2, LANES]."""
    least, most = lanes[0], lanes[1]
    for j in range(LANES):
        least[j] = np.float32(0.0)
        most[j] = np.float32(0.0)
    n = x.shape[0]
    for i in range(0, n - LANES + 1, LANES):
        piece = x[i : i + LANES]
        for j in range(LANES):
            value = piece[j]
            least[j] = value if value < least[j] else least[j]
            most[j] = value if value > most[j] else most[j]
    lo, hi = np.float32(0.0), np.float32(0.0)
    for j in range(LANES):
        lo = least[j] if least[j] < lo else lo
        hi = most[j] if most[j] > hi else hi
    for i in range(n - n % LANES, n):
        lo = x[i] if x[i] < lo else lo
        hi = x[i] if x[i] > hi else hi
    return lo, hi


@inline
def _to_int32(value, above):
    """float32 -> int32, truncated; `above` where it is too great, the least number where it is too small or NaN."""
    if value >= np.float32(2.0**31):
        return np.int32(above)
    return np.int32(value if value >= np.float32(-(2.0**31)) else np.float32(-(2.0**31)))


@inline
def _symmetric(lo, hi):
    """(scale, factor, zero point) so that 127 is the greatest magnitude."""
    reach = max(np.float32(-lo), hi)
    none = np.int32(0)
    if reach == np.float32(0.0):
        return np.float32(1.0), BLANK, none
    return np.float32(reach / np.float32(127.0)), np.float32(np.float32(127.0) / reach), none


@inline
def _asymmetric(lo, hi):
    """(scale, factor, zero point) so that -128..127 spans the range."""
    if lo == hi:
        return np.float32(1.0), BLANK, np.int32(0)
    step = np.float64(np.float32(hi - lo)) / np.float64(255.0)
    from_least = np.float64(lo) / step
    from_most = np.float64(hi) / step
    # The end that loses less to rounding decides the zero point.
    if np.float64(128.0) + abs(from_least) < np.float64(127.0) + abs(from_most):
        real = np.float64(-128.0) - from_least
    else:
        real = np.float64(127.0) - from_most
    real = min(max(real, np.float64(-128.0)), np.float64(127.0))
    rounded = np.trunc(real)
    if abs(real - rounded) >= 0.5:
        rounded += np.copysign(1.0, real)
    scale = np.float32(step)
    return scale, np.float32(np.float64(1.0) / np.float64(scale)), np.int32(rounded)


@inline
def _dynamic(lo, hi):
    """(scale, factor, zero point) as XNNPACK finds them, all in float32."""
    factor = np.float32(1.0) if lo == hi else np.float32(np.float32(255.0) / np.float32(hi - lo))
    least, most = np.float32(lo * factor), np.float32(hi * factor)
    from_least, from_most = np.float32(np.float32(-128.0) + least), np.float32(np.float32(127.0) + most)
    if np.float32(from_least + from_most) > np.float32(0.0):
        real = np.float32(np.float32(-128.0) - least)
    else:
        real = np.float32(np.float32(127.0) - most)
    real = min(max(real, np.float32(-128.0)), np.float32(127.0))
    return np.float32(np.float32(1.0) / factor), factor, np.int32(np.rint(real))


@inline
def parameters(kind, lo, hi):
    """(scale float32, factor float32 or BLANK, zero point int32) of a range that holds 0; one of the three kinds."""
    if kind == SYMMETRIC:
        return _symmetric(lo, hi)
    if kind == ASYMMETRIC:
        return _asymmetric(lo, hi)
    return _dynamic(lo, hi)


@inline
def round_all(kind, x, whole, factor, zero_point, q):
    """q = round(x * factor) + zero point, clamped; `whole` elements at the start, a multiple of SIMD, are vectors'."""
    if kind == DYNAMIC:
        _round_dynamic(x, factor, zero_point, q)
    else:
        _round(x, whole, factor, zero_point, np.int32(-127 if kind == SYMMETRIC else -128), q)


@inline
def _round(x, whole, factor, zero_point, least, q):
    """q[i] = clamp(round(x[i] * factor) + zero_point, least, 127).

    Where the product is no int32 (the inverse of a tiny range is infinite), in vectors it saturates, and NaN is the
    least number, before the zero point is added, which wraps. In the rest of a symmetric row all of these are the
    least number; in that of an asymmetric one the sum saturates, and NaN becomes 0.
    """
    if factor == BLANK:
        q[:] = np.int8(0)
        return
    body = x[:whole]
    target = q[:whole]
    for i in range(whole):
        value = np.float32(body[i] * factor)
        value = np.float32(value + np.copysign(np.float32(0.5), value))
        sum_ = np.int32(np.int64(_to_int32(value, INT32_MAX)) + np.int64(zero_point))
        target[i] = np.int8(min(max(sum_, least), np.int32(127)))
    for i in range(whole, x.shape[0]):
        value = np.float32(x[i] * factor)
        rounded = np.trunc(value)
        if abs(np.float32(value - rounded)) >= np.float32(0.5):
            rounded = np.float32(rounded + np.copysign(np.float32(1.0), value))
        if least == -127:
            nearest = np.int64(_to_int32(rounded, INT32_MIN))
        elif rounded != rounded:
            nearest = -np.int64(zero_point)
        else:
            nearest = np.int64(_to_int32(rounded, INT32_MAX))
        q[i] = np.int8(min(max(nearest + np.int64(zero_point), np.int64(least)), np.int64(127)))


@inline
def _round_dynamic(x, factor, zero_point, q):
    """As XNNPACK: q = sat8(sat16(even(x * factor)) + zero point)."""
    for i in range(x.shape[0]):
        value = np.float32(x[i] * factor)
        value = min(max(value, np.float32(-32768.0)), np.float32(32767.0))
        total = np.int32(np.int32(np.rint(value)) + zero_point)
        q[i] = np.int8(min(max(total, np.int32(-128)), np.int32(127)))


@inline
def quantize_row(kind, x, lanes, q):
    """Quantize by one of the three kinds.

    Args: x float32[n], lanes scratch float32[2, LANES], q int8[n], written.
    Returns: (scale float32, zero point int32).
    """
    lo, hi = range_of(x, lanes)
    scale, factor, zero_point = parameters(kind, lo, hi)
    round_all(kind, x, x.shape[0] - x.shape[0] % SIMD, factor, zero_point, q)
    return scale, zero_point


@inline
def quantize_symmetric(x, lanes, q):
    """q = round(x * 127 / max|x|) within -127..127; as `quantize_row`."""
    return quantize_row(SYMMETRIC, x, lanes, q)


@inline
def quantize_asymmetric(x, lanes, q):
    """q = round(x / scale) + zero point, where -128..127 spans the range of x and 0; as `quantize_row`."""
    return quantize_row(ASYMMETRIC, x, lanes, q)


@inline
def quantize_dynamic(x, lanes, q):
    """q = sat8(sat16(even(x * 255 / range)) + zero point), all in float32; as `quantize_row`.

    Source: XNNPACK/src/reference/packing.cc, XNNPACK/src/f32-qs8-vcvt, tflite's use of qd8 operators
    """
    return quantize_row(DYNAMIC, x, lanes, q)
