"""float32 depthwise convolutions: taps outside the image are skipped.

XNNPACK multiplies them by zeros, and may fill the taps up with zeros: a sum that underflowed to a zero may have the
other sign there.

They are summed by row, column or, as XNNPACK does, by column, row. Fused multiply-adds have denormals as zeros.
Source: tflite/kernels/internal/reference/depthwiseconv_float.h; XNNPACK/src/f32-dwconv
"""

import numpy as np

from intengine_kernels.copying import copy_row
from intengine_kernels.denormals import flush, restore
from intengine_kernels.isa.float_tile import ROW_VECTORS, ROWS, VECTORS, make_depthwise
from intengine_kernels.isa.vectors import LANES
from intengine_kernels.jit import inline, kernel, subroutine
from intengine_kernels.ordered import clamp_row

#: Output pixels of a tile.
PIXELS = ROWS // 2

_tile = make_depthwise(PIXELS, VECTORS, is_partial=False)
_tile_panel = make_depthwise(PIXELS, 1, is_partial=True)
_tile_pixel = make_depthwise(1, ROW_VECTORS, is_partial=False)
_tile_pixel_panel = make_depthwise(1, 1, is_partial=True)


@inline
def _take_taps(by_column, ky_begin, ky_end, kx_begin, kx_end, row_step, column_step, kw, channels, taps, w_taps):
    """Offsets in the image and the filter of the taps in these ranges, in order; returns how many there are."""
    rows, columns = ky_end - ky_begin, kx_end - kx_begin
    many = max(rows, 0) * max(columns, 0)
    for s in range(many):
        ky, kx = (s % rows, s // rows) if by_column else (s // columns, s % columns)
        ky, kx = ky_begin + ky, kx_begin + kx
        taps[s] = ky * row_step + kx * column_step
        w_taps[s] = (ky * kw + kx) * channels
    return many


@subroutine
def _make_pixels(fused, x, starts, pixels, taps, w_taps, many, w, start, bias, lo, hi, out, out_at, channels):
    """All channels of neighbouring output pixels that have the same taps."""
    if pixels < PIXELS:
        for i in range(pixels):
            to = out_at + i * channels
            c = 0
            while channels - c >= ROW_VECTORS * LANES:
                _tile_pixel(
                    fused, x, starts, i, taps, w_taps, many, c, w, start, bias, lo, hi, out, to + c, channels,
                    ROW_VECTORS * LANES,
                )  # fmt: skip
                c += ROW_VECTORS * LANES
            while c < channels:
                _tile_pixel_panel(
                    fused, x, starts, i, taps, w_taps, many, c, w, start, bias, lo, hi, out, to + c, channels,
                    min(LANES, channels - c),
                )  # fmt: skip
                c += LANES
        return
    for first in range(0, pixels, PIXELS):
        i = min(first, pixels - PIXELS)
        to = out_at + i * channels
        c = 0
        while channels - c >= VECTORS * LANES:
            _tile(
                fused, x, starts, i, taps, w_taps, many, c, w, start, bias, lo, hi, out, to + c, channels,
                VECTORS * LANES,
            )  # fmt: skip
            c += VECTORS * LANES
        while c < channels:
            _tile_panel(
                fused, x, starts, i, taps, w_taps, many, c, w, start, bias, lo, hi, out, to + c, channels,
                min(LANES, channels - c),
            )  # fmt: skip
            c += LANES


@kernel
def depthwise_conv_float(
    fused, by_column, x, w, start, bias, kh, kw, stride_h, stride_w, dil_h, dil_w, pad_h, pad_w, lo, hi,
    row_begin, row_end, starts, taps, w_taps, out,
):  # fmt: skip
    """Depthwise convolution with one filter for each channel, of output rows row_begin..row_end.

    Args:
        fused, by_column: bools, see above.
        x: float32[B, H, W, C]. w: float32[>= kh * kw * C + LANES], the filter [kh, kw, C] and anything behind it.
        start, bias: float32[>= C, whole vectors], what each sum begins with and what is added when it is complete.
        lo, hi: floats. row_begin, row_end: counted over batch * out_height.
        starts: scratch int64[OW]. taps, w_taps: scratch int64[kh * kw].
        out: float32[B, OH, OW, C], written.
    """
    _, height, width, channels = x.shape
    _, out_h, out_w, _ = out.shape
    flat_x, flat_out = x.reshape(-1), out.reshape(-1)
    lo, hi = np.float32(lo), np.float32(hi)
    # Output columns from_left..to_right have all their taps inside the image.
    reach = width + pad_w - (kw - 1) * dil_w
    from_left = min(-(-pad_w // stride_w), out_w)
    to_right = max(min(-(-reach // stride_w), out_w), from_left)
    mode = flush(fused)
    for row in range(row_begin, row_end):
        b, top = row // out_h, row % out_h * stride_h - pad_h
        ky_begin, ky_end = max(-(top // dil_h), 0), min(-((top - height) // dil_h), kh)
        for out_x in range(out_w):
            starts[out_x] = ((b * height + top) * width + out_x * stride_w - pad_w) * channels
        out_x = 0
        while out_x < out_w:
            left = out_x * stride_w - pad_w
            kx_begin, kx_end, pixels = 0, kw, to_right - from_left
            if out_x < from_left or out_x >= to_right:
                kx_begin, kx_end, pixels = max(-(left // dil_w), 0), min(-((left - width) // dil_w), kw), 1
            many = _take_taps(
                by_column, ky_begin, ky_end, kx_begin, kx_end, dil_h * width * channels, dil_w * channels, kw, channels,
                taps, w_taps,
            )  # fmt: skip
            _make_pixels(
                fused, flat_x, starts[out_x:], pixels, taps, w_taps, many, w, start, bias, lo, hi,
                flat_out, (row * out_w + out_x) * channels, channels,
            )  # fmt: skip
            out_x += pixels
    restore(mode)


@kernel
def depthwise_conv_float_multiplied(
    x, w, start, bias, stride_h, stride_w, dil_h, dil_w, pad_h, pad_w, lo, hi, row_begin, row_end, acc, out
):
    """Depthwise convolution of output rows row_begin..row_end with D filters for each channel, not fused.

    Args:
        x: float32[B, H, W, C]. w: float32[kh, kw, C * D], output channel c * D + d reads input c.
        start, bias: float32[C * D]. acc: scratch float32[C * D]. The rest as in `depthwise_conv_float`.
        out: float32[B, OH, OW, C * D], written.
    """
    _, height, width, channels = x.shape
    kh, kw, out_c = w.shape
    _, out_h, out_w, _ = out.shape
    multiplier = out_c // channels
    lo, hi = np.float32(lo), np.float32(hi)
    for row in range(row_begin, row_end):
        b = row // out_h
        out_y = row % out_h
        for out_x in range(out_w):
            copy_row(start, acc)
            for ky in range(kh):
                y = out_y * stride_h - pad_h + ky * dil_h
                if y < 0 or y >= height:
                    continue
                for kx in range(kw):
                    column = out_x * stride_w - pad_w + kx * dil_w
                    if column < 0 or column >= width:
                        continue
                    taps = x[b, y, column]
                    factors = w[ky, kx]
                    for c in range(channels):
                        for d in range(multiplier):
                            at = c * multiplier + d
                            acc[at] = acc[at] + taps[c] * factors[at]
            clamp_row(acc, bias, lo, hi, out[b, out_y, out_x])
