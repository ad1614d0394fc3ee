"""Which elements meet in convolutions: plain and grouped, depthwise, transposed."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from intengine.inside._form import At
from intengine.ops._window import Window
from intengine.shapes import Shape


@dataclass(frozen=True)
class Sliding:
    """A window over [B, H, W, C] in steps."""

    window: Window
    source: Shape

    def places(self, out_y: int, out_x: int) -> Iterator[tuple[int, int, int, int]]:
        """(filter row, filter column, input row, input column) inside the image."""
        window = self.window
        for ky in range(window.kh):
            for kx in range(window.kw):
                y = out_y * window.stride_h - window.pad_h + ky * window.dilation_h
                x = out_x * window.stride_w - window.pad_w + kx * window.dilation_w
                if 0 <= y < self.source[1] and 0 <= x < self.source[2]:
                    yield ky, kx, y, x

    def slices(self, x: NDArray[Any]) -> Iterator[tuple[int, int, NDArray[Any]]]:
        """(filter row, filter column, the elements [B, OH, OW, C] that meet it, 0 outside the image)."""
        w = self.window
        below = max((w.out_h - 1) * w.stride_h + (w.kh - 1) * w.dilation_h + 1 - w.pad_h - self.source[1], 0)
        right = max((w.out_w - 1) * w.stride_w + (w.kw - 1) * w.dilation_w + 1 - w.pad_w - self.source[2], 0)
        padded = np.pad(x, ((0, 0), (w.pad_h, below), (w.pad_w, right), (0, 0)))
        for ky in range(w.kh):
            for kx in range(w.kw):
                y, column = ky * w.dilation_h, kx * w.dilation_w
                rows = slice(y, y + (w.out_h - 1) * w.stride_h + 1, w.stride_h)
                columns = slice(column, column + (w.out_w - 1) * w.stride_w + 1, w.stride_w)
                yield ky, kx, padded[:, rows, columns][:, : w.out_h, : w.out_w]


@dataclass(frozen=True)
class Convolution(Sliding):
    """Weights [N, kh, kw, C / groups]."""

    weights: Shape

    def pairs(self, at: At) -> Iterator[tuple[At, At]]:
        b, out_y, out_x, n = at
        channels, _, _, depth = self.weights
        first = n // (channels // (self.source[3] // depth)) * depth
        for ky, kx, y, x in self.places(out_y, out_x):
            for c in range(depth):
                yield (b, y, x, first + c), (n, ky, kx, c)

    def total(self, x: NDArray[Any], w: NDArray[Any]) -> NDArray[Any]:
        channels, _, _, depth = self.weights
        groups = self.source[3] // depth
        share = channels // groups
        out = np.zeros((self.source[0], self.window.out_h, self.window.out_w, channels), x.dtype)
        for ky, kx, piece in self.slices(x):
            for g in range(groups):
                mine = slice(g * share, (g + 1) * share)
                out[..., mine] += piece[..., g * depth : (g + 1) * depth] @ w[mine, ky, kx].T
        return out


@dataclass(frozen=True)
class Depthwise(Sliding):
    """Weights [1, kh, kw, C * multiplier]."""

    weights: Shape

    def pairs(self, at: At) -> Iterator[tuple[At, At]]:
        b, out_y, out_x, n = at
        multiplier = self.weights[3] // self.source[3]
        for ky, kx, y, x in self.places(out_y, out_x):
            yield (b, y, x, n // multiplier), (0, ky, kx, n)

    def total(self, x: NDArray[Any], w: NDArray[Any]) -> NDArray[Any]:
        multiplier = self.weights[3] // self.source[3]
        out = np.zeros((self.source[0], self.window.out_h, self.window.out_w, self.weights[3]), x.dtype)
        for ky, kx, piece in self.slices(x):
            out += np.repeat(piece, multiplier, axis=3) * w[0, ky, kx]
        return out


@dataclass(frozen=True)
class Transposed:
    """Weights [N, kh, kw, C]; `pads` are rows and columns cut off before the first output."""

    strides: tuple[int, int]
    pads: tuple[int, int]
    source: Shape
    weights: Shape
    out: Shape

    def pairs(self, at: At) -> Iterator[tuple[At, At]]:
        b, out_y, out_x, n = at
        _, kh, kw, depth = self.weights
        for ky in range(kh):
            y, odd = divmod(out_y + self.pads[0] - ky, self.strides[0])
            if odd or not 0 <= y < self.source[1]:
                continue
            for kx in range(kw):
                x, odd = divmod(out_x + self.pads[1] - kx, self.strides[1])
                if not odd and 0 <= x < self.source[2]:
                    for c in range(depth):
                        yield (b, y, x, c), (n, ky, kx, c)

    def total(self, x: NDArray[Any], w: NDArray[Any]) -> NDArray[Any]:
        batch, height, width, _ = self.source
        channels, kh, kw, _ = self.weights
        (sh, sw), (top, left) = self.strides, self.pads
        _, out_h, out_w, _ = self.out
        rows = max((height - 1) * sh + kh, out_h + top)
        columns = max((width - 1) * sw + kw, out_w + left)
        full = np.zeros((batch, rows, columns, channels), x.dtype)
        for ky in range(kh):
            for kx in range(kw):
                product = x @ w[:, ky, kx].T
                full[:, ky : ky + (height - 1) * sh + 1 : sh, kx : kx + (width - 1) * sw + 1 : sw] += product
        return full[:, top : top + out_h, left : left + out_w]


@dataclass(frozen=True)
class Volume:
    """A window over [B, D, H, W, C], weights [kd, kh, kw, C, N]."""

    strides: tuple[int, ...]
    dilations: tuple[int, ...]
    pads: tuple[int, ...]
    source: Shape
    weights: Shape

    def pairs(self, at: At) -> Iterator[tuple[At, At]]:
        for place in np.ndindex(*self.weights[:3]):
            here = tuple(at[1 + i] * self.strides[i] - self.pads[i] + place[i] * self.dilations[i] for i in range(3))
            if all(0 <= y < size for y, size in zip(here, self.source[1:4], strict=True)):
                for c in range(self.weights[3]):
                    yield (at[0], *here, c), (*place, c, at[4])

    def total(self, x: NDArray[Any], w: NDArray[Any]) -> NDArray[Any]:
        raise NotImplementedError("three-dimensional convolutions are of real numbers only")


@dataclass(frozen=True)
class Matrix:
    """[..., M, K] x [..., K, N] with either operand transposed, batches broadcast."""

    a: Shape
    b: Shape
    transpose_a: bool
    transpose_b: bool

    def pairs(self, at: At) -> Iterator[tuple[At, At]]:
        *batches, m, n = at
        for k in range(self.a[-2] if self.transpose_a else self.a[-1]):
            yield (
                (*_batch(self.a, batches), *((k, m) if self.transpose_a else (m, k))),
                (*_batch(self.b, batches), *((n, k) if self.transpose_b else (k, n))),
            )

    def total(self, x: NDArray[Any], w: NDArray[Any]) -> NDArray[Any]:
        left = x.swapaxes(-1, -2) if self.transpose_a else x
        return left @ (w.swapaxes(-1, -2) if self.transpose_b else w)


def _batch(shape: Shape, batches: list[int]) -> At:
    """The place in a broadcast operand's own batch axes."""
    own = shape[:-2]
    last = batches[len(batches) - len(own) :]
    return tuple(0 if size == 1 else i for size, i in zip(own, last, strict=True))


@dataclass(frozen=True)
class Dense:
    """Rows of K out of any input, weights [N, K]; the output has any shape [..., N]."""

    source: Shape
    weights: Shape
    out: Shape

    def pairs(self, at: At) -> Iterator[tuple[At, At]]:
        channels, depth = self.weights
        row = int(np.ravel_multi_index(at, self.out)) // channels
        for k in range(depth):
            here = np.unravel_index(row * depth + k, self.source)
            yield tuple(int(i) for i in here), (at[-1], k)

    def total(self, x: NDArray[Any], w: NDArray[Any]) -> NDArray[Any]:
        return (x.reshape(-1, self.weights[1]) @ w.T).reshape(self.out)
