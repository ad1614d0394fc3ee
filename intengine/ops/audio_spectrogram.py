"""AudioSpectrogram: waves float32 [samples, channels] -> their spectra [channels, frames, 2**k / 2 + 1]."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from intengine_kernels.libm.trigonometric import cos
from numpy.typing import NDArray

from intengine.model import TensorType
from intengine.ops._context import NodeContext
from intengine.ops._fft import real_transform
from intengine.ops._flexbuffer import integer, options
from intengine.ops._registry import Operator, register
from intengine.shapes import Shape
from intengine.step import Call

#: So many elements are transformed at a time.
_BLOCK = 2**20


@dataclass(frozen=True)
class Frames:
    """Windows of `size` samples, one every `stride`, filled up to `points` with zeros; `powers`: squared magnitudes."""

    size: int
    stride: int
    powers: bool

    @classmethod
    def of(cls, ctx: NodeContext) -> "Frames":
        given = options(ctx.node.custom_options)
        size, stride, powers = (integer(given, name) for name in ("window_size", "stride", "magnitude_squared"))
        found = cls(size, stride, bool(powers))
        ctx.require(2 <= found.size < 2**31, "needs a window_size of 2 or more", found.size)
        ctx.require(1 <= found.stride < 2**31, "needs a stride of 1 or more", found.stride)
        return found

    @property
    def points(self) -> int:
        return int(2 ** (self.size - 1).bit_length())

    def count(self, samples: int) -> int:
        """Windows within so many samples."""
        return 0 if samples < self.size else 1 + (samples - self.size) // self.stride


def infer(ctx: NodeContext) -> Sequence[Shape]:
    frames, source = Frames.of(ctx), ctx.input(0)
    ctx.require(source.rank == 2, "needs an input [samples, channels]", list(source.shape))
    samples, channels = source.shape
    return [(channels, frames.count(samples), frames.points // 2 + 1)]


def _spectrogram(x: NDArray[np.float32], frames: Frames, window: NDArray[np.float64], out: NDArray[np.float32]) -> None:
    samples, channels = x.shape
    wave = x.T.reshape(-1).astype(np.float64)
    starts = np.arange(channels)[:, np.newaxis] * samples + np.arange(out.shape[1]) * frames.stride
    starts = starts.reshape(-1)
    rows = max(_BLOCK // frames.points, 1)
    half = frames.points // 2
    result = out.reshape(-1, half + 1)
    with np.errstate(over="ignore", invalid="ignore"):
        for first in range(0, len(starts), rows):
            block = slice(first, first + rows)
            taps = np.zeros((len(starts[block]), frames.points))
            taps[:, : frames.size] = wave[starts[block, np.newaxis] + np.arange(frames.size)] * window
            y, last = real_transform(taps)
            result[block, :half] = y.re * y.re + y.im * y.im
            result[block, half] = last * last
        if not frames.powers:
            np.sqrt(out, out=out)


def prepare(ctx: NodeContext) -> Sequence[Call]:
    """A Fourier transform of each window times 0.5 - 0.5 cos(2 pi i / size), in float64; float32 before the root.

    Source: tflite/kernels/audio_spectrogram.cc, tflite/kernels/internal/spectrogram.cc
    """
    source, out = ctx.input(0), ctx.output()
    if not source.type is out.type is TensorType.FLOAT32:
        ctx.unsupported()
    if out.size == 0:
        return []
    frames = Frames.of(ctx)
    window = 0.5 - 0.5 * cos(2.0 * math.pi * np.arange(frames.size) / frames.size)
    return [Call(_spectrogram, (source.ref(), frames, window, out.ref()))]


register(Operator("AudioSpectrogram", infer, prepare, (1, 1), ("float32 -> float32",)))
