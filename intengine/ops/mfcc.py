"""Mfcc: a spectrogram float32 [channels, frames, bins] -> mel-frequency coefficients [.., .., coefficients]."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from intengine_kernels.double import cos_double, log_double
from intengine_kernels.libm.log import log1p
from numpy.typing import NDArray

from intengine.errors import InputError
from intengine.model import TensorType
from intengine.ops._context import NodeContext
from intengine.ops._flexbuffer import integer, options
from intengine.ops._registry import Operator, register
from intengine.shapes import Shape
from intengine.step import Call

#: What a band has at least, for the logarithm.
_FLOOR = 1e-12
#: Bands and coefficients are at most so many.
_MOST = 2**16


@dataclass(frozen=True)
class Settings:
    """Options: `lower` and `upper` frequency in Hz, mel `bands`, `coefficients` of the cosine transform."""

    lower: float
    upper: float
    bands: int
    coefficients: int

    @classmethod
    def of(cls, ctx: NodeContext) -> "Settings":
        given = options(ctx.node.custom_options)
        names = ("lower_frequency_limit", "upper_frequency_limit", "filterbank_channel_count", "dct_coefficient_count")
        lower, upper, bands, coefficients = (integer(given, name) for name in names)
        ctx.require(0 <= lower < upper < 2**31, "needs frequencies 0 <= lower < upper", (lower, upper))
        found = cls(float(np.float32(lower)), float(np.float32(upper)), bands, coefficients)
        ctx.require(1 <= bands <= _MOST, "needs a filterbank_channel_count of 1 or more", bands)
        ctx.require(1 <= coefficients <= bands, f"needs a dct_coefficient_count in 1..{bands}", coefficients)
        return found


def infer(ctx: NodeContext) -> Sequence[Shape]:
    settings, source = Settings.of(ctx), ctx.input(0)
    ctx.require(source.rank == 3, "needs an input [channels, frames, bins]", list(source.shape))
    ctx.require(ctx.input(1).size == 1, "needs one sample rate", ctx.input(1).size)
    return [(*source.shape[:2], settings.coefficients)]


def _mel(frequency: float) -> float:
    return 1127.0 * float(log1p(np.float64(frequency / 700.0)))


@dataclass(frozen=True, eq=False)
class Bank:
    """Triangles over the bins `start`..: bin i gives `falling[i]` to band `band[i]` and the rest to the next one.

    Attributes:
        is_within: whether the upper frequency is that of a bin.
    """

    is_within: bool
    start: int
    band: NDArray[np.int64]
    falling: NDArray[np.float64]

    @classmethod
    def of(cls, settings: Settings, bins: int, rate: int) -> "Bank":
        """For `bins` frequencies from 0 to half the sample rate.

        Raises:
            InputError: if the rate is not positive.
        """
        if rate <= 0:
            raise InputError(f"Mfcc needs a positive sample rate; got {rate}.")
        width = 0.5 * rate / (bins - 1)
        start, end = int(1.5 + settings.lower / width), int(settings.upper / width)
        low = _mel(settings.lower)
        spacing = (_mel(settings.upper) - low) / (settings.bands + 1)
        centres = [low + spacing * (i + 1) for i in range(settings.bands + 1)]
        bands, falling, band = [], [], 0
        for i in range(start, end + 1 if end < bins else start):
            mel = _mel(i * width)
            while band < settings.bands and centres[band] < mel:
                band += 1
            before = centres[band - 1] if band else low
            falling.append((centres[band] - mel) / (centres[band] - before))
            bands.append(band - 1)
        return cls(end < bins, start, np.array(bands, np.int64), np.array(falling))

    def spread(self, magnitudes: NDArray[np.float64], count: int) -> NDArray[np.float64]:
        """Sums of bands [rows, count] of magnitudes [rows, bins], bin after bin."""
        sums = np.zeros((len(magnitudes), count))
        for i, (band, share) in enumerate(zip(self.band.tolist(), self.falling.tolist(), strict=True)):
            whole = magnitudes[:, self.start + i]
            part = whole * share
            if band >= 0:
                sums[:, band] += part
            if band + 1 < count:
                sums[:, band + 1] += whole - part
        return sums


def _cosines(settings: Settings) -> NDArray[np.float64]:
    """[bands, coefficients] of the cosine transform."""
    norm, turn = math.sqrt(2.0 / settings.bands), math.pi / settings.bands
    angles = np.arange(settings.coefficients) * turn * (np.arange(settings.bands)[:, np.newaxis] + 0.5)
    table = np.empty(angles.size)
    cos_double(angles.reshape(-1), table)
    return norm * table.reshape(angles.shape)


def _mfcc(
    x: NDArray[np.float32], rate: NDArray[np.int32], settings: Settings, cosines: NDArray[np.float64],
    out: NDArray[np.float32],
) -> None:  # fmt: skip
    bank = Bank.of(settings, x.shape[1], int(rate[0]))
    if not bank.is_within:
        out[...] = 0
        return
    with np.errstate(all="ignore"):
        sums = bank.spread(np.sqrt(x.astype(np.float64)), settings.bands)
        floored = np.where(sums < _FLOOR, _FLOOR, sums)
        logs = np.empty(sums.shape)
        log_double(floored.reshape(-1), logs.reshape(-1))
        total = np.zeros(out.shape)
        for j, row in enumerate(cosines):
            total += row * logs[:, j : j + 1]
        out[...] = total


def prepare(ctx: NodeContext) -> Sequence[Call]:
    """Magnitudes in triangles evenly spaced in mel, their logarithms, a cosine transform; all in float64.

    Zeros where the upper frequency lies behind the last bin, as in LiteRT.

    Source: tflite/kernels/mfcc.cc, tflite/kernels/internal/mfcc.cc, mfcc_mel_filterbank.cc, mfcc_dct.cc
    """
    source, rate, out = ctx.input(0), ctx.input(1), ctx.output()
    if not source.type is out.type is TensorType.FLOAT32 or rate.type is not TensorType.INT32:
        ctx.unsupported()
    ctx.require(source.shape[2] >= 2, "needs two bins or more", source.shape[2])
    if out.size == 0:
        return []
    settings = Settings.of(ctx)
    ctx.require(settings.bands * settings.coefficients <= 2**22, "needs fewer bands", settings.bands)
    rows = source.shape[0] * source.shape[1]
    x, y = source.ref((rows, source.shape[2])), out.ref((rows, settings.coefficients))
    return [Call(_mfcc, (x, rate.ref((1,)), settings, _cosines(settings), y))]


register(Operator("Mfcc", infer, prepare, (2, 2), ("float32 x int32 -> float32",)))
