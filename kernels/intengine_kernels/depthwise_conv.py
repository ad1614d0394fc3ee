"""Depthwise convolution: channels innermost, requantized pixel by pixel."""

import numpy as np

from intengine_kernels.jit import kernel
from intengine_kernels.requantize import requantize_row


@kernel
def depthwise_conv_requantize(
    x, w, bias, input_zero_point, stride_h, stride_w, dil_h, dil_w, pad_h, pad_w,
    multiplier, shift, scale, scheme, zero_point, lo, hi, row_begin, row_end, acc, out,
):  # fmt: skip
    """Quantized depthwise convolution of output rows row_begin..row_end, counted over batch * out_height.

    Args:
        x: int8, uint8 or int16 [B, H, W, C].
        w: int16 [kh, kw, C * D], the filter with its zero point taken off; output channel c * D + d reads input c.
        bias: int32[C * D] or int64[C * D], the type of the accumulator.
        input_zero_point: int; taps outside the image are skipped.
        acc: scratch like bias [C * D].
        out: [B, OH, OW, C * D], written.
    """
    _, height, width, channels = x.shape
    kh, kw, out_c = w.shape
    _, out_h, out_w, _ = out.shape
    depth_multiplier = out_c // channels
    wide = acc.dtype.type
    input_zero_point = np.int32(input_zero_point)
    for row in range(row_begin, row_end):
        b = row // out_h
        out_y = row % out_h
        for out_x in range(out_w):
            for c in range(out_c):
                acc[c] = bias[c]
            for ky in range(kh):
                y = out_y * stride_h - pad_h + ky * dil_h
                if y < 0 or y >= height:
                    continue
                for kx in range(kw):
                    col = out_x * stride_w - pad_w + kx * dil_w
                    if col < 0 or col >= width:
                        continue
                    if depth_multiplier == 1:
                        for c in range(out_c):
                            tap = np.int32(np.int32(x[b, y, col, c]) - input_zero_point)
                            acc[c] = wide(acc[c] + wide(np.int32(tap * np.int32(w[ky, kx, c]))))
                    else:
                        for c in range(channels):
                            tap = np.int32(np.int32(x[b, y, col, c]) - input_zero_point)
                            for d in range(depth_multiplier):
                                at = c * depth_multiplier + d
                                acc[at] = wide(acc[at] + wide(np.int32(tap * np.int32(w[ky, kx, at]))))
            requantize_row(acc, multiplier, shift, scale, scheme, zero_point, lo, hi, out[b, out_y, out_x])
