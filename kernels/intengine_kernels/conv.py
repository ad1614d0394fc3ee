"""Two-dimensional convolution as products of rows of pixels, read from a strip of the padded image."""

from intengine_kernels.gemm import multiply_requantize
from intengine_kernels.isa import COLUMNS, ROW_BLOCK
from intengine_kernels.jit import kernel
from intengine_kernels.strip import fill_strip


@kernel
def conv_requantize(
    isa, x, flip, filter, rule, span, columns, stride_h, stride_w, pad_h, pad_w, fill, height, row_begin, row_end,
    strip, work, out,
):  # fmt: skip
    """Quantized convolution of output rows row_begin..row_end, counted over batch * out_height.

    Args:
        isa: what `isa.tag` gives.
        x: int8, uint8 or int16 [B, H, W, C]. flip: what `isa.flip` gives.
        filter: Filter whose segments are offsets from a pixel in a strip of `columns` columns.
        rule: Rule. work: Work.
        span: rows of the image that the filter reaches over. columns: of a strip.
        fill: the strip's value of a tap outside the image, that of the input's zero point.
        height: output rows that are made from one strip.
        strip: scratch [>= ((height - 1) * stride_h + span) * columns * C + 3], uint8 or int16.
        out: int8, uint8 or int16 [B, OH, OW, N], written.
    """
    _, in_h, in_w, channels = x.shape
    _, out_h, out_w, out_c = out.shape
    flat_x, flat_out = x.reshape(-1), out.reshape(-1)
    store = strip.dtype.type
    flip, fill = store(flip), store(fill)
    step = stride_w * channels
    groups = filter.bias.shape[0] // filter.width
    depth = out_c // groups
    row = row_begin
    while row < row_end:
        b, y = row // out_h, row % out_h
        rows = min(height, out_h - y, row_end - row)
        fill_strip(
            flat_x, b * in_h * in_w * channels, in_h, in_w, channels, y * stride_h - pad_h, -pad_w,
            (rows - 1) * stride_h + span, columns, flip, fill, strip,
        )  # fmt: skip
        for r in range(rows):
            at = r * stride_h * columns * channels
            for first in range(0, out_w, ROW_BLOCK):
                some = min(ROW_BLOCK, out_w - first)
                to = ((row + r) * out_w + first) * out_c
                for g in range(groups):
                    multiply_requantize(
                        isa, strip, at + first * step, step, some, filter, g, 0, filter.width // COLUMNS, rule, work,
                        flat_out, to + g * depth, out_c, depth,
                    )  # fmt: skip
        row += rows
