"""RFFT2D, COMPLEX_ABS, REAL and IMAG."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from intengine.model import TensorType
from intengine.ops._context import NodeContext
from intengine.ops._registry import Operator, register
from intengine.ops._table import same_shape
from intengine.shapes import Shape
from intengine.step import Call

_PARTS = {TensorType.COMPLEX64: TensorType.FLOAT32, TensorType.COMPLEX128: TensorType.FLOAT64}


def _lengths(ctx: NodeContext) -> tuple[int, int]:
    source, lengths = ctx.input(0), ctx.input(1).ints()
    powers = len(lengths) == 2 and all(0 < n <= 2**20 and n & (n - 1) == 0 for n in lengths)
    ctx.require(powers, "needs two lengths that are powers of two", list(lengths))
    ctx.require(source.rank >= 2, "needs at least two axes", source.shape)
    return lengths[0], lengths[1]


def infer_fft(ctx: NodeContext) -> Sequence[Shape]:
    height, width = _lengths(ctx)
    return [(*ctx.input(0).shape[:-2], height, width // 2 + 1)]


def _rfft2d(x: NDArray[np.float32], lengths: tuple[int, int], out: NDArray[np.complex64]) -> None:
    height, width = lengths
    found = np.fft.rfft(x[..., :height, :].astype(np.float64), width, axis=-1)
    out[...] = np.fft.fft(found, height, axis=-2)


def prepare_fft(ctx: NodeContext) -> Sequence[Call]:
    """The discrete Fourier transform of the last two axes, cut or filled up with zeros to the given lengths.

    Computed in float64 and rounded once, as in LiteRT, whose algorithm adds in another order: results are the same
    floats but where that order decides a rounding, as it does where terms cancel.

    Source: tflite/kernels/rfft2d.cc
    """
    source, out = ctx.input(0), ctx.output()
    if source.type is not TensorType.FLOAT32 or out.type is not TensorType.COMPLEX64:
        ctx.unsupported()
    return [Call(_rfft2d, (source.ref(), _lengths(ctx), out.ref()))]


def _abs(x: NDArray[Any], out: NDArray[Any]) -> None:
    with np.errstate(all="ignore"):
        if out.dtype == np.float32:
            real, imaginary = x.real.astype(np.float64), x.imag.astype(np.float64)
            out[...] = np.sqrt(real * real + imaginary * imaginary)
            out[np.isinf(x.real) | np.isinf(x.imag)] = np.inf
        else:
            np.hypot(x.real, x.imag, out=out)


def _real(x: NDArray[Any], out: NDArray[Any]) -> None:
    out[...] = x.real


def _imag(x: NDArray[Any], out: NDArray[Any]) -> None:
    out[...] = x.imag


_FUNCTIONS = {"COMPLEX_ABS": _abs, "REAL": _real, "IMAG": _imag}


def prepare_part(ctx: NodeContext) -> Sequence[Call]:
    """Source: tflite/kernels/complex_support.cc"""
    source, out = ctx.input(0), ctx.output()
    if _PARTS.get(source.type) is not out.type:
        ctx.unsupported()
    return [Call(_FUNCTIONS[ctx.node.op], (source.ref(), out.ref()))]


register(Operator("RFFT2D", infer_fft, prepare_fft, (2, 2), ("float32 x int32 -> complex64",)))
for _name in _FUNCTIONS:
    register(Operator(_name, same_shape, prepare_part, (1, 1), ("complex64 -> float32", "complex128 -> float64")))
