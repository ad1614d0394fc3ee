"""The taps of one output pixel as a row, for convolutions that are matrix products."""

from intengine_kernels.jit import inline


@inline
def gather(
    flat, at, height, width, channels, out_y, out_x, kh, kw, stride_h, stride_w, dil_h, dil_w, pad_h, pad_w,
    c0, depth, flip, fill, patch,
):  # fmt: skip
    """patch = channels c0..c0 + depth of the taps in the order of the filter, plus `flip`; then zeros.

    Args:
        flat: images of height * width * channels elements, one after the other; this one starts at `at`.
        flip: added to each element (128 turns int8 into uint8). fill: stands for taps outside the image.
        patch: [>= kh * kw * depth], written.
    """
    store = patch.dtype.type
    top = out_y * stride_h - pad_h
    left = out_x * stride_w - pad_w
    # Neighbouring taps lie next to each other unless the filter is dilated or grouped: one copy for each row.
    together = dil_w == 1 and depth == channels
    k = 0
    for ky in range(kh):
        y = top + ky * dil_h
        inside = 0 <= y < height
        row = at + y * width * channels
        if together:
            first = min(max(-left, 0), kw) if inside else kw
            last = max(min(width - left, kw), first)
            source = flat[row + (left + first) * depth : row + (left + last) * depth]
            target = patch[k : k + kw * depth]
            for i in range(first * depth):
                target[i] = fill
            middle = target[first * depth : last * depth]
            for i in range(middle.shape[0]):
                middle[i] = store(store(source[i]) + flip)
            for i in range(last * depth, kw * depth):
                target[i] = fill
            k += kw * depth
            continue
        for kx in range(kw):
            column = left + kx * dil_w
            target = patch[k : k + depth]
            if inside and 0 <= column < width:
                start = row + column * channels + c0
                source = flat[start : start + depth]
                for c in range(depth):
                    target[c] = store(store(source[c]) + flip)
            else:
                for c in range(depth):
                    target[c] = fill
            k += depth
    for rest in range(k, patch.shape[0]):
        patch[rest] = store(0)
