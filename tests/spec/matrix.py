"""Sums of products of the matrix operators, tap by tap, in unbounded integers or float32 steps.

Transcribed from the formulas; geometry, order of summation and rounding are spelled out and nothing is shared with
the engine.
"""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray


def same_padding(size: int, window: int, stride: int, dilation: int) -> tuple[int, int]:
    """(output size, padding before the first element) of SAME."""
    out = -(-size // stride)
    return out, max((out - 1) * stride + (window - 1) * dilation + 1 - size, 0) // 2


def valid_padding(size: int, window: int, stride: int, dilation: int) -> tuple[int, int]:
    """(output size, 0) of VALID."""
    return (size + stride - ((window - 1) * dilation + 1)) // stride, 0


def taps(size: int, out: int, window: int, stride: int, dilation: int, pad: int) -> Iterator[tuple[int, int, int]]:
    """(output index, tap, input index) along one axis, for taps inside the image, in the order of summation."""
    for o in range(out):
        for k in range(window):
            at = o * stride - pad + k * dilation
            if 0 <= at < size:
                yield o, k, at


def geometry(
    shape: tuple[int, ...], kh: int, kw: int, *, same: bool, stride: tuple[int, int], dilation: tuple[int, int]
) -> tuple[list[tuple[int, int, int]], list[tuple[int, int, int]], int, int]:
    """Taps along the rows, taps along the columns, output height, output width."""
    find = same_padding if same else valid_padding
    out_h, pad_h = find(shape[1], kh, stride[0], dilation[0])
    out_w, pad_w = find(shape[2], kw, stride[1], dilation[1])
    rows = list(taps(shape[1], out_h, kh, stride[0], dilation[0], pad_h))
    columns = list(taps(shape[2], out_w, kw, stride[1], dilation[1], pad_w))
    return rows, columns, out_h, out_w


def add_products(total: NDArray, x: NDArray, w: NDArray) -> NDArray:
    """total [M, N] + x [M, K] @ w [N, K].T, one product after the other; for integers the order is all the same."""
    if x.dtype.kind == "i":
        return total + x @ w.T
    for k in range(x.shape[1]):
        total = total + x[:, k, None] * w[None, :, k]
    return total


def conv(
    x: NDArray, w: NDArray, *, same: bool, stride: tuple[int, int] = (1, 1), dilation: tuple[int, int] = (1, 1)
) -> NDArray:
    """CONV_2D without bias: x [B, H, W, C], w [N, kh, kw, C / groups] -> [B, OH, OW, N] in the type of x.

    int64 is exact for all quantized types; float32 is summed in the order row, column, channel.
    """
    n, kh, kw, depth = w.shape
    groups = x.shape[3] // depth
    rows, columns, out_h, out_w = geometry(x.shape, kh, kw, same=same, stride=stride, dilation=dilation)
    out = np.zeros((x.shape[0], out_h, out_w, n), x.dtype)
    for oy, ky, y in rows:
        for ox, kx, column in columns:
            for g in range(groups):
                here = slice(g * (n // groups), (g + 1) * (n // groups))
                out[:, oy, ox, here] = add_products(
                    out[:, oy, ox, here], x[:, y, column, g * depth : (g + 1) * depth], w[here, ky, kx]
                )
    return out


def depthwise_conv(
    x: NDArray, w: NDArray, *, same: bool, stride: tuple[int, int] = (1, 1), dilation: tuple[int, int] = (1, 1)
) -> NDArray:
    """DEPTHWISE_CONV_2D without bias: x [B, H, W, C], w [1, kh, kw, C * D] -> [B, OH, OW, C * D]."""
    _, kh, kw, n = w.shape
    multiplier = n // x.shape[3]
    rows, columns, out_h, out_w = geometry(x.shape, kh, kw, same=same, stride=stride, dilation=dilation)
    out = np.zeros((x.shape[0], out_h, out_w, n), x.dtype)
    for oy, ky, y in rows:
        for ox, kx, column in columns:
            out[:, oy, ox] += np.repeat(x[:, y, column], multiplier, axis=-1) * w[0, ky, kx]
    return out


def fully_connected(x: NDArray, w: NDArray) -> NDArray:
    """FULLY_CONNECTED without bias: x [M, K], w [N, K] -> [M, N], summed in the order of K."""
    return add_products(np.zeros((x.shape[0], w.shape[0]), x.dtype), x, w)


def transpose_conv_taps(
    x_shape: tuple[int, ...], w_shape: tuple[int, ...], out_shape: tuple[int, ...], stride: tuple[int, int], same: bool
) -> Iterator[tuple[int, int, int, int, int, int]]:
    """(input row, input column, filter row, filter column, output row, output column) in the order of summation."""
    pads = []
    for out, window, step in zip(out_shape[1:3], w_shape[1:3], stride, strict=True):
        # The padding of the convolution that goes the other way, whatever size its output really has.
        there = -(-out // step) if same else (out + step - window) // step
        pads.append(max((there - 1) * step + window - out, 0) // 2)
    for y in range(x_shape[1]):
        for column in range(x_shape[2]):
            for ky in range(w_shape[1]):
                for kx in range(w_shape[2]):
                    oy, ox = y * stride[0] - pads[0] + ky, column * stride[1] - pads[1] + kx
                    if 0 <= oy < out_shape[1] and 0 <= ox < out_shape[2]:
                        yield y, column, ky, kx, oy, ox


def transpose_conv(
    x: NDArray, w: NDArray, out_shape: tuple[int, ...], *, same: bool, stride: tuple[int, int] = (1, 1)
) -> NDArray:
    """TRANSPOSE_CONV without bias: x [B, H, W, C], w [N, kh, kw, C] -> out_shape."""
    out = np.zeros(out_shape, x.dtype)
    for y, column, ky, kx, oy, ox in transpose_conv_taps(x.shape, w.shape, out_shape, stride, same):
        out[:, oy, ox] = add_products(out[:, oy, ox], x[:, y, column], w[:, ky, kx])
    return out
