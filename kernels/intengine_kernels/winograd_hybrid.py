"""3x3 convolutions of float32 images that are quantized on the fly, by Winograd's tiles: see `winograd`, `hybrid`."""

from intengine_kernels.hybrid import scale_rows
from intengine_kernels.hybrid_image import scaling_of
from intengine_kernels.isa import COLUMNS
from intengine_kernels.isa.winograd import OUTPUTS, TILES, transform_sums
from intengine_kernels.jit import kernel
from intengine_kernels.winograd import multiply_taps, run_of, take_taps


@kernel
def conv_hybrid_winograd(
    isa, image, in_c, filter, row_sum, filter_scale, bias, order, columns, lo, hi, row_begin, row_end, kind, bounds,
    scales, zero_points, strip, block, out,
):  # fmt: skip
    """3x3 convolution of stride 1 of output rows row_begin..row_end of one image.

    Args:
        isa: what `isa.tag` gives, not None. image: its number. in_c: C of float32[B, H, W, C].
        filter: Transformed, with a bias of zeros. row_sum: int32, filter_scale, bias: float32 [panels * COLUMNS].
        order: SCALES_FIRST, FILTER_FIRST or FUSED. columns: of the strip, 4 * tiles + 2. lo, hi: floats.
        kind: a constant of `hybrid_quantize`. bounds: float32[parts, 2], what `find_range` has found.
        scales, zero_points: scratch float32[4 * TILES], int32[4 * TILES].
        strip: int8, the quantized image with its padding, and whatever is in 3 further rows and a register.
        block: Block.
        out: float32[B, OH, OW, N], written.
    """
    _, out_h, out_w, out_c = out.shape
    flat_out = out.reshape(-1)
    scale, _, zero_point = scaling_of(kind, bounds)
    scales[:] = scale
    zero_points[:] = zero_point
    across = columns // OUTPUTS
    rows = row_end - row_begin
    lines = (rows + OUTPUTS - 1) // OUTPUTS
    for first in range(0, lines * across, TILES):
        last = min(first + TILES, lines * across)
        take_taps(isa, strip, row_begin * columns * in_c, columns, in_c, first, last, block)
        for p in range(filter.panels):
            channel = p * COLUMNS
            count = min(COLUMNS, out_c - channel)
            multiply_taps(isa, filter, p, count, last - first, block)
            tile = first
            while tile < last:
                line, place, run = run_of(tile, last, across)
                pitch = run * OUTPUTS * COLUMNS
                transform_sums(
                    isa, block.sums, (tile - first) * COLUMNS, count, run, filter.bias, channel, block.acc, pitch
                )
                y, x = row_begin + line * OUTPUTS, place * OUTPUTS
                for i in range(min(OUTPUTS, row_end - y)):
                    scale_rows(
                        order, block.acc[i * pitch :], min(run * OUTPUTS, out_w - x), zero_points, scales, row_sum,
                        filter_scale, bias, channel, lo, hi, flat_out,
                        ((image * out_h + y + i) * out_w + x) * out_c + channel, out_c, count,
                    )  # fmt: skip
                tile += run
