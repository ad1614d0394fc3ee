"""The taps of one output pixel as a row, for convolutions that are matrix products."""

from intengine_kernels.jit import inline


@inline
def gather_patch(x, b, out_y, out_x, kh, kw, stride_h, stride_w, dil_h, dil_w, pad_h, pad_w, c0, depth, fill, patch):
    """patch[:kh * kw * depth] = channels c0..c0 + depth of the taps in the order of the filter; outside: `fill`."""
    _, height, width, _ = x.shape
    k = 0
    for ky in range(kh):
        y = out_y * stride_h - pad_h + ky * dil_h
        for kx in range(kw):
            column = out_x * stride_w - pad_w + kx * dil_w
            target = patch[k : k + depth]
            if 0 <= y < height and 0 <= column < width:
                source = x[b, y, column, c0 : c0 + depth]
                for c in range(depth):
                    target[c] = source[c]
            else:
                for c in range(depth):
                    target[c] = fill
            k += depth
