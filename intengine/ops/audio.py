"""AudioSpectrogram and Mfcc: the spectrum of sound over time, and its cepstral coefficients."""

import math
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from intengine.errors import InputError
from intengine.model import TensorType
from intengine.ops._context import NodeContext
from intengine.ops._fft import real_transform
from intengine.ops._flexbuffer import options
from intengine.ops._registry import Operator, register
from intengine.shapes import Shape
from intengine.step import Call

F32 = NDArray[np.float32]
F64 = NDArray[np.float64]
#: Energies of a band below this count as this much.
_FLOOR = 1e-12
_MOST = 2**16


def _option(ctx: NodeContext, given: Mapping[str, Any], name: str, least: float) -> Any:
    value = given.get(name)
    fits = isinstance(value, int | float) and math.isfinite(value) and least <= value <= 2**31
    ctx.require(fits, f"needs an option {name} of {least} or more", value)
    return value


def _window(ctx: NodeContext) -> tuple[int, int, bool]:
    """(window, stride, whether magnitudes are squared)."""
    given = options(ctx.node.custom_options)
    window, stride = int(_option(ctx, given, "window_size", 2)), int(_option(ctx, given, "stride", 1))
    ctx.require(window <= _MOST, f"needs a window of at most {_MOST}", window)
    return window, stride, bool(given.get("magnitude_squared", False))


def infer_spectrogram(ctx: NodeContext) -> Sequence[Shape]:
    source = ctx.input(0)
    window, stride, _ = _window(ctx)
    ctx.require(source.rank == 2, "needs samples of channels, 2-D", source.shape)
    samples, channels = source.shape
    slices = 0 if samples < window else 1 + (samples - window) // stride
    return [(channels, slices, (1 << (window - 1).bit_length()) // 2 + 1)]


def _spectrogram(x: F32, window: int, stride: int, squared: bool, out: F32) -> None:
    """x: [samples, channels]. out: [channels, slices, bins]."""
    width = 2 * (out.shape[2] - 1)
    hann = 0.5 - 0.5 * np.cos(2.0 * math.pi * np.arange(window) / window)
    for channel in range(x.shape[1]):
        slices = out.shape[1]
        frames = np.zeros((slices, width))
        for i in range(slices):
            frames[i, :window] = x[i * stride : i * stride + window, channel] * hann
        flat, last = real_transform(frames)
        re = np.concatenate([flat.re, last.reshape(slices, 1)], axis=1)
        im = np.concatenate([flat.im, np.zeros((slices, 1))], axis=1)
        im[:, 0] = 0.0
        power = (re * re + im * im).astype(np.float32)
        out[channel] = power if squared else np.sqrt(power)


def prepare_spectrogram(ctx: NodeContext) -> Sequence[Call]:
    """Magnitudes of the Fourier transforms of windowed slices, Hann's window, filled up to a power of two.

    Computed in float64, rounded to float32 before the root is taken.

    Source: tflite/kernels/audio_spectrogram.cc, internal/spectrogram.cc
    """
    source, out = ctx.input(0), ctx.output()
    if not source.type is out.type is TensorType.FLOAT32:
        ctx.unsupported()
    return [Call(_spectrogram, (source.ref(), *_window(ctx), out.ref()))]


def infer_mfcc(ctx: NodeContext) -> Sequence[Shape]:
    source, rate = ctx.input(0), ctx.input(1)
    ctx.require(source.rank == 3 and source.shape[2] >= 2, "needs a spectrogram, 3-D", source.shape)
    ctx.require(rate.size == 1, "needs one sample rate", rate.shape)
    count = int(_option(ctx, options(ctx.node.custom_options), "dct_coefficient_count", 1))
    ctx.require(count <= _MOST, f"needs at most {_MOST} coefficients", count)
    return [(*source.shape[:2], count)]


def _mel(frequency: float) -> float:
    return 1127.0 * math.log1p(frequency / 700.0)


@cache
def _bands(bins: int, rate: int, bands: int, lower: float, upper: float) -> tuple[int, int, tuple[int, ...], F64]:
    """(first bin, last bin, band below each bin or -1, weight of that band); triangles evenly spaced in mel."""
    low = _mel(lower)
    spacing = (_mel(upper) - low) / (bands + 1)
    centres = [low + spacing * (i + 1) for i in range(bands + 1)]
    per_bin = 0.5 * rate / (bins - 1)
    first, last = int(1.5 + lower / per_bin), int(upper / per_bin)
    below, weights, band = [], np.zeros(bins), 0
    for i in range(bins):
        mel = _mel(i * per_bin)
        if not first <= i <= last:
            below.append(-2)
            continue
        while band < bands and centres[band] < mel:
            band += 1
        below.append(band - 1)
        if band > 0:
            weights[i] = (centres[band] - mel) / (centres[band] - centres[band - 1])
        else:
            weights[i] = (centres[0] - mel) / (centres[0] - low)
    return first, last, tuple(below), weights


def _mfcc(x: F32, rate: NDArray[np.int32], bands: int, limits: tuple[float, float], out: F32) -> None:
    bins, hertz = x.shape[2], int(rate.reshape(-1)[0])
    if hertz <= 0 or limits[1] > hertz / 2:
        raise InputError(f"Mfcc needs a sample rate of at least {2 * limits[1]:g}; its input has {hertz}.")
    first, last, below, weights = _bands(bins, hertz, bands, *limits)
    if last >= bins:
        raise InputError(f"Mfcc needs frequencies within its {bins} bins; {limits[1]:g} Hz lies outside.")
    energy = np.zeros((*x.shape[:2], bands))
    for i in range(first, last + 1):
        size = np.sqrt(x[:, :, i].astype(np.float64))
        part = size * weights[i]
        if below[i] >= 0:
            energy[:, :, below[i]] += part
        if below[i] + 1 < bands:
            energy[:, :, below[i] + 1] += size - part
    logs = np.log(np.maximum(energy, _FLOOR))
    scale, step = math.sqrt(2.0 / bands), math.pi / bands
    for k in range(out.shape[2]):
        total = np.zeros(x.shape[:2])
        for j in range(bands):
            total += scale * math.cos(k * step * (j + 0.5)) * logs[:, :, j]
        out[:, :, k] = total


def prepare_mfcc(ctx: NodeContext) -> Sequence[Call]:
    """Cosine transform of the logarithms of the energies in bands that are evenly spaced in mel; float64 inside.

    Source: tflite/kernels/mfcc.cc, internal/mfcc.cc, mfcc_mel_filterbank.cc, mfcc_dct.cc
    """
    source, rate, out = ctx.input(0), ctx.input(1), ctx.output()
    if not source.type is out.type is TensorType.FLOAT32 or rate.type is not TensorType.INT32:
        ctx.unsupported()
    given = options(ctx.node.custom_options)
    bands = int(_option(ctx, given, "filterbank_channel_count", 1))
    lower, upper = (float(_option(ctx, given, f"{side}_frequency_limit", 0)) for side in ("lower", "upper"))
    fits = bands <= _MOST and out.shape[2] <= bands and lower < upper
    ctx.require(fits, "needs rising frequency limits and no more coefficients than bands", (lower, upper, bands))
    return [Call(_mfcc, (source.ref(), rate.ref(), bands, (lower, upper), out.ref()))]


register(Operator("AudioSpectrogram", infer_spectrogram, prepare_spectrogram, (1, 1), ("float32 -> float32",)))
register(Operator("Mfcc", infer_mfcc, prepare_mfcc, (2, 2), ("float32 x int32 -> float32",)))
