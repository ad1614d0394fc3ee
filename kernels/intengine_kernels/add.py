"""Quantized ADD and SUB over broadcast operands."""

import numpy as np

from intengine_kernels.broadcast import row_offset
from intengine_kernels.fixedpoint import mbqm, rdp, srdhm
from intengine_kernels.isa.lanes import LANES
from intengine_kernels.jit import inline, kernel
from intengine_kernels.proven import plainly, proven_sums

#: How `add_blocks` brings the inputs of a block to one scale.
MERGED_SHIFT, FLOOR_SHIFT = range(2)


@inline
def _scaled(value, zero_point, left_shift, multiplier, shift, scheme):
    """One input of a block: by one shift (to the right a floor) and srdhm, or by srdhm and a floor of its shift."""
    wide = np.int64(np.int32(value) - zero_point)
    if scheme == MERGED_SHIFT:
        merged = np.int64(left_shift) + np.int64(shift)
        wide = (wide << max(merged, np.int64(0))) >> max(-merged, np.int64(0))
        return srdhm(np.int32(wide), multiplier)
    return np.int32(np.int64(srdhm(np.int32(wide << np.int64(left_shift)), multiplier)) >> np.int64(-shift))


@inline
def _add(
    x, y, za, zb, ls, ma, a_shift, mb, b_shift, sign, mo, out_shift, zo, lo, hi
):  # fmt: skip
    a = np.int32((np.int32(x) - za) << ls)
    b = np.int32((np.int32(y) - zb) << ls)
    total = np.int32(mbqm(a, ma, a_shift) + np.int32(sign * mbqm(b, mb, b_shift)))
    value = np.int32(mbqm(total, mo, out_shift) + zo)
    return min(max(value, lo), hi)


@kernel
def add_double_rounding(
    isa, table, a, b, shape, a_strides, b_strides, a_zero_point, b_zero_point, left_shift,
    a_multiplier, a_shift, b_multiplier, b_shift, sign, out_multiplier, out_shift, zero_point, lo, hi, out,
):  # fmt: skip
    """out = clamp(M_out * (M_a * ((a - z_a) << left_shift) + sign * M_b * ((b - z_b) << left_shift)) + zero_point).

    Every product is `mbqm`; all shifts are <= 0, or such with ONCE added.

    Args:
        isa: what `isa.tag` gives. table: float32[8], or float64 for int16, see `isa.pairs`.
        a, b: flat int8, uint8 or int16. shape, a_strides, b_strides: int64[n], see `broadcast`.
        sign: 1 adds, -1 subtracts.
        out: flat, the type of a.
    """
    a, b, out = a.reshape(-1), b.reshape(-1), out.reshape(-1)
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
        at, i = row * inner, 0
        while i < inner:
            end = min(i + LANES, inner)
            if a_step == 1 and b_step == 1:
                proven = proven_sums(isa, a, at_a + i, b, at_b + i, table, za, zb, out, at + i, inner - i)
                i += proven
                end = i + plainly(isa, proven, inner - i)
            for k in range(i, end):
                x, y = a[at_a + k * a_step], b[at_b + k * b_step]
                out[at + k] = store(_add(x, y, za, zb, ls, ma, a_shift, mb, b_shift, sign, mo, out_shift, zo, lo, hi))
            i = end


@inline
def _in_block(x, y, za, zb, ls, ma, a_shift, mb, b_shift, mo, out_shift, zo, lo, hi, narrow, scheme):
    first = _scaled(x, za, ls, ma, a_shift, scheme)
    second = _scaled(y, zb, ls, mb, b_shift, scheme)
    value = rdp(srdhm(np.int32(first + second), mo), -out_shift)
    if narrow:
        value = np.int32(np.int16(np.int32(np.int32(np.int16(np.int32(value))) + zo)))
    else:
        value = np.int32(value + zo)
    return max(min(value, hi), lo)


@kernel
def add_blocks(
    isa, table, a, b, shape, a_strides, b_strides, a_zero_point, b_zero_point, left_shift,
    a_multiplier, a_shift, b_multiplier, b_shift, out_multiplier, out_shift, zero_point, lo, hi,
    narrow, scheme, block, row_length, out,
):  # fmt: skip
    """As `add_double_rounding`, but whole blocks of a row bring their inputs to one scale by another scheme.

    There hi is applied before lo.

    Args:
        isa, table: as in `add_double_rounding`.
        narrow: whether the sum, once requantized, wraps to int16 before and after the zero point is added.
        scheme: MERGED_SHIFT or FLOOR_SHIFT. block: elements of a block, 16 or 8, of which a row of row_length has as
            many as fit. A row of the walk is several of these, or whole blocks of one. The rest as in
            `add_double_rounding`.

    Source: tflite/kernels/internal/optimized/integer_ops/add.h, optimized_ops.h
    """
    a, b, out = a.reshape(-1), b.reshape(-1), out.reshape(-1)
    inner = shape[-1]
    a_step, b_step = a_strides[-1], b_strides[-1]
    store = out.dtype.type
    za, zb, zo = np.int32(a_zero_point), np.int32(b_zero_point), np.int32(zero_point)
    ma, mb, mo = np.int32(a_multiplier), np.int32(b_multiplier), np.int32(out_multiplier)
    ls, sign = np.int32(left_shift), np.int32(1)
    lo, hi = np.int32(lo), np.int32(hi)
    length = min(row_length, inner)
    whole = length - length % block
    for row in range(out.size // inner):
        at_a = row_offset(row, shape, a_strides)
        at_b = row_offset(row, shape, b_strides)
        at, i = row * inner, 0
        while i < inner:
            end = min(i + LANES, inner)
            if a_step == 1 and b_step == 1:
                proven = proven_sums(isa, a, at_a + i, b, at_b + i, table, za, zb, out, at + i, inner - i)
                i += proven
                end = i + plainly(isa, proven, inner - i)
            for k in range(i, end):
                x, y = a[at_a + k * a_step], b[at_b + k * b_step]
                if k % length < whole:
                    out[at + k] = store(
                        _in_block(
                            x, y, za, zb, ls, ma, a_shift, mb, b_shift, mo, out_shift, zo, lo, hi, narrow, scheme
                        )
                    )  # fmt: skip
                else:
                    out[at + k] = store(
                        _add(x, y, za, zb, ls, ma, a_shift, mb, b_shift, sign, mo, out_shift, zo, lo, hi)
                    )  # fmt: skip
            i = end


@inline
def _add_21(x, y, ma, mb, bias, shift, zo, lo, hi):
    acc = np.int32(np.int32(bias + np.int32(np.int32(x) * ma)) + np.int32(np.int32(y) * mb))
    value = min(max(np.int32(acc >> shift), np.int32(-32768)), np.int32(32767))
    value = min(max(np.int32(value + zo), np.int32(-32768)), np.int32(32767))
    return min(max(value, lo), hi)


@kernel
def add_multiplier_21(
    a, b, shape, a_strides, b_strides, a_multiplier, b_multiplier, bias, shift, zero_point, lo, hi, out
):  # fmt: skip
    """out = clamp(sat8(sat16(sat16((bias + a * M_a + b * M_b) >> shift) + zero_point))).

    Args:
        a, b: flat int8 or uint8. bias: int32, a half and the zero points' part.
        a_multiplier, b_multiplier: int32, at most 2**20 or 2**21; b's negative to subtract.

    Source: XNNPACK src/qs8-vadd
    """
    a, b, out = a.reshape(-1), b.reshape(-1), out.reshape(-1)
    inner = shape[-1]
    a_step, b_step = a_strides[-1], b_strides[-1]
    store = out.dtype.type
    ma, mb, bias, shift = np.int32(a_multiplier), np.int32(b_multiplier), np.int32(bias), np.int32(shift)
    zo, lo, hi = np.int32(zero_point), np.int32(lo), np.int32(hi)
    for row in range(out.size // inner):
        at_a = row_offset(row, shape, a_strides)
        at_b = row_offset(row, shape, b_strides)
        target = out[row * inner : (row + 1) * inner]
        if a_step == 1 and b_step == 1:
            # Slices, so that the loop vectorizes.
            xs, ys = a[at_a : at_a + inner], b[at_b : at_b + inner]
            for i in range(inner):
                target[i] = store(_add_21(xs[i], ys[i], ma, mb, bias, shift, zo, lo, hi))
        else:
            for i in range(inner):
                x, y = a[at_a + i * a_step], b[at_b + i * b_step]
                target[i] = store(_add_21(x, y, ma, mb, bias, shift, zo, lo, hi))
