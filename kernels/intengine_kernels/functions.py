"""Functions of the C library in single precision, element by element, rounded at every step as written."""

import numpy as np

from intengine_kernels.broadcast import row_offset
from intengine_kernels.fixedpoint import mbqm
from intengine_kernels.jit import kernel
from intengine_kernels.libm.angle import atan2f
from intengine_kernels.libm.erfc import erfcf
from intengine_kernels.libm.hyperbolic import expm1f, tanhf
from intengine_kernels.libm.power import powf
from intengine_kernels.libm.trigonometric import cosf, sinf


@kernel
def sin_float(x, out):
    """out = sin(x). x, out: flat float32."""
    for i in range(x.shape[0]):
        out[i] = sinf(x[i])


@kernel
def cos_float(x, out):
    """out = cos(x). x, out: flat float32."""
    for i in range(x.shape[0]):
        out[i] = cosf(x[i])


@kernel
def elu_float(x, out):
    """out = exp(x) - 1 where x < 0, else x. x, out: flat float32."""
    for i in range(x.shape[0]):
        if x[i] < np.float32(0):
            out[i] = expm1f(x[i])
        else:
            out[i] = x[i]


@kernel
def erfc_float(x, out):
    """out = 1 - erf(x). x, out: flat float32."""
    for i in range(x.shape[0]):
        out[i] = erfcf(x[i])


@kernel
def gelu_erf_float(x, out):
    """out = 0.5 x erfc(-x / sqrt(2)). x, out: flat float32.

    Source: tflite/kernels/internal/reference/gelu.h
    """
    half, scale = np.float32(0.5), np.float32(-0.70710678118654752440)
    for i in range(x.shape[0]):
        tail = erfcf(np.float32(x[i] * scale))
        out[i] = np.float32(np.float32(half * x[i]) * tail)


@kernel
def gelu_tanh_float(x, out):
    """out = 0.5 x (1 + tanh(sqrt(2 / pi) (x + 0.044715 x**3))). x, out: flat float32.

    Source: tflite/kernels/internal/reference/gelu.h
    """
    half, one = np.float32(0.5), np.float32(1)
    scale, cubic = np.float32(0.79788456080286535588), np.float32(0.044715)
    for i in range(x.shape[0]):
        v = x[i]
        cube = np.float32(np.float32(np.float32(cubic * v) * v) * v)
        inner = np.float32(scale * np.float32(v + cube))
        out[i] = np.float32(np.float32(half * v) * np.float32(one + tanhf(inner)))


@kernel
def atan2_float(y, x, out):
    """out = the angle of (x, y). y, x, out: flat float32."""
    for i in range(y.shape[0]):
        out[i] = atan2f(y[i], x[i])


@kernel
def power_float(a, b, shape, a_strides, b_strides, out):
    """out = a ** b over broadcast operands. a, b, out: flat float32; shape and strides: see `broadcast`."""
    inner = shape[-1]
    a_step, b_step = a_strides[-1], b_strides[-1]
    for row in range(out.size // max(inner, 1)):
        at_a = row_offset(row, shape, a_strides)
        at_b = row_offset(row, shape, b_strides)
        at = row * inner
        for i in range(inner):
            out[at + i] = powf(a[at_a + i * a_step], b[at_b + i * b_step])


@kernel
def squared_difference_tables(
    a, b, shape, a_strides, b_strides, a_levels, b_levels, multiplier, shift, zero_point, lo, hi, out
):
    """out = clamp(mbqm((A[a] - B[b])**2) + zero_point).

    Args:
        a, b: flat uint8: the bits of the operands. a_levels, b_levels: int32[256], below 2**14 in magnitude.
        out: flat int8 or uint8.
    """
    a, b, out = a.reshape(-1), b.reshape(-1), out.reshape(-1)
    inner = shape[-1]
    a_step, b_step = a_strides[-1], b_strides[-1]
    store = out.dtype.type
    m, s, zo = np.int32(multiplier), np.int32(shift), np.int32(zero_point)
    lo, hi = np.int32(lo), np.int32(hi)
    for row in range(out.size // max(inner, 1)):
        at_a = row_offset(row, shape, a_strides)
        at_b = row_offset(row, shape, b_strides)
        at = row * inner
        for i in range(inner):
            d = np.int32(a_levels[a[at_a + i * a_step]] - b_levels[b[at_b + i * b_step]])
            out[at + i] = store(min(max(np.int32(mbqm(np.int32(d * d), m, s) + zo), lo), hi))
