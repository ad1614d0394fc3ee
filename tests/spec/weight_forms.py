"""Matrix products with rarer forms of weights, one output at a time, in ints and float32 steps."""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from tests.spec.fixedpoint import wrap32
from tests.spec.hybrid import F32, quantize_asymmetric, sse_product


def wrap16(x: int) -> int:
    return (x + 2**15) % 2**16 - 2**15


def block_sum(x: Sequence[int], zero_point: int, w: Sequence[int]) -> int:
    """sum (x - zero point) * w, products 8 apart in a block of 16 added in 16 bits."""
    total = -zero_point * sum(w)
    for k in range(len(x)):
        if k % 16 < 8:
            total += wrap16(x[k] * w[k] + x[k + 8] * w[k + 8])
    return wrap32(total)


def lane_sum(row: Sequence[int]) -> int:
    """Sum of a row, in 8 lanes of 16 bits up to the last whole 8 elements."""
    whole, most = len(row) - len(row) % 16, len(row) - len(row) % 8
    lanes = [0] * 8
    for k, value in enumerate(row[:most]):
        lanes[k % 16 // 2 if k < whole else k - whole] += value
    return sum(map(wrap16, lanes)) + sum(row[most:])


@np.errstate(all="ignore")
def blockwise(x: NDArray, w: NDArray, block: int, scales: NDArray, bias: NDArray) -> NDArray[np.float32]:
    """Rows quantized with a zero point; each block's sum scaled by itself."""
    out = np.empty((x.shape[0], w.shape[0]), np.float32)
    for m, row in enumerate(x):
        q, scale, zero_point = quantize_asymmetric(row)
        for n, factors in enumerate(w.tolist()):
            total, sums = F32(0), F32(0)
            for b, block_scale in enumerate(scales[n]):
                here = slice(b * block, (b + 1) * block)
                dot = sum(a * c for a, c in zip(q[here], factors[here], strict=True))
                total = F32(total + F32(F32(dot) * block_scale))
                sums = F32(sums + F32(block_scale * F32(sum(factors[here]))))
            total = F32(total - F32(F32(zero_point) * sums))
            out[m, n] = F32(F32(total * scale) + bias[n])
    return out


@np.errstate(all="ignore")
def sparse(x: NDArray, w: NDArray, scales: NDArray, bias: NDArray, *, per_channel: bool) -> NDArray[np.float32]:
    """Rows quantized with a zero point, whose part is taken off the bias first."""
    out = np.empty((x.shape[0], w.shape[0]), np.float32)
    for m, row in enumerate(x):
        q, scale, zero_point = quantize_asymmetric(row)
        for n, factors in enumerate(w):
            both = F32(scale * scales[n])
            offset = F32(F32(scale * F32(zero_point)) * scales[n]) if per_channel else F32(both * F32(zero_point))
            value = F32(bias[n] - F32(offset * F32(int(factors.sum()))))
            dot = sse_product(np.array(q), factors)
            out[m, n] = F32(value + F32(F32(dot) * both))
    return out


def truncated_difference(total: int, row_sum: int, zero_point: int) -> int:
    """total - row_sum * zero_point, in float32 and back."""
    return int(F32(F32(total) - F32(F32(row_sum) * F32(zero_point))))


def conv_3d(
    x: NDArray, w: NDArray, strides: Sequence[int], dilations: Sequence[int], pads: Sequence[int], out: NDArray
) -> None:
    """out += the convolution, one tap and channel after the other."""

    def add(here: tuple[int, ...], there: tuple[int, ...], tap: tuple[int, ...]) -> None:
        for c in range(x.shape[-1]):
            out[here] = out[here] + x[there][c] * w[tap][c]

    _walk(out.shape[:-1], x.shape[1:4], w.shape[:3], strides, dilations, pads, add)


def conv_3d_transpose(
    x: NDArray, w: NDArray, strides: Sequence[int], dilations: Sequence[int], pads: Sequence[int], out: NDArray
) -> None:
    """out += the transposed convolution, input pixel after input pixel, tap after tap, channel after channel."""

    def add(here: tuple[int, ...], there: tuple[int, ...], tap: tuple[int, ...]) -> None:
        for c in range(x.shape[-1]):
            out[there] = out[there] + x[here][c] * w[tap][c]

    _walk(x.shape[:-1], out.shape[1:4], w.shape[:3], strides, dilations, pads, add)


def _walk(
    pixels: Sequence[int], limits: Sequence[int], window: Sequence[int],
    strides: Sequence[int], dilations: Sequence[int], pads: Sequence[int], add: Callable[..., None],
) -> None:  # fmt: skip
    for here in np.ndindex(*pixels):
        for tap in np.ndindex(*window):
            there = [here[1 + i] * strides[i] - pads[i] + tap[i] * dilations[i] for i in range(3)]
            if all(0 <= at < limit for at, limit in zip(there, limits, strict=True)):
                add(here, (here[0], *there), tap)
