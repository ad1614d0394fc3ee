"""AudioSpectrogram and Mfcc."""

import numpy as np
from flatbuffers import flexbuffers
from hypothesis import strategies as st

from tests.cases import Problem
from tests.cases._build import constant, given, one_op, result
from tests.draws._build import Draw, values


@st.composite
def _spectrogram(draw: Draw) -> Problem:
    window, stride = draw(st.integers(2, 600)), draw(st.integers(1, 300))
    frames, channels = draw(st.integers(0, 4)), draw(st.integers(1, 3))
    samples = max(window + stride * (frames - 1) + draw(st.integers(0, stride - 1)), 1)
    count = 0 if samples < window else 1 + (samples - window) // stride
    options = {"window_size": window, "stride": stride, "magnitude_squared": draw(st.booleans())}
    time = np.arange(samples)[:, np.newaxis]
    wave = np.sin(time * draw(st.floats(0, 3)) + np.arange(channels)) * draw(st.sampled_from([1.0, 1e-6, 3e4]))
    data = wave if draw(st.booleans()) else draw(values("FLOAT32", (samples, channels)))
    points = 2 ** (window - 1).bit_length()
    out = result("FLOAT32", (channels, count, points // 2 + 1))
    packed = bytes(flexbuffers.Dumps(options))
    return one_op("spectrogram", "AudioSpectrogram", [given("FLOAT32", data)], [out], custom_options=packed)


@st.composite
def _mfcc(draw: Draw) -> Problem:
    bins = draw(st.integers(2, 130) | st.sampled_from([129, 257]))
    rate = draw(st.sampled_from([8000, 16000, 44100]) | st.integers(100, 50000))
    # Behind half the sample rate LiteRT gives zeros.
    upper = draw(st.integers(2, rate // 2 - 1) | st.integers(2, rate))
    bands = draw(st.integers(1, 40))
    options = {
        "upper_frequency_limit": upper,
        "lower_frequency_limit": draw(st.sampled_from([0, 20]) | st.integers(0, upper - 1)) % upper,
        "filterbank_channel_count": bands,
        "dct_coefficient_count": draw(st.integers(1, bands)),
    }
    shape = (draw(st.integers(1, 2)), draw(st.integers(1, 3)), bins)
    data = np.abs(draw(values("FLOAT32", shape))) * draw(st.sampled_from([1.0, 1e-9, 1e6]))
    data = data * (draw(values("BOOL", shape)) if draw(st.booleans()) else 1)
    held = (constant if draw(st.booleans()) else given)("INT32", [rate])
    out = result("FLOAT32", (*shape[:2], options["dct_coefficient_count"]))
    packed = bytes(flexbuffers.Dumps(options))
    return one_op("mfcc", "Mfcc", [given("FLOAT32", data), held], [out], custom_options=packed)


DRAWS = {"AudioSpectrogram float32": _spectrogram(), "Mfcc float32": _mfcc()}
