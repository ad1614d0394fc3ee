"""Images of float32 quantized on the fly, each by itself, in two steps that threads can share.

The range of all elements, found in parts; the quantized image, padded, as windows read it. Whoever needs the scale and
zero point finds them from the parts' ranges, the same each time.
"""

import numpy as np

from intengine_kernels.hybrid_quantize import SIMD, parameters, range_of, round_all
from intengine_kernels.jit import inline, kernel
from intengine_kernels.strip import fill_strip


@kernel
def find_range(x, image, part_begin, part_end, lanes, bounds):
    """The ranges, with 0 in them, of parts part_begin..part_end of an image.

    Args:
        x: float32[B, n]. image: its number.
        lanes: scratch float32[2, LANES].
        bounds: float32[parts, 2], of which these parts' (least, most) are written; each is of ceil(n / parts)
            elements, as long as there are some.
    """
    flat = x[image]
    size = flat.shape[0]
    some = -(-size // bounds.shape[0])
    for part in range(part_begin, part_end):
        begin, end = min(part * some, size), min((part + 1) * some, size)
        bounds[part] = range_of(flat[begin:end], lanes)


@inline
def scaling_of(kind, bounds):
    """(scale, factor, zero point) as `hybrid_quantize.parameters` gives them, for the whole image.

    Args:
        kind: a constant of `hybrid_quantize`. bounds: float32[parts, 2].
    """
    least, most = np.float32(0.0), np.float32(0.0)
    for part in range(bounds.shape[0]):
        least, most = min(bounds[part, 0], least), max(bounds[part, 1], most)
    return parameters(kind, least, most)


@kernel
def quantize_image(
    kind, x, image, height, width, channels, top, left, columns, flip, bounds, row_begin, row_end, q, strip,
):  # fmt: skip
    """Rows row_begin..row_end of a quantized image in a strip, the zero point outside the image.

    Args:
        x: float32[B, H * W * C]. image: its number. height, width, channels: H, W, C.
        top, left: row and column of the image where the strip begins, may be negative. columns: of the strip.
        flip: what `isa.flip` gives. bounds: float32[parts, 2], what `find_range` has found.
        q: scratch int8[W * C].
        strip: int8, uint8 or int16, flat; row s of `columns` * C elements starts at s * columns * C.
    """
    store = strip.dtype.type
    flip = store(flip)
    _, factor, zero_point = scaling_of(kind, bounds)
    fill = store(store(zero_point) ^ flip)
    flat, line = x[image], width * channels
    whole = flat.shape[0] - flat.shape[0] % SIMD
    size = columns * channels
    for s in range(row_begin, row_end):
        y = top + s
        is_inside = 0 <= y < height
        if is_inside:
            vectors = min(max(whole - y * line, 0), line)
            round_all(kind, flat[y * line : (y + 1) * line], vectors, factor, zero_point, q)
        # Of an image of this row alone; outside it is the row above that.
        place = strip[s * size : (s + 1) * size]
        fill_strip(q, 0, 1, width, channels, 0 if is_inside else -1, left, 1, columns, flip, fill, place)
