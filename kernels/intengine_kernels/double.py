"""Functions of float64, element by element. x, y, out: flat float64."""

from intengine_kernels.jit import kernel
from intengine_kernels.libm import angle, exp, hyperbolic, log, power, root, trigonometric


@kernel
def exp_double(x, out):
    """out = exp(x)."""
    for i in range(x.shape[0]):
        out[i] = exp.exp(x[i])


@kernel
def log_double(x, out):
    """out = log(x)."""
    for i in range(x.shape[0]):
        out[i] = log.log(x[i])


@kernel
def sin_double(x, out):
    """out = sin(x), NaN from trigonometric.LIMIT on."""
    for i in range(x.shape[0]):
        out[i] = trigonometric.sin(x[i])


@kernel
def cos_double(x, out):
    """out = cos(x), NaN from trigonometric.LIMIT on."""
    for i in range(x.shape[0]):
        out[i] = trigonometric.cos(x[i])


@kernel
def tanh_double(x, out):
    """out = tanh(x)."""
    for i in range(x.shape[0]):
        out[i] = hyperbolic.tanh(x[i])


@kernel
def cbrt_double(x, out):
    """out = the cube root of x."""
    for i in range(x.shape[0]):
        out[i] = root.cbrt(x[i])


@kernel
def pow_double(x, y, out):
    """out = x ** y."""
    for i in range(x.shape[0]):
        out[i] = power.pow(x[i], y[i])


@kernel
def hypot_double(x, y, out):
    """out = sqrt(x**2 + y**2)."""
    for i in range(x.shape[0]):
        out[i] = root.hypot(x[i], y[i])


@kernel
def atan2_double(y, x, out):
    """out = the angle of (x, y)."""
    for i in range(x.shape[0]):
        out[i] = angle.atan2(y[i], x[i])
