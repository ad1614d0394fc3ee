"""What Mfcc reads of its options, and its triangles over a spectrogram's bins, evenly spaced in mel.

Source: tflite/kernels/internal/mfcc_mel_filterbank.cc
"""

from dataclasses import dataclass

import numpy as np
from intengine_kernels.libm.log import log1p
from numpy.typing import NDArray

from intengine.errors import InputError
from intengine.ops._context import NodeContext
from intengine.ops._flexbuffer import integer, options

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
