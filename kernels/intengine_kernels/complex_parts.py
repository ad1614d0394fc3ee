"""Complex numbers as pairs of their parts."""

import math

import numpy as np

from intengine_kernels.jit import kernel
from intengine_kernels.libm.arithmetic import choose


@kernel
def length_float(x, out):
    """out = sqrt(re**2 + im**2) in float64, rounded once; infinite if a part is. x: float32[n, 2]. out: float32[n]."""
    # Flat, for the loop to become one of vectors.
    parts = x.reshape(-1)
    for i in range(out.shape[0]):
        re, im = np.float64(parts[2 * i]), np.float64(parts[2 * i + 1])
        length = np.float32(math.sqrt(re * re + im * im))
        is_infinite = (np.abs(re) == np.inf) | (np.abs(im) == np.inf)
        out[i] = choose(is_infinite, np.float32(np.inf), length)
