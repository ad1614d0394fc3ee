"""AudioSpectrogram and Mfcc."""

import numpy as np
from flatbuffers import flexbuffers
from hypothesis import strategies as st

from intengine.writer import ModelBuilder
from tests.cases import Problem
from tests.draws._build import Draw

COSINES = "the cosine and logarithm of the host's libm"


@st.composite
def spectrogram(draw: Draw) -> Problem:
    window, stride, channels = draw(st.integers(2, 70)), draw(st.integers(1, 40)), draw(st.integers(1, 2))
    samples = window + draw(st.integers(0, 200))
    slices, bins = 1 + (samples - window) // stride, (1 << (window - 1).bit_length()) // 2 + 1
    options = {"window_size": window, "stride": stride, "magnitude_squared": draw(st.booleans())}
    b = ModelBuilder()
    x, y = b.tensor("x", "FLOAT32", (samples, channels)), b.tensor("y", "FLOAT32", (channels, slices, bins))
    b.op("AudioSpectrogram", [x], [y], custom_options=bytes(flexbuffers.Dumps(options)))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    data = rng.standard_normal((samples, channels)).astype(np.float32)
    return Problem("spectrogram", b.to_bytes([x], [y]), (data,), ulp=1, reason=COSINES)


@st.composite
def mfcc(draw: Draw) -> Problem:
    rate, bins = draw(st.sampled_from([8000, 16000, 44100])), draw(st.integers(9, 129))
    bands = draw(st.integers(1, 20))
    count = draw(st.integers(1, bands))
    upper = draw(st.sampled_from([1000.0, 3000.0, 4000.0]))
    options = {
        "upper_frequency_limit": upper, "lower_frequency_limit": draw(st.sampled_from([0.0, 20.0, 300.0])),
        "filterbank_channel_count": bands, "dct_coefficient_count": count,
    }  # fmt: skip
    b = ModelBuilder()
    x, hertz = b.tensor("x", "FLOAT32", (1, 3, bins)), b.tensor("rate", "INT32", (1,), [rate])
    y = b.tensor("y", "FLOAT32", (1, 3, count))
    b.op("Mfcc", [x, hertz], [y], custom_options=bytes(flexbuffers.Dumps(options)))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    data = np.square(rng.standard_normal((1, 3, bins))).astype(np.float32)
    return Problem("mfcc", b.to_bytes([x], [y]), (data,), ulp=4, reason=COSINES)


DRAWS = {"AudioSpectrogram": spectrogram(), "Mfcc": mfcc()}
