"""Elementwise functions of two broadcast operands; see `broadcast` for shape and strides."""

import numpy as np

from intengine_kernels.broadcast import row_offset
from intengine_kernels.fixedpoint import mbqm
from intengine_kernels.isa.lanes import LANES
from intengine_kernels.jit import inline, kernel, subroutine
from intengine_kernels.proven import plainly, proven_products

#: Functions of `arithmetic`.
ADD, SUB, MUL, DIV = range(4)
#: Functions of `extremum`.
MAXIMUM, MINIMUM = range(2)


@inline
def _apply(function, x, y, store):
    if function == ADD:
        return store(x + y)
    if function == SUB:
        return store(x - y)
    if function == MUL:
        return store(x * y)
    return store(x / y)


@inline
def _clamped(value, lo, hi):
    """NaN stays NaN."""
    value = lo if value < lo else value
    return hi if hi < value else value


@kernel
def arithmetic(function, a, b, shape, a_strides, b_strides, lo, hi, out):
    """out = clamp(a op b) in the type of the operands: floats rounded once, integers wrapping.

    Args:
        function: ADD, SUB, MUL or DIV (floats only).
        a, b: flat, of one type. lo, hi: of that type's range, as floats or ints like the operands.
        out: flat, the same type.
    """
    a, b, out = a.reshape(-1), b.reshape(-1), out.reshape(-1)
    inner = shape[-1]
    a_step, b_step = a_strides[-1], b_strides[-1]
    store = out.dtype.type
    lo, hi = store(lo), store(hi)
    for row in range(out.size // inner):
        at_a = row_offset(row, shape, a_strides)
        at_b = row_offset(row, shape, b_strides)
        target = out[row * inner : (row + 1) * inner]
        if a_step == 1 and b_step == 1:
            # Slices, so that the loop vectorizes.
            xs, ys = a[at_a : at_a + inner], b[at_b : at_b + inner]
            for i in range(inner):
                target[i] = _clamped(_apply(function, xs[i], ys[i], store), lo, hi)
        else:
            for i in range(inner):
                value = _apply(function, a[at_a + i * a_step], b[at_b + i * b_step], store)
                target[i] = _clamped(value, lo, hi)


@inline
def _pick(function, x, y):
    if function == MAXIMUM:
        return x if x > y else y
    return x if x < y else y


@subroutine
def _extremum_row(function, a, b, out):
    for i in range(out.shape[0]):
        out[i] = _pick(function, a[i], b[i])


@subroutine
def _extremum_with(function, a, y, out):
    for i in range(out.shape[0]):
        out[i] = _pick(function, a[i], y)


@kernel
def extremum(function, a, b, shape, a_strides, b_strides, out):
    """out = the greater (MAXIMUM) or lesser (MINIMUM) of a and b; b where they are equal or one is NaN."""
    a, b, out = a.reshape(-1), b.reshape(-1), out.reshape(-1)
    inner = shape[-1]
    a_step, b_step = a_strides[-1], b_strides[-1]
    for row in range(out.size // inner):
        at_a = row_offset(row, shape, a_strides)
        at_b = row_offset(row, shape, b_strides)
        at = row * inner
        target = out[at : at + inner]
        if a_step == 1 and b_step == 1:
            _extremum_row(function, a[at_a : at_a + inner], b[at_b : at_b + inner], target)
        elif a_step == 1 and b_step == 0:
            _extremum_with(function, a[at_a : at_a + inner], b[at_b], target)
        else:
            for i in range(inner):
                target[i] = _pick(function, a[at_a + i * a_step], b[at_b + i * b_step])


@kernel
def mul_double_rounding(
    isa,
    table,
    a,
    b,
    shape,
    a_strides,
    b_strides,
    a_zero_point,
    b_zero_point,
    multiplier,
    shift,
    zero_point,
    lo,
    hi,
    out,
):
    """out = clamp(mbqm((a - z_a) * (b - z_b)) + zero_point). a, b, out: flat int8, uint8 or int16.

    isa: what `isa.tag` gives. table: float32[7], or float64 for int16, see `isa.pairs`.
    """
    a, b, out = a.reshape(-1), b.reshape(-1), out.reshape(-1)
    inner = shape[-1]
    a_step, b_step = a_strides[-1], b_strides[-1]
    store = out.dtype.type
    za, zb, zo = np.int32(a_zero_point), np.int32(b_zero_point), np.int32(zero_point)
    m, s = np.int32(multiplier), np.int32(shift)
    lo, hi = np.int32(lo), np.int32(hi)
    for row in range(out.size // inner):
        at_a = row_offset(row, shape, a_strides)
        at_b = row_offset(row, shape, b_strides)
        at, i = row * inner, 0
        while i < inner:
            end = min(i + LANES, inner)
            if a_step == 1 and b_step == 1:
                proven = proven_products(isa, a, at_a + i, b, at_b + i, table, za, zb, out, at + i, inner - i)
                i += proven
                end = i + plainly(isa, proven, inner - i)
            for k in range(i, end):
                product = np.int32((np.int32(a[at_a + k * a_step]) - za) * (np.int32(b[at_b + k * b_step]) - zb))
                out[at + k] = store(min(max(np.int32(mbqm(product, m, s) + zo), lo), hi))
            i = end


@kernel
def mul_half_even(a, b, shape, a_strides, b_strides, a_zero_point, b_zero_point, scale, zero_point, lo, hi, out):
    """out = clamp(round_half_even(float32(float32((a - z_a) * (b - z_b)) * scale)) + zero_point).

    Args: a, b, out: flat int8 or uint8. scale: float32, below 2**8.

    Source: XNNPACK src/qs8-vmul
    """
    a, b, out = a.reshape(-1), b.reshape(-1), out.reshape(-1)
    inner = shape[-1]
    a_step, b_step = a_strides[-1], b_strides[-1]
    store = out.dtype.type
    za, zb, zo = np.int32(a_zero_point), np.int32(b_zero_point), np.int32(zero_point)
    scale, lo, hi = np.float32(scale), np.int32(lo), np.int32(hi)
    for row in range(out.size // inner):
        at_a = row_offset(row, shape, a_strides)
        at_b = row_offset(row, shape, b_strides)
        at = row * inner
        for i in range(inner):
            product = np.int32((np.int32(a[at_a + i * a_step]) - za) * (np.int32(b[at_b + i * b_step]) - zb))
            value = np.int32(np.rint(np.float32(np.float32(product) * scale)))
            out[at + i] = store(min(max(np.int32(value + zo), lo), hi))


@kernel
def add_shifted(a, b, shape, a_strides, b_strides, a_shift, b_shift, sign, saturate, lo, hi, out):
    """int16 addition of power-of-two scales: out = clamp(rdp(a, a_shift) + sign * rdp(b, b_shift)).

    Args: shifts to the right, 0 or more; saturate: whether the sum saturates to int16 before the clamp.
    """
    a, b, out = a.reshape(-1), b.reshape(-1), out.reshape(-1)
    inner = shape[-1]
    a_step, b_step = a_strides[-1], b_strides[-1]
    store = out.dtype.type
    lo, hi, sign = np.int64(lo), np.int64(hi), np.int64(sign)
    half_a, half_b = np.int64((1 << a_shift) >> 1), np.int64((1 << b_shift) >> 1)
    for row in range(out.size // inner):
        at_a = row_offset(row, shape, a_strides)
        at_b = row_offset(row, shape, b_strides)
        at = row * inner
        for i in range(inner):
            x, y = np.int64(a[at_a + i * a_step]), np.int64(b[at_b + i * b_step])
            x = (x + half_a - ((x >> np.int64(63)) & min(half_a, np.int64(1)))) >> np.int64(a_shift)
            y = (y + half_b - ((y >> np.int64(63)) & min(half_b, np.int64(1)))) >> np.int64(b_shift)
            total = x + sign * y
            if saturate:
                total = min(max(total, np.int64(-32768)), np.int64(32767))
            out[at + i] = store(min(max(total, lo), hi))


@kernel
def prelu_double_rounding(
    x, alpha, shape, x_strides, alpha_strides, x_zero_point, alpha_zero_point, multiplier, shift,
    below_multiplier, below_shift, zero_point, lo, hi, out,
):  # fmt: skip
    """out = clamp(mbqm(x - z_x) + z) where x >= z_x, else clamp(mbqm((x - z_x) * (alpha - z_alpha)) + z)."""
    x, alpha, out = x.reshape(-1), alpha.reshape(-1), out.reshape(-1)
    inner = shape[-1]
    x_step, alpha_step = x_strides[-1], alpha_strides[-1]
    store = out.dtype.type
    zx, za, zo = np.int32(x_zero_point), np.int32(alpha_zero_point), np.int32(zero_point)
    m, s = np.int32(multiplier), np.int32(shift)
    bm, bs = np.int32(below_multiplier), np.int32(below_shift)
    lo, hi = np.int32(lo), np.int32(hi)
    for row in range(out.size // inner):
        at_x = row_offset(row, shape, x_strides)
        at_alpha = row_offset(row, shape, alpha_strides)
        at = row * inner
        for i in range(inner):
            v = np.int32(np.int32(x[at_x + i * x_step]) - zx)
            if v >= 0:
                value = np.int32(mbqm(v, m, s) + zo)
            else:
                slope = np.int32(np.int32(alpha[at_alpha + i * alpha_step]) - za)
                value = np.int32(mbqm(np.int32(v * slope), bm, bs) + zo)
            out[at + i] = store(min(max(value, lo), hi))


@kernel
def prelu_float(x, alpha, shape, x_strides, alpha_strides, out):
    """out = x where x >= 0, else x * alpha. Flat float32."""
    x, alpha, out = x.reshape(-1), alpha.reshape(-1), out.reshape(-1)
    inner = shape[-1]
    x_step, alpha_step = x_strides[-1], alpha_strides[-1]
    for row in range(out.size // inner):
        at_x = row_offset(row, shape, x_strides)
        at_alpha = row_offset(row, shape, alpha_strides)
        at = row * inner
        for i in range(inner):
            v = x[at_x + i * x_step]
            out[at + i] = v if v >= np.float32(0) else np.float32(v * alpha[at_alpha + i * alpha_step])
