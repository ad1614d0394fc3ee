"""Rows of an image, padded and in the element type of the micro-kernels, so that patches are read where they lie."""

from intengine_kernels.jit import inline


@inline
def fill_strip(x, at, height, width, channels, top, left, rows, columns, flip, fill, strip):
    """strip[s, c] = image[top + s, left + c] with its top bit flipped if `flip`; `fill` outside the image.

    Args:
        x: int8, uint8 or int16, flat; the image of height * width * channels elements starts at `at`.
        top, left: ints, may be negative. flip: what `isa.flip` gives, of the strip's type.
        strip: flat, uint8 or int16, [rows * columns * channels] written.
    """
    store = strip.dtype.type
    first = min(max(-left, 0), columns) * channels
    last = max(min(width - left, columns) * channels, first)
    size = columns * channels
    for s in range(rows):
        target = strip[s * size : (s + 1) * size]
        y = top + s
        if y < 0 or y >= height:
            target[:] = fill
            continue
        start = at + (y * width + left) * channels
        target[:first] = fill
        source, middle = x[start + first : start + last], target[first:last]
        for i in range(middle.shape[0]):
            middle[i] = store(source[i]) ^ flip
        target[last:] = fill
