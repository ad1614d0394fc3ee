"""float32 convolutions over depth, height and width, and their transposes; every sum in the order of the loops."""

import numpy as np

from intengine_kernels.jit import inline, kernel


@inline
def _add_products(sums, x, factors):
    """sums[n] += x[c] * factors[c, n], channel by channel."""
    for c in range(x.shape[0]):
        value, row = x[c], factors[c]
        for n in range(sums.shape[0]):
            sums[n] = np.float32(sums[n] + np.float32(value * row[n]))


@inline
def _finish(sums, bias, lo, hi):
    """sums[n] = clamp(sums[n] + bias[n])."""
    for n in range(sums.shape[0]):
        value = np.float32(sums[n] + bias[n])
        value = lo if value < lo else value
        sums[n] = hi if hi < value else value


@kernel
def conv_3d_float(x, w, bias, strides, dilations, pads, lo, hi, out):
    """Convolution; taps outside are left out of the sum.

    Args:
        x: float32[B, D, H, W, C]. w: float32[kd, kh, kw, C, N]. bias: float32[N].
        strides, dilations, pads: int64[3], along depth, height and width.
        lo, hi: floats.
        out: float32[B, OD, OH, OW, N], written.

    Source: tflite/kernels/internal/reference/conv3d.h
    """
    batches, out_d, out_h, out_w, _ = out.shape
    _, depth, height, width, _ = x.shape
    lo, hi = np.float32(lo), np.float32(hi)
    for pixel in range(batches * out_d * out_h * out_w):
        column = pixel % out_w
        row = pixel // out_w % out_h
        plane = pixel // (out_w * out_h) % out_d
        b = pixel // (out_w * out_h * out_d)
        sums = out[b, plane, row, column]
        sums[:] = np.float32(0)
        for kz in range(w.shape[0]):
            z = plane * strides[0] - pads[0] + kz * dilations[0]
            if z < 0 or z >= depth:
                continue
            for ky in range(w.shape[1]):
                y = row * strides[1] - pads[1] + ky * dilations[1]
                if y < 0 or y >= height:
                    continue
                for kx in range(w.shape[2]):
                    at = column * strides[2] - pads[2] + kx * dilations[2]
                    if 0 <= at < width:
                        _add_products(sums, x[b, z, y, at], w[kz, ky, kx])
        _finish(sums, bias, lo, hi)


@kernel
def conv_3d_transpose_float(x, w, bias, strides, dilations, pads, lo, hi, out):
    """Transposed convolution: every input pixel, channel by channel, is added to the output pixels under its taps.

    Args as in `conv_3d_float`, the padding that of the convolution from `out` to `x`.

    Source: tflite/kernels/internal/reference/conv3d_transpose.h
    """
    batches, out_d, out_h, out_w, _ = out.shape
    _, in_d, in_h, in_w, _ = x.shape
    lo, hi = np.float32(lo), np.float32(hi)
    out[:] = np.float32(0)
    for pixel in range(batches * in_d * in_h * in_w):
        column = pixel % in_w
        row = pixel // in_w % in_h
        plane = pixel // (in_w * in_h) % in_d
        b = pixel // (in_w * in_h * in_d)
        source = x[b, plane, row, column]
        # One output pixel has at most one tap of this input pixel, so channels may come inside the taps.
        for kz in range(w.shape[0]):
            z = plane * strides[0] - pads[0] + kz * dilations[0]
            if z < 0 or z >= out_d:
                continue
            for ky in range(w.shape[1]):
                y = row * strides[1] - pads[1] + ky * dilations[1]
                if y < 0 or y >= out_h:
                    continue
                for kx in range(w.shape[2]):
                    at = column * strides[2] - pads[2] + kx * dilations[2]
                    if 0 <= at < out_w:
                        _add_products(out[b, z, y, at], source, w[kz, ky, kx])
    flat = out.reshape(-1, out.shape[4])
    for pixel in range(flat.shape[0]):
        _finish(flat[pixel], bias, lo, hi)
