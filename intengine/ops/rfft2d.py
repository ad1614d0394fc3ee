"""RFFT2D: the Fourier transform of real planes, half of which suffices."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from intengine.model import TensorType
from intengine.ops._context import NodeContext
from intengine.ops._fft import Floats, Pair, real_transform, transform
from intengine.ops._registry import Operator, register
from intengine.shapes import Shape
from intengine.step import Call


def _lengths(ctx: NodeContext) -> tuple[int, int]:
    """(height, width) of the transform, each a power of two."""
    ctx.require(ctx.input(0).rank >= 2, "needs an input of rank 2 or more", ctx.input(0).rank)
    lengths = ctx.input(1).ints()
    is_power = all(n > 0 and n & (n - 1) == 0 for n in lengths)
    ctx.require(len(lengths) == 2 and is_power, "needs two lengths that are powers of two", list(lengths))
    return lengths[0], lengths[1]


def infer(ctx: NodeContext) -> Sequence[Shape]:
    height, width = _lengths(ctx)
    return [(*ctx.input(0).shape[:-2], height, width // 2 + 1)]


def _first_column(re: Floats, im: Floats) -> tuple[Pair, Pair]:
    """The transforms of two real columns [planes, height], computed as the parts of one complex column.

    Args:
        re, im: of the complex transform.
    """
    height = re.shape[1]
    half = height // 2
    low, high = slice(1, half), slice(height - 1, half, -1)
    first, second = Pair(re.copy(), np.zeros_like(re)), Pair(im.copy(), np.zeros_like(im))
    change = 0.5 * (re[:, low] - re[:, high])
    first.re[:, low] = first.re[:, high] = re[:, low] - change
    second.im[:, high] = change
    second.im[:, low] = -change
    change = 0.5 * (im[:, low] + im[:, high])
    first.im[:, low] = im[:, low] - change
    first.im[:, high] = -first.im[:, low]
    second.re[:, low] = second.re[:, high] = change
    return first, second


def _rfft2d(source: NDArray[np.float32], out: NDArray[Any]) -> None:
    """Rows first, then columns; the first and last column, both real after the rows, go as one complex column.

    Args:
        source: float32[planes, height, width], cut or filled up with zeros. out: complex64[planes, height, width/2+1].
    """
    planes, height, columns = out.shape
    width = 2 * (columns - 1) or 1
    x = np.zeros((planes, height, width))
    rows, cells = min(height, source.shape[1]), min(width, source.shape[2])
    with np.errstate(over="ignore", invalid="ignore"):
        x[:, :rows, :cells] = source[:, :rows, :cells]
        if width == 1:
            y = transform(Pair(x[:, :, 0], np.zeros((planes, height))))
            out.real[:, :, 0], out.imag[:, :, 0] = y.re, -y.im
            return
        flat, last = real_transform(x.reshape(planes * height, width))
        half = width // 2
        y = Pair(flat.re.reshape(planes, height, half), flat.im.reshape(planes, height, half))
        y.im[:, :, 0] = last.reshape(planes, height)
        if height > 1:
            columns_first = (part.transpose(0, 2, 1).reshape(planes * half, height) for part in (y.re, y.im))
            turned = transform(Pair(*columns_first))
            y = Pair(*(p.reshape(planes, half, height).transpose(0, 2, 1) for p in (turned.re, turned.im)))
        first, second = _first_column(y.re[:, :, 0], y.im[:, :, 0])
        out.real[:, :, 0], out.imag[:, :, 0] = first.re, -first.im
        out.real[:, :, half], out.imag[:, :, half] = second.re, -second.im
        out.real[:, :, 1:half], out.imag[:, :, 1:half] = y.re[:, :, 1:], -y.im[:, :, 1:]


def prepare(ctx: NodeContext) -> Sequence[Call]:
    """Computed in float64 and rounded once. LiteRT mixes up columns of width 1; here they are transformed.

    Source: tflite/kernels/rfft2d.cc
    """
    source, lengths, out = ctx.input(0), ctx.input(1), ctx.output()
    types = (source.type, lengths.type, out.type)
    if types != (TensorType.FLOAT32, TensorType.INT32, TensorType.COMPLEX64):
        ctx.unsupported()
    planes = math.prod(source.shape[:-2])
    if planes == 0:
        return []
    return [Call(_rfft2d, (source.ref((planes, *source.shape[-2:])), out.ref((planes, *out.shape[-2:]))))]


register(Operator("RFFT2D", infer, prepare, inputs=(2, 2), signatures=("float32 x int32 -> complex64",)))
