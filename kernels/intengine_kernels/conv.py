"""Two-dimensional convolution as a blocked matrix product: patches of ROW_BLOCK output pixels at a time."""

from intengine_kernels.gemm import multiply_requantize, set_row_bias
from intengine_kernels.isa import COLUMNS, ROW_BLOCK
from intengine_kernels.jit import kernel
from intengine_kernels.patch import gather


@kernel
def conv_requantize(
    isa, x, flip, w, bias, wide_bias, row_term, kh, kw, stride_h, stride_w, dil_h, dil_w, pad_h, pad_w, fill,
    multiplier, shift, scale, scheme, zero_point, lo, hi, row_begin, row_end, panel, row_bias, acc, wide_acc, out,
):  # fmt: skip
    """Quantized convolution of output pixels row_begin..row_end, counted over batch * out_height * out_width.

    Args:
        x: int8, uint8 or int16 [B, H, W, C].
        w: int8 or int16 [G, P, steps, COLUMNS, per] for G groups; a patch has kh * kw * C / G <= steps * per taps.
        bias, wide_bias, multiplier, shift, scale: [G * P * COLUMNS].
        fill: the panel's value of a tap outside the image, that of the input's zero point.
        The rest as in `gemm_requantize`.
        out: [B, OH, OW, N], written.
    """
    _, out_h, out_w, out_c = out.shape
    groups, panels, steps, _, per = w.shape
    depth = x.shape[3] // groups
    channels = out_c // groups
    lda = steps * per
    store = panel.dtype.type
    flip = store(flip)
    fill = store(fill)
    _, height, width, _ = x.shape
    image = height * width * x.shape[3]
    flat_x, flat_panel, flat_w, flat_out = x.reshape(-1), panel.reshape(-1), w.reshape(-1), out.reshape(-1)
    for row in range(row_begin, row_end, ROW_BLOCK):
        rows = min(ROW_BLOCK, row_end - row)
        for g in range(groups):
            for r in range(rows):
                pixel = row + r
                gather(
                    flat_x, pixel // (out_w * out_h) * image, height, width, depth * groups,
                    (pixel // out_w) % out_h, pixel % out_w, kh, kw, stride_h, stride_w, dil_h, dil_w,
                    pad_h, pad_w, g * depth, depth, flip, fill, panel[r],
                )  # fmt: skip
            set_row_bias(flat_panel, lda, kh * kw * depth, rows, row_term, row_bias)
            multiply_requantize(
                isa, flat_panel, lda, rows, flat_w, g * panels * lda * COLUMNS, panels, per, bias, wide_bias,
                g * panels * COLUMNS, channels, row_bias, multiplier, shift, scale, scheme, zero_point, lo, hi,
                acc, wide_acc, flat_out, row * out_c + g * channels, out_c,
            )  # fmt: skip
