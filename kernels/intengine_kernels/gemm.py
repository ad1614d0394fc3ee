"""Integer matrix product of activations [M, K] and packed weights, requantized panel by panel while in cache.

Activations are copied, ROW_BLOCK rows at a time, to a panel of the element type that the micro-kernel multiplies
(int8 becomes uint8 by flipping its top bit); weights are packed once as [P, steps, COLUMNS, 4 bytes]. With x', w' the
panel's elements and z_x', z_w' their zero points,

    acc = sum (x' - z_x')(w' - z_w') = sum x'w' - z_w' * sum x' + (K * z_x' * z_w' - z_x' * sum w'),

where the last bracket is part of the bias and the middle is one number for each row. All of it is exact modulo 2**32.
An int64 accumulator adds up int32 sums of few enough products that they cannot overflow.
"""

import numpy as np

from intengine_kernels.isa import AVX2, AVX512VNNI, AVXVNNI, COLUMNS, GENERIC, ROW_BLOCK
from intengine_kernels.isa.lanes import (
    LANES,
    lanes_double_rounding,
    lanes_float32,
    lanes_int64_15bit,
    lanes_real_double,
    lanes_single,
    lanes_upward,
)
from intengine_kernels.isa.tile import (
    ROWS_256,
    ROWS_512,
    tile_avx2,
    tile_avx2_row,
    tile_avx512vnni,
    tile_avx512vnni_row,
    tile_avxvnni,
    tile_avxvnni_row,
)
from intengine_kernels.jit import inline, kernel, subroutine
from intengine_kernels.requantize import DOUBLE_ROUNDING, FLOAT32, INT64_15BIT, SINGLE, UPWARD, requantize_row

#: K steps of 2 int16 x int8 products whose int32 sum cannot overflow: 256 * 2**22 = 2**30.
WIDE_STEPS = 128


@subroutine
def _multiply_generic(x, at, r, lda, w, w_at, steps, per, bias, bias_at, row_bias, acc):
    """The plain-loop twin of the tiles for row `r`; `per` elements make one step."""
    for n in range(COLUMNS):
        acc[r * COLUMNS + n] = np.int32(bias[bias_at + n] + row_bias[r])
    for k in range(steps):
        for j in range(per):
            tap = np.int32(x[at + r * lda + k * per + j])
            first = w_at + k * COLUMNS * per + j
            for n in range(COLUMNS):
                total = np.int32(tap * np.int32(w[first + n * per]))
                acc[r * COLUMNS + n] = np.int32(acc[r * COLUMNS + n] + total)


@inline
def _multiply_row(isa, x, at, r, lda, w, w_at, steps, per, bias, bias_at, row_bias, acc):
    """acc of one row of the panel."""
    a, c = at + r * lda, r * COLUMNS
    if isa == AVX512VNNI:
        tile_avx512vnni_row(x, a, lda, w, w_at, steps, bias, bias_at, row_bias, r, acc, c, COLUMNS)
    elif isa == AVXVNNI:
        tile_avxvnni_row(x, a, lda, w, w_at, steps, bias, bias_at, row_bias, r, acc, c, COLUMNS)
    elif isa == AVX2:
        tile_avx2_row(x, a, lda, w, w_at, steps, bias, bias_at, row_bias, r, acc, c, COLUMNS)
    else:
        _multiply_generic(x, at, r, lda, w, w_at, steps, per, bias, bias_at, row_bias, acc)


@subroutine
def multiply(isa, x, at, lda, rows, w, w_at, steps, per, bias, bias_at, row_bias, acc):
    """acc[r * COLUMNS + n] = bias[bias_at + n] + row_bias[r] + panel row r (from `at`) times w panel at `w_at`.

    Up to ROW_BLOCK rows; rows of acc up to the next multiple of the tile's rows are overwritten with anything.
    """
    r = 0
    if isa == AVX512VNNI:
        while rows - r > 2:
            tile_avx512vnni(x, at + r * lda, lda, w, w_at, steps, bias, bias_at, row_bias, r, acc, r * COLUMNS, COLUMNS)
            r += ROWS_512
    elif isa == AVXVNNI:
        while rows - r > 1:
            tile_avxvnni(x, at + r * lda, lda, w, w_at, steps, bias, bias_at, row_bias, r, acc, r * COLUMNS, COLUMNS)
            r += ROWS_256
    elif isa == AVX2:
        while rows - r > 1:
            tile_avx2(x, at + r * lda, lda, w, w_at, steps, bias, bias_at, row_bias, r, acc, r * COLUMNS, COLUMNS)
            r += ROWS_256
    while r < rows:
        _multiply_row(isa, x, at, r, lda, w, w_at, steps, per, bias, bias_at, row_bias, acc)
        r += 1


@inline
def requantize_block(
    isa, acc, rows, multiplier, shift, scale, channel, scheme, zero_point, lo, hi, out, out_at, out_step, count
):
    """out[out_at + r * out_step : ... + count] = requantized acc[r * COLUMNS : ... + count] for each row.

    Parameters are read from `channel` on, and must be readable up to the next multiple of LANES, as acc must.
    """
    if isa == GENERIC:
        last = channel + count
        for r in range(rows):
            at, to = r * COLUMNS, out_at + r * out_step
            requantize_row(
                acc[at : at + count], multiplier[channel:last], shift[channel:last], scale[channel:last],
                scheme, zero_point, lo, hi, out[to : to + count],
            )  # fmt: skip
        return
    zp, lo, hi = np.int32(zero_point), np.int32(lo), np.int32(hi)
    for n in range(0, count, LANES):
        c, left = channel + n, count - n
        if scheme == DOUBLE_ROUNDING:
            for r in range(rows):
                at, to = r * COLUMNS + n, out_at + r * out_step + n
                lanes_double_rounding(acc, at, multiplier, shift, scale, c, zp, lo, hi, out, to, left)
        elif scheme == UPWARD:
            for r in range(rows):
                at, to = r * COLUMNS + n, out_at + r * out_step + n
                lanes_upward(acc, at, multiplier, shift, scale, c, zp, lo, hi, out, to, left)
        elif scheme == FLOAT32:
            for r in range(rows):
                at, to = r * COLUMNS + n, out_at + r * out_step + n
                lanes_float32(acc, at, multiplier, shift, scale, c, zp, lo, hi, out, to, left)
        elif scheme == SINGLE:
            for r in range(rows):
                at, to = r * COLUMNS + n, out_at + r * out_step + n
                lanes_single(acc, at, multiplier, shift, scale, c, zp, lo, hi, out, to, left)
        elif scheme == INT64_15BIT:
            for r in range(rows):
                at, to = r * COLUMNS + n, out_at + r * out_step + n
                lanes_int64_15bit(acc, at, multiplier, shift, scale, c, zp, lo, hi, out, to, left)
        else:
            for r in range(rows):
                at, to = r * COLUMNS + n, out_at + r * out_step + n
                lanes_real_double(acc, at, multiplier, shift, scale, c, zp, lo, hi, out, to, left)


@inline
def set_row_bias(panel, lda, depth, rows, row_term, row_bias):
    """row_bias[r] = row_term * (sum of the first `depth` elements of panel row r); int32, wraps."""
    for r in range(rows):
        total = np.int32(0)
        if row_term != 0:
            for k in range(depth):
                total = np.int32(total + np.int32(panel[r * lda + k]))
        row_bias[r] = np.int32(total * np.int32(row_term))


@inline
def multiply_requantize(
    isa, panel, lda, rows, w, w_at, panels, per, bias, wide_bias, first, channels, row_bias,
    multiplier, shift, scale, scheme, zero_point, lo, hi, acc, wide_acc, out, out_at, out_step,
):  # fmt: skip
    """One block of rows times all panels of one group, requantized.

    Args:
        panel: flat, `rows` rows of `lda` elements. w: flat, this group starts at w_at and has `panels` panels.
        bias: int32, wide_bias: int64 (empty for int32 accumulators); read from `first` on, as are the parameters.
        channels: outputs of the group; row r goes to out[out_at + r * out_step : ... + channels].
        acc: int32[ROW_BLOCK * COLUMNS]. wide_acc: int64 of the same size, or empty.
    """
    steps = lda // per
    for p in range(panels):
        here = w_at + p * lda * COLUMNS
        column = p * COLUMNS
        count = min(COLUMNS, channels - column)
        if wide_bias.shape[0] == 0:
            multiply(isa, panel, 0, lda, rows, w, here, steps, per, bias, first + column, row_bias, acc)
            requantize_block(
                isa, acc, rows, multiplier, shift, scale, first + column, scheme,
                zero_point, lo, hi, out, out_at + column, out_step, count,
            )  # fmt: skip
        else:
            for r in range(rows):
                for n in range(COLUMNS):
                    wide_acc[r * COLUMNS + n] = wide_bias[first + column + n]
            for k in range(0, steps, WIDE_STEPS):
                some = min(WIDE_STEPS, steps - k)
                multiply(
                    isa, panel, k * per, lda, rows, w, here + k * per * COLUMNS, some, per,
                    bias, first + column, row_bias, acc,
                )  # fmt: skip
                for i in range(rows * COLUMNS):
                    wide_acc[i] += np.int64(acc[i])
            requantize_block(
                isa, wide_acc, rows, multiplier, shift, scale, first + column, scheme,
                zero_point, lo, hi, out, out_at + column, out_step, count,
            )  # fmt: skip


@kernel
def gemm_requantize(
    isa, x, flip, w, bias, wide_bias, row_term, multiplier, shift, scale, scheme, zero_point, lo, hi,
    row_begin, row_end, panel, row_bias, acc, wide_acc, out,
):  # fmt: skip
    """out[m] = requantize(bias + (x[m] - z_x) @ (w - z_w).T) for rows row_begin..row_end.

    Args:
        isa: a constant of `isa`.
        x: int8, uint8 or int16 [M, K]. flip: 128 where int8 becomes uint8, else 0.
        w: int8 or int16 [P, steps, COLUMNS, per]; the panel has steps * per columns.
        bias, wide_bias: int32 and int64 [P * COLUMNS], the second empty where the accumulator is int32.
        row_term: int, minus the zero point of w.
        multiplier, shift: int32, scale: float64, [P * COLUMNS]; see `requantize_row` for these and what follows.
        panel: scratch [ROW_BLOCK, steps * per], uint8 or int16. row_bias: scratch int32[ROW_BLOCK].
        acc: scratch int32[ROW_BLOCK * COLUMNS]. wide_acc: int64, the same or empty.
        out: int8, uint8 or int16 [M, N], written.
    """
    depth = x.shape[1]
    channels = out.shape[1]
    panels, steps, _, per = w.shape
    lda = steps * per
    store = panel.dtype.type
    flip = store(flip)
    flat_panel, flat_w, flat_out = panel.reshape(-1), w.reshape(-1), out.reshape(-1)
    for row in range(row_begin, row_end, ROW_BLOCK):
        rows = min(ROW_BLOCK, row_end - row)
        for r in range(rows):
            source = x[row + r]
            target = panel[r]
            for k in range(depth):
                target[k] = store(store(source[k]) ^ flip)
            for k in range(depth, lda):
                target[k] = store(0)
        set_row_bias(flat_panel, lda, depth, rows, row_term, row_bias)
        multiply_requantize(
            isa, flat_panel, lda, rows, flat_w, 0, panels, per, bias, wide_bias, 0, channels, row_bias,
            multiplier, shift, scale, scheme, zero_point, lo, hi, acc, wide_acc,
            flat_out, row * channels, channels,
        )  # fmt: skip
