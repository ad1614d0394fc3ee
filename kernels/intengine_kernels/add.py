"""Quantized ADD and SUB over broadcast operands."""

import numpy as np

from intengine_kernels.broadcast import row_offset
from intengine_kernels.fixedpoint import rdp, srdhm
from intengine_kernels.jit import inline, kernel


@inline
def _add(
    x, y, za, zb, ls, ma, a_shift, mb, b_shift, sign, mo, out_shift, zo, lo, hi
):  # fmt: skip
    a = np.int32((np.int32(x) - za) << ls)
    b = np.int32((np.int32(y) - zb) << ls)
    total = np.int32(rdp(srdhm(a, ma), -a_shift) + np.int32(sign * rdp(srdhm(b, mb), -b_shift)))
    value = np.int32(rdp(srdhm(total, mo), -out_shift) + zo)
    return min(max(value, lo), hi)


@kernel
def add_double_rounding(
    a, b, shape, a_strides, b_strides, a_zero_point, b_zero_point, left_shift,
    a_multiplier, a_shift, b_multiplier, b_shift, sign, out_multiplier, out_shift, zero_point, lo, hi, out,
):  # fmt: skip
    """out = clamp(M_out * (M_a * ((a - z_a) << left_shift) + sign * M_b * ((b - z_b) << left_shift)) + zero_point).

    Every product is srdhm then a right shift with ties away from zero; all shifts are given as shift <= 0.

    Args:
        a, b: flat int8, uint8 or int16. shape, a_strides, b_strides: int64[n], see `broadcast`.
        sign: 1 adds, -1 subtracts.
        out: flat, the type of a.
    """
    inner = shape[-1]
    a_step, b_step = a_strides[-1], b_strides[-1]
    store = out.dtype.type
    za, zb, zo = np.int32(a_zero_point), np.int32(b_zero_point), np.int32(zero_point)
    ma, mb, mo = np.int32(a_multiplier), np.int32(b_multiplier), np.int32(out_multiplier)
    ls, sign = np.int32(left_shift), np.int32(sign)
    lo, hi = np.int32(lo), np.int32(hi)
    for row in range(out.size // inner):
        at_a = row_offset(row, shape, a_strides)
        at_b = row_offset(row, shape, b_strides)
        target = out[row * inner : (row + 1) * inner]
        if a_step == 1 and b_step == 1:
            # Slices, so that the loop vectorizes.
            xs, ys = a[at_a : at_a + inner], b[at_b : at_b + inner]
            for i in range(inner):
                target[i] = store(
                    _add(xs[i], ys[i], za, zb, ls, ma, a_shift, mb, b_shift, sign, mo, out_shift, zo, lo, hi)
                )
        else:
            for i in range(inner):
                x, y = a[at_a + i * a_step], b[at_b + i * b_step]
                target[i] = store(_add(x, y, za, zb, ls, ma, a_shift, mb, b_shift, sign, mo, out_shift, zo, lo, hi))
