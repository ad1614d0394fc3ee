"""Two-dimensional convolution as a blocked matrix product: patches of ROW_BLOCK output pixels at a time."""

from intengine_kernels.gemm import ROW_BLOCK, accumulate
from intengine_kernels.jit import inline, kernel
from intengine_kernels.requantize import requantize_row


@inline
def _gather_patch(
    x, b, out_y, out_x, kh, kw, stride_h, stride_w, dil_h, dil_w, pad_h, pad_w, c0, depth, fill, patch
):
    """patch[kh * kw * depth] = the taps of one output pixel; taps outside the image become `fill`."""
    _, height, width, _ = x.shape
    k = 0
    for ky in range(kh):
        y = out_y * stride_h - pad_h + ky * dil_h
        inside_y = 0 <= y < height
        for kx in range(kw):
            col = out_x * stride_w - pad_w + kx * dil_w
            if inside_y and 0 <= col < width:
                for c in range(depth):
                    patch[k + c] = x[b, y, col, c0 + c]
            else:
                for c in range(depth):
                    patch[k + c] = fill
            k += depth


@kernel
def conv_requantize(
    x, w, bias, k_chunk, kh, kw, stride_h, stride_w, dil_h, dil_w, pad_h, pad_w, fill,
    multiplier, shift, scale, scheme, zero_point, lo, hi, row_begin, row_end, patches, acc, out,
):  # fmt: skip
    """Quantized convolution of output rows row_begin..row_end, counted over batch * out_height * out_width pixels.

    Args:
        x: int8, uint8 or int16 [B, H, W, C].
        w: int8 or int16 [G, N4, K] for G groups of N4 >= N / G padded output channels, K = kh * kw * C / G.
        bias: int32 or int64 [G, N4] with the input's zero point folded in.
        fill: the value of a tap outside the image, the input's zero point.
        multiplier, shift, scale: [N]. scheme, zero_point, lo, hi: as in `requantize_row`.
        patches: scratch like x [ROW_BLOCK, K]. acc: scratch like bias [ROW_BLOCK, N4].
        out: [B, OH, OW, N], written.
    """
    _, out_h, out_w, out_c = out.shape
    groups = w.shape[0]
    depth = x.shape[3] // groups
    columns = out_c // groups
    for row in range(row_begin, row_end, ROW_BLOCK):
        rows = min(ROW_BLOCK, row_end - row)
        for g in range(groups):
            for i in range(rows):
                pixel = row + i
                out_x = pixel % out_w
                out_y = (pixel // out_w) % out_h
                b = pixel // (out_w * out_h)
                _gather_patch(
                    x, b, out_y, out_x, kh, kw, stride_h, stride_w, dil_h, dil_w, pad_h, pad_w,
                    g * depth, depth, fill, patches[i],
                )  # fmt: skip
            accumulate(patches, 0, rows, w[g], bias[g], k_chunk, acc)
            first = g * columns
            last = first + columns
            for i in range(rows):
                pixel = row + i
                requantize_row(
                    acc[i, :columns], multiplier[first:last], shift[first:last], scale[first:last], scheme,
                    zero_point, lo, hi,
                    out[pixel // (out_w * out_h), (pixel // out_w) % out_h, pixel % out_w, first:last],
                )  # fmt: skip
