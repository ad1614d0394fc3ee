"""Transposed convolution, output row by output row.

Filter column kx adds input column i to the output position i * stride + kx, counted from the padded edge. A row of
sums is kept as `phases` lines of equal length, position p in line p % stride at p // stride, so that neighbouring
inputs go to neighbouring sums. Filter rows and columns run backwards: then each output receives its inputs in the
order of the image, which is the order in which LiteRT adds them up.
"""

import numpy as np

from intengine_kernels.copying import copy_row
from intengine_kernels.hybrid_quantize import quantize_asymmetric
from intengine_kernels.jit import inline, kernel
from intengine_kernels.ordered import add_rows, clamp_row
from intengine_kernels.requantize import DOUBLE_ROUNDING, requantize_row


@inline
def _input_row(out_y, ky, stride_h, pad_h, height):
    """The input row that filter row ky brings to output row out_y, or -1."""
    at = out_y + pad_h - ky
    if at < 0 or at % stride_h != 0 or at // stride_h >= height:
        return -1
    return at // stride_h


@kernel
def transpose_conv_requantize(
    x, w, bias, input_zero_point, stride_h, stride_w, pad_h, pad_w, multiplier, shift, scale, scheme,
    zero_point, lo, hi, tail, row_begin, row_end, line, sums, total, out,
):  # fmt: skip
    """Quantized transposed convolution of output rows row_begin..row_end, counted over batch * out_height.

    Args:
        x: int8, uint8 or int16 [B, H, W, C].
        w: int8 or int16 [kh, kw, C, N], the filter with its zero point taken off.
        bias: int32[N] or int64[N], the type of the accumulator.
        pad_h, pad_w: rows and columns cut off before the first output.
        multiplier, shift, scale, scheme, zero_point, lo, hi: as in `requantize_row`.
        tail: elements of the output from this one on are requantized by DOUBLE_ROUNDING.
        line: scratch int16[W, C]. sums: scratch like bias [phases, positions, N]. total: scratch like bias [N].
        out: [B, OH, OW, N], written.
    """
    _, height, width, channels = x.shape
    kh, kw, _, _ = w.shape
    _, out_h, out_w, out_c = out.shape
    phases, positions, _ = sums.shape
    flat = sums.reshape(phases * positions, out_c)
    wide = bias.dtype.type
    input_zero_point = np.int16(input_zero_point)
    for row in range(row_begin, row_end):
        b = row // out_h
        out_y = row % out_h
        flat[:] = wide(0)
        for ky in range(kh - 1, -1, -1):
            y = _input_row(out_y, ky, stride_h, pad_h, height)
            if y < 0:
                continue
            for column in range(width):
                for c in range(channels):
                    line[column, c] = np.int16(np.int16(x[b, y, column, c]) - input_zero_point)
            for kx in range(kw - 1, -1, -1):
                at = (kx % stride_w) * positions + kx // stride_w
                add_rows(line, 0, width, w[ky, kx], flat, at)
        for out_x in range(out_w):
            phase = (out_x + pad_w) % stride_w
            at = phase * positions + (out_x + pad_w) // stride_w
            for n in range(out_c):
                total[n] = wide(bias[n] + flat[at, n]) if phase < phases else bias[n]
            pixel = out[b, out_y, out_x]
            first = max(min(tail - (row * out_w + out_x) * out_c, out_c), 0)
            requantize_row(total[:first], multiplier, shift, scale, scheme, zero_point, lo, hi, pixel[:first])
            if first < out_c:
                requantize_row(
                    total[first:], multiplier[first:], shift[first:], scale, DOUBLE_ROUNDING, zero_point, lo, hi,
                    pixel[first:],
                )  # fmt: skip


@kernel
def transpose_conv_float(x, w, bias, stride_h, stride_w, pad_h, pad_w, lo, hi, row_begin, row_end, sums, start, out):
    """float32 transposed convolution of output rows row_begin..row_end, counted over batch * out_height.

    Args:
        x: float32[B, H, W, C]. w: float32[kh, kw, C, N]. bias: float32[N]. lo, hi: floats.
        sums: scratch float32[phases, positions, N]. start: float32[N], what each sum begins with.
        out: float32[B, OH, OW, N], written.
    """
    _, height, width, _ = x.shape
    kh, kw, _, _ = w.shape
    _, out_h, _, out_c = out.shape
    phases, positions, _ = sums.shape
    flat = sums.reshape(phases * positions, out_c)
    lo, hi = np.float32(lo), np.float32(hi)
    for row in range(row_begin, row_end):
        b = row // out_h
        out_y = row % out_h
        for at in range(flat.shape[0]):
            copy_row(start, flat[at])
        for ky in range(kh - 1, -1, -1):
            y = _input_row(out_y, ky, stride_h, pad_h, height)
            if y < 0:
                continue
            for kx in range(kw - 1, -1, -1):
                at = (kx % stride_w) * positions + kx // stride_w
                add_rows(x[b, y], 0, width, w[ky, kx], flat, at)
        _clamp_line(flat, phases, positions, stride_w, pad_w, bias, lo, hi, start, out[b, out_y])


@inline
def _clamp_line(flat, phases, positions, stride_w, pad_w, bias, lo, hi, start, out):
    """One output row [OW, N] from its sums; positions that no input reaches have none but the start."""
    for out_x in range(out.shape[0]):
        phase = (out_x + pad_w) % stride_w
        if phase < phases:
            clamp_row(flat[phase * positions + (out_x + pad_w) // stride_w], bias, lo, hi, out[out_x])
        else:
            clamp_row(start, bias, lo, hi, out[out_x])


@kernel
def transpose_conv_hybrid(
    x, w, filter_scale, bias, stride_h, stride_w, pad_h, pad_w, lo, hi, lanes, q, sums, zeros, out
):
    """Hybrid transposed convolution: each image quantized by itself, every product scaled before it is added.

    out += float32(float32((q - z) * w * filter_scale) * scale), tap by tap; then bias and clamp.

    Args:
        x: float32[B, H, W, C]. w: int8[kh, kw, C, N]. filter_scale, bias: float32[N]. lo, hi: floats.
        lanes: scratch float32[2, LANES]. q: scratch int8[H, W, C].
        sums: scratch float32[phases, positions, N]. zeros: float32[N] of zeros.
        out: float32[B, OH, OW, N], written.

    Source: tflite/kernels/internal/reference/transpose_conv.h
    """
    batches, height, width, channels = x.shape
    kh, kw, _, _ = w.shape
    _, out_h, _, out_c = out.shape
    phases, positions, _ = sums.shape
    flat = sums.reshape(phases * positions, out_c)
    lo, hi = np.float32(lo), np.float32(hi)
    for b in range(batches):
        scale, zero_point = quantize_asymmetric(x[b].reshape(-1), lanes, q.reshape(-1))
        for out_y in range(out_h):
            flat[:] = np.float32(0.0)
            for ky in range(kh - 1, -1, -1):
                y = _input_row(out_y, ky, stride_h, pad_h, height)
                if y < 0:
                    continue
                for kx in range(kw - 1, -1, -1):
                    at = (kx % stride_w) * positions + kx // stride_w
                    for column in range(width):
                        target = flat[at + column]
                        for c in range(channels):
                            tap = np.int32(np.int32(q[y, column, c]) - zero_point)
                            factors = w[ky, kx, c]
                            for n in range(out_c):
                                product = np.float32(np.int32(tap * np.int32(factors[n])))
                                target[n] += np.float32(np.float32(product * filter_scale[n]) * scale)
            _clamp_line(flat, phases, positions, stride_w, pad_w, bias, lo, hi, zeros, out[b, out_y])
