"""Quantizing a row of float32 on the fly, to int8, with the rounding of LiteRT's x86 builds.

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


@inline
def _range(x, lanes):
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
def _round_row(x, inverse, zero_point, least, q):
    """q[i] = clamp(round(x[i] * inverse) + zero_point, least, 127).

    Where the product is no int32 (the inverse of a tiny range is infinite), in vectors it saturates, and NaN is the
    least number, before the zero point is added, which wraps. In the rest of a symmetric row all of these are the
    least number; in that of an asymmetric one the sum saturates, and NaN becomes 0.
    """
    whole = x.shape[0] - x.shape[0] % SIMD
    body = x[:whole]
    target = q[:whole]
    for i in range(whole):
        value = np.float32(body[i] * inverse)
        value = np.float32(value + np.copysign(np.float32(0.5), value))
        sum_ = np.int32(np.int64(_to_int32(value, INT32_MAX)) + np.int64(zero_point))
        target[i] = np.int8(min(max(sum_, least), np.int32(127)))
    for i in range(whole, x.shape[0]):
        value = np.float32(x[i] * inverse)
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
def quantize_symmetric(x, lanes, q):
    """q = round(x * 127 / max|x|) within -127..127.

    Args: x float32[n], lanes scratch float32[2, LANES], q int8[n], written.
    Returns: (scale float32, zero point int32 0).
    """
    lo, hi = _range(x, lanes)
    reach = max(np.float32(-lo), hi)
    none = np.int32(0)
    if reach == np.float32(0.0):
        q[:] = np.int8(0)
        return np.float32(1.0), none
    _round_row(x, np.float32(np.float32(127.0) / reach), none, np.int32(-127), q)
    return np.float32(reach / np.float32(127.0)), none


@inline
def quantize_asymmetric(x, lanes, q):
    """q = round(x / scale) + zero point, where -128..127 spans the range of x and 0.

    Args: x float32[n], lanes scratch float32[2, LANES], q int8[n], written.
    Returns: (scale float32, zero point int32).
    """
    lo, hi = _range(x, lanes)
    if lo == hi:
        q[:] = np.int8(0)
        return np.float32(1.0), np.int32(0)
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
    zero_point = np.int32(rounded)
    scale = np.float32(step)
    _round_row(x, np.float32(np.float64(1.0) / np.float64(scale)), zero_point, np.int32(-128), q)
    return scale, zero_point


@inline
def quantize_dynamic(x, lanes, q):
    """As XNNPACK: q = sat8(sat16(even(x * 255 / range)) + zero point), all in float32.

    Args: x float32[n], lanes scratch float32[2, LANES], q int8[n], written.
    Returns: (scale float32, zero point int32).

    Source: XNNPACK/src/reference/packing.cc, XNNPACK/src/f32-qs8-vcvt, tflite's use of qd8 operators
    """
    lo, hi = _range(x, lanes)
    factor = np.float32(1.0) if lo == hi else np.float32(np.float32(255.0) / np.float32(hi - lo))
    least, most = np.float32(lo * factor), np.float32(hi * factor)
    from_least, from_most = np.float32(np.float32(-128.0) + least), np.float32(np.float32(127.0) + most)
    if np.float32(from_least + from_most) > np.float32(0.0):
        real = np.float32(np.float32(-128.0) - least)
    else:
        real = np.float32(np.float32(127.0) - most)
    real = min(max(real, np.float32(-128.0)), np.float32(127.0))
    zero_point = np.int32(np.rint(real))
    for i in range(x.shape[0]):
        value = np.float32(x[i] * factor)
        value = min(max(value, np.float32(-32768.0)), np.float32(32767.0))
        total = np.int32(np.int32(np.rint(value)) + zero_point)
        q[i] = np.int8(min(max(total, np.int32(-128)), np.int32(127)))
    return np.float32(np.float32(1.0) / factor), zero_point


#: How a row of activations becomes int8.
SYMMETRIC, ASYMMETRIC, DYNAMIC = 0, 1, 2


@inline
def quantize_row(kind, x, lanes, q):
    """Quantize by one of the three; see `quantize_symmetric`."""
    if kind == SYMMETRIC:
        return quantize_symmetric(x, lanes, q)
    if kind == ASYMMETRIC:
        return quantize_asymmetric(x, lanes, q)
    return quantize_dynamic(x, lanes, q)
