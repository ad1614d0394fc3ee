"""AudioSpectrogram: waves float32 [samples, channels] -> their spectra [channels, frames, 2**k / 2 + 1]."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from intengine_kernels.double import cos_double
from intengine_kernels.isa.doubles import LANES
from intengine_kernels.spectrogram import spectrogram

from intengine.model import TensorType
from intengine.ops._context import NodeContext
from intengine.ops._fft import MOST, plan, side_by_side, work
from intengine.ops._flexbuffer import integer, options
from intengine.ops._registry import Operator, register
from intengine.shapes import Shape
from intengine.step import Call


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
        ctx.require(2 <= found.size <= MOST, f"needs a window_size of 2 to {MOST}", found.size)
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
    window = np.empty(frames.size)
    cos_double(2.0 * math.pi * np.arange(frames.size) / frames.size, window)
    window = 0.5 - 0.5 * window
    channels, count, bins = out.shape
    rows, points = channels * count, frames.points // 2
    x, y = source.ref(), out.ref((rows, bins))
    args = (x, count, frames.stride, window, frames.powers, plan(points), side_by_side(points), 0, rows, y)
    return [Call(spectrogram, args, rows * work(points), LANES)]


register(Operator("AudioSpectrogram", infer, prepare, (1, 1), ("float32 -> float32",)))
