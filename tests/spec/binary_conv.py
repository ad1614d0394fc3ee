"""Sums of products of +1 and -1, one bit at a time."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray


def sign(words: Sequence[int], channel: int) -> int:
    """+1 for bit 0 and -1 for bit 1 of channel c, which is bit c % 32 of word c // 32."""
    return 1 - 2 * ((int(words[channel // 32]) >> (channel % 32)) & 1)


def binary_conv(
    x: NDArray[np.int32], w: NDArray[np.int32], depth: int, pad_ones: bool, geometry: tuple[int, ...], out: NDArray
) -> None:
    """out[b, y, x, n] = sum over taps and channels of the group of n; geometry: strides, dilations, padding."""
    stride_h, stride_w, dil_h, dil_w, pad_h, pad_w = geometry
    _, height, width, _ = x.shape
    channels, kh, kw, words = w.shape
    share = channels // (x.shape[3] // words)
    for b, out_y, out_x, n in np.ndindex(out.shape):
        first = n // share * words
        total = 0
        for ky, kx in np.ndindex(kh, kw):
            row, column = out_y * stride_h - pad_h + ky * dil_h, out_x * stride_w - pad_w + kx * dil_w
            inside = 0 <= row < height and 0 <= column < width
            for c in range(depth):
                tap = sign(x[b, row, column, first : first + words], c) if inside else int(pad_ones)
                total += tap * sign(w[n, ky, kx], c)
        out[b, out_y, out_x, n] = total
