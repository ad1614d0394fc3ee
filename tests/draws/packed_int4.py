"""FULLY_CONNECTED of float32 with int4 weights of several blocks, whole or not, that hold the least number."""

import numpy as np
from hypothesis import strategies as st

from tests.cases import Problem
from tests.cases._matrix import near_halves, real
from tests.draws._build import Draw
from tests.draws._scaled import ACTIVATIONS


@st.composite
def _deep(draw: Draw) -> Problem:
    depth = draw(st.sampled_from([31, 32, 34, 46, 48, 50, 62, 64, 66, 96, 130]))
    channels, rows = draw(st.integers(3, 13)), draw(st.integers(1, 9))
    seed = draw(st.integers(0, 2**20))
    rng = np.random.default_rng(seed)
    w = rng.integers(-7, 8, (channels, depth)).astype(np.int8)
    w[rng.random(w.shape) < draw(st.sampled_from([0.0, 0.02, 0.3, 1.0]))] = -8
    x = near_halves(rng, (rows, depth)) if draw(st.booleans()) else rng.standard_normal((rows, depth))
    x = x.astype(np.float32)
    if draw(st.booleans()):
        x[rng.random(rows) < 0.5] = 0
    per_channel = draw(st.booleans())
    return real(
        "FULLY_CONNECTED", "FULLY_CONNECTED", x.shape, w.shape, (rows, channels), weights="INT4",
        per_channel=per_channel, bias=draw(st.booleans()), channels=channels, seed=seed,
        activation=draw(ACTIVATIONS), x=x, w=w, asymmetric_quantize_inputs=draw(st.booleans()),
    )  # fmt: skip


DRAWS = {"FULLY_CONNECTED hybrid int4 deep": _deep()}
