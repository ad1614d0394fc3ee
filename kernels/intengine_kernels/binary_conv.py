"""Convolutions of bits: 32 numbers of +1 (bit 0) and -1 (bit 1) in a word, multiplied by xor and counted."""

import numpy as np

from intengine_kernels.jit import inline, kernel


@inline
def count_bits(word):
    """How many bits of an int32 are set."""
    x = np.uint32(word)
    x = np.uint32(x - np.uint32(np.uint32(x >> np.uint32(1)) & np.uint32(0x55555555)))
    x = np.uint32(
        np.uint32(x & np.uint32(0x33333333)) + np.uint32(np.uint32(x >> np.uint32(2)) & np.uint32(0x33333333))
    )
    x = np.uint32(np.uint32(x + np.uint32(x >> np.uint32(4))) & np.uint32(0x0F0F0F0F))
    return np.int64(np.uint32(x * np.uint32(0x01010101)) >> np.uint32(24))


@kernel
def binary_conv(x, w, depth, pad_ones, stride_h, stride_w, dil_h, dil_w, pad_h, pad_w, out):
    """out = the sum of products of +1 and -1 over each window.

    Args:
        x: int32[B, H, W, G * words]. w: int32[N, kh, kw, words], N / G outputs for each of G groups.
        depth: numbers in `words` words; the bits behind them are 0 on both sides.
        pad_ones: whether taps outside the image are +1; else they count nothing.
        out: int32[B, OH, OW, N], written.

    Source: larq_compute_engine/core/bconv2d/reference.h
    """
    batches, height, width, _ = x.shape
    channels, kh, kw, words = w.shape
    groups = x.shape[3] // words
    share = channels // groups
    for b in range(batches):
        for out_y in range(out.shape[1]):
            for out_x in range(out.shape[2]):
                for n in range(channels):
                    first = (n // share) * words
                    differ, taps = np.int64(0), np.int64(0)
                    for ky in range(kh):
                        y = out_y * stride_h - pad_h + ky * dil_h
                        for kx in range(kw):
                            column = out_x * stride_w - pad_w + kx * dil_w
                            if 0 <= y < height and 0 <= column < width:
                                taps += 1
                                for k in range(words):
                                    differ += count_bits(np.int32(x[b, y, column, first + k] ^ w[n, ky, kx, k]))
                            elif pad_ones:
                                taps += 1
                                for k in range(words):
                                    differ += count_bits(w[n, ky, kx, k])
                    out[b, out_y, out_x, n] = np.int32(taps * depth - 2 * differ)
