"""Functions of arrays float64 or complex128, the same on every host; complex ones are made from real ones."""

from collections.abc import Callable
from typing import Any

import numpy as np
from intengine_kernels import double
from intengine_kernels.libm import trigonometric
from numpy.typing import NDArray

Array = NDArray[Any]


def _by(kernel: Callable[..., None], *arrays: Array) -> Array:
    flat = [np.ascontiguousarray(x, np.float64).reshape(-1) for x in arrays]
    out = np.empty(flat[0].size)
    kernel(*flat, out)
    return out.reshape(arrays[0].shape)


def _complex(re: Array, im: Array) -> Array:
    z = np.empty(re.shape, np.complex128)
    z.real, z.imag = re, im
    return z


def _turning(x: Array, kernel: Callable[..., None], turn: int) -> Array:
    """sin(x + turn pi / 2), by a kernel and, where x is too great for it, with more of pi."""
    y = _by(kernel, x)
    for at in np.argwhere((np.abs(x) >= trigonometric.LIMIT) & np.isfinite(x)):
        place = tuple(at)
        quadrant, a, rest = trigonometric.far_quadrant(float(x[place]))
        y[place] = trigonometric.of_quadrant(np.int64(quadrant + turn), np.float64(a), np.float64(rest))
    return y


def _sin(x: Array) -> Array:
    return _turning(x, double.sin_double, 0)


def _cos(x: Array) -> Array:
    return _turning(x, double.cos_double, 1)


def exp(x: Array) -> Array:
    if x.dtype.kind != "c":
        return _by(double.exp_double, x)
    size = exp(x.real)
    return _complex(size * _cos(x.imag), size * _sin(x.imag))


def log(x: Array) -> Array:
    if x.dtype.kind != "c":
        return _by(double.log_double, x)
    return _complex(log(length(x)), _by(double.atan2_double, x.imag, x.real))


def cos(x: Array) -> Array:
    """Of complex numbers cos a cosh b - i sin a sinh b, sinh = tanh cosh."""
    if x.dtype.kind != "c":
        return _cos(x)
    wide = (exp(x.imag) + exp(-x.imag)) / 2
    return _complex(_cos(x.real) * wide, -_sin(x.real) * (tanh(x.imag) * wide))


def tanh(x: Array) -> Array:
    """Of complex numbers (t (1 + u**2) + i u (1 - t**2)) / (1 + t**2 u**2), t = tanh a, u = tan b."""
    if x.dtype.kind != "c":
        return _by(double.tanh_double, x)
    t, sine, cosine = tanh(x.real), _sin(x.imag), _cos(x.imag)
    below = cosine * cosine + (t * sine) * (t * sine)
    # 1 - t**2 = 1 / cosh(a)**2.
    wide = 2 / (exp(x.real) + exp(-x.real))
    return _complex(t / below, sine * cosine * (wide * wide) / below)


def logistic(x: Array) -> Array:
    return reciprocal(1 + exp(-x))


def length(x: Array) -> Array:
    """|x| of complex numbers."""
    return _by(double.hypot_double, x.real, x.imag)


def reciprocal(x: Array) -> Array:
    if x.dtype.kind != "c":
        return np.asarray(1 / x)
    size = x.real * x.real + x.imag * x.imag
    return _complex(x.real / size, -x.imag / size)


def reciprocal_root(x: Array) -> Array:
    """1 / sqrt(x), the root with a real part of 0 or more."""
    if x.dtype.kind != "c":
        return np.asarray(1 / np.sqrt(x))
    larger = np.sqrt((length(x) + np.abs(x.real)) / 2)
    other = np.abs(x.imag) / (2 * larger)
    is_right = x.real >= 0
    root = _complex(np.where(is_right, larger, other), np.copysign(np.where(is_right, other, larger), x.imag))
    return reciprocal(root)


def power(a: Array, b: Array) -> Array:
    """Of complex numbers exp(b log(a)); 1 where b is 0, and 0 where a is 0 else."""
    if a.dtype.kind != "c":
        return _by(double.pow_double, a, b)
    found = log(a)
    found = exp(_complex(b.real * found.real - b.imag * found.imag, b.real * found.imag + b.imag * found.real))
    return np.where(b == 0, 1, np.where(a == 0, 0, found))


def cbrt(x: Array) -> Array:
    return _by(double.cbrt_double, x)
