"""AudioSpectrogram and Mfcc: sizes around powers of two, overlap and gaps, channels, too high limits."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from flatbuffers import flexbuffers

from tests.cases import Problem
from tests.cases._build import constant, given, one_op, result

RNG = np.random.default_rng(9)


def problems() -> Iterator[Problem]:
    for size, stride, samples in ((2, 1, 5), (7, 3, 22), (16, 16, 64), (33, 40, 120), (400, 160, 800), (9, 2, 8)):
        yield _spectrogram(f"{size}_{stride}", np.sin(np.arange(samples))[:, np.newaxis], size, stride)
        yield _spectrogram(f"noise_{size}_{stride}", RNG.standard_normal((samples, 1)), size, stride, squared=True)
    yield _spectrogram("channels", RNG.standard_normal((12, 3)), 8, 4)
    yield _spectrogram("channels_apart", RNG.standard_normal((13, 3)), 4, 5)
    spectra = np.abs(RNG.standard_normal((2, 3, 129)))
    for rate, lower, upper, bands, count in (
        (16000, 20, 4000, 40, 13), (16000, 0, 8000, 10, 10), (8000, 100, 101, 3, 2), (44100, 0, 22050, 1, 1),
    ):  # fmt: skip
        yield _mfcc(f"{rate}_{bands}", spectra, rate, lower, upper, bands, count)
    yield _mfcc("silence", np.zeros((1, 1, 33)), 16000, 20, 4000, 20, 13)
    yield _mfcc("above_half_the_rate", spectra[:, :1, :33], 8000, 20, 4125, 20, 13)


def _packed(**options: Any) -> bytes:
    return bytes(flexbuffers.Dumps(options))


def _spectrogram(name: str, wave: np.ndarray, size: int, stride: int, *, squared: bool = False) -> Problem:
    samples, channels = wave.shape
    frames = 0 if samples < size else 1 + (samples - size) // stride
    out = result("FLOAT32", (channels, frames, 2 ** (size - 1).bit_length() // 2 + 1))
    packed = _packed(window_size=size, stride=stride, magnitude_squared=squared)
    return one_op(f"spectrogram_{name}", "AudioSpectrogram", [given("FLOAT32", wave)], [out], custom_options=packed)


def _mfcc(name: str, spectra: np.ndarray, rate: int, lower: int, upper: int, bands: int, count: int) -> Problem:
    packed = _packed(
        lower_frequency_limit=lower, upper_frequency_limit=upper, filterbank_channel_count=bands,
        dct_coefficient_count=count,
    )  # fmt: skip
    inputs = [given("FLOAT32", spectra), constant("INT32", [rate])]
    out = result("FLOAT32", (*spectra.shape[:2], count))
    return one_op(f"mfcc_{name}", "Mfcc", inputs, [out], custom_options=packed)
