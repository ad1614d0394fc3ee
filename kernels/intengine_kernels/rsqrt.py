"""1 / sqrt(x) of integers by Newton's method."""

import numpy as np

from intengine_kernels.fixedpoint import mbqm
from intengine_kernels.jit import kernel
from intengine_kernels.lstm import inverse_square_root

#: Bits that 1 / sqrt(x) is kept with between its two multiplications.
_BITS = 20


@kernel
def rsqrt_newton(multiplier, shift, zero_point, greatest, out):
    """out[x] = zero_point + 1 / sqrt(x) * multiplier * 2**(shift - 31) for x = 1, 2, ...; out[0] = greatest.

    Args:
        multiplier, shift: int32, of an output unit.
        out: int64[n], written.

    Source: tflite/kernels/elementwise.cc
    """
    out[0] = greatest
    for x in range(1, out.shape[0]):
        root, root_shift = inverse_square_root(np.int64(x))
        scaled = mbqm(np.int32(1), root, np.int32(root_shift + np.int32(_BITS)))
        out[x] = np.int64(mbqm(scaled, np.int32(multiplier), np.int32(shift - _BITS))) + np.int64(zero_point)
