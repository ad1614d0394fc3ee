"""float32 functions of one input, element by element, rounded at every step as written."""

import math

import numpy as np

from intengine_kernels.jit import kernel
from intengine_kernels.libm.arithmetic import choose
from intengine_kernels.libm.exp import expf
from intengine_kernels.libm.hyperbolic import tanhf
from intengine_kernels.libm.log import logf


@kernel
def clamp_float(x, lo, hi, out):
    """out = min(max(x, lo), hi); NaN stays NaN. x, out: flat float32."""
    lo, hi = np.float32(lo), np.float32(hi)
    for i in range(x.shape[0]):
        value = x[i]
        value = lo if value < lo else value
        out[i] = hi if hi < value else value


@kernel
def leaky_relu_float(x, alpha, out):
    """out = x where x > 0, else x * alpha. x, out: flat float32."""
    alpha = np.float32(alpha)
    for i in range(x.shape[0]):
        out[i] = x[i] if x[i] > np.float32(0) else np.float32(x[i] * alpha)


@kernel
def hard_swish_float(x, sixth, out):
    """out = x * min(6, max(0, x + 3)) / 6. x, out: flat float32.

    With `sixth` the division is a product with 1 / 6: of x in whole blocks of 4, at last in the rest.
    """
    whole = x.shape[0] - x.shape[0] % 4
    zero, three, six = np.float32(0), np.float32(3), np.float32(6)
    for i in range(x.shape[0]):
        inside = min(max(np.float32(x[i] + three), zero), six)
        if sixth and i < whole:
            out[i] = np.float32(np.float32(x[i] * np.float32(1 / 6)) * inside)
        elif sixth:
            out[i] = np.float32(np.float32(x[i] * inside) * np.float32(1 / 6))
        else:
            out[i] = np.float32(np.float32(x[i] * inside) / six)


@kernel
def logistic_float(x, out):
    """out = 1 / (1 + exp(-x)), exp(x) below -9 and 1 above 16.619047. x, out: flat float32.

    Source: tflite/kernels/internal/reference/logistic.h
    """
    one, low, high = np.float32(1), np.float32(-9), np.float32(16.619047164916992188)
    for i in range(x.shape[0]):
        e = expf(choose(x[i] < low, x[i], -x[i]))
        y = choose(x[i] < low, e, np.float32(one / np.float32(one + e)))
        out[i] = choose(x[i] > high, one, y)


@kernel
def tanh_float(x, out):
    """out = tanh(x). x, out: flat float32."""
    for i in range(x.shape[0]):
        out[i] = tanhf(x[i])


@kernel
def sqrt_float(x, out):
    """out = sqrt(x). x, out: flat float32."""
    for i in range(x.shape[0]):
        out[i] = np.float32(math.sqrt(x[i]))


@kernel
def rsqrt_float(x, out):
    """out = 1 / sqrt(x), two roundings. x, out: flat float32."""
    for i in range(x.shape[0]):
        out[i] = np.float32(np.float32(1) / np.float32(math.sqrt(x[i])))


@kernel
def exp_float(x, out):
    """out = exp(x). x, out: flat float32."""
    for i in range(x.shape[0]):
        out[i] = expf(x[i])


@kernel
def log_float(x, out):
    """out = log(x). x, out: flat float32."""
    for i in range(x.shape[0]):
        out[i] = logf(x[i])
