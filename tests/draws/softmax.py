"""SOFTMAX and LOG_SOFTMAX."""

from dataclasses import replace

import numpy as np
from hypothesis import strategies as st

from tests.cases import Problem
from tests.cases._build import FULL_RANGE, Operand, one_op
from tests.cases.softmax import OUTPUTS
from tests.draws._build import Draw, scales, tensors


@st.composite
def _logits(draw: Draw, type_: str) -> Operand:
    """Rows of 1 to 200 logits, some flat."""
    shape = (
        *draw(st.sampled_from([(), (1,), (3,), (2, 2), (1, 2, 2)])),
        draw(st.integers(1, draw(st.sampled_from([4, 20, 200])))),
    )
    x = draw(tensors(type_, shape))
    assert x.data is not None
    data = np.array(x.data)
    if data.dtype.kind in "iu":
        data = data >> draw(st.sampled_from([0, 0, 2, 5]))
        least = 1e-7 if type_ == "INT16" else 1e-4
        x = replace(x, scale=draw(st.one_of(scales(least, 4.0), st.integers(-12, 2).map(lambda e: 2.0**e))))
    elif draw(st.integers(0, 3)) == 0:
        rng = np.random.default_rng(data.size)
        special = np.array([np.inf, -np.inf, np.nan, -0.0, 60000.0, -60000.0, -88.0], data.dtype)
        data = np.where(rng.random(data.shape) < 0.2, rng.choice(special, data.shape), data)
    if draw(st.integers(0, 3)) == 0:
        data[..., :] = data[..., :1]
    return replace(x, data=data)


@st.composite
def _softmax(draw: Draw, source: str, target: str) -> Problem:
    x = draw(_logits(source))
    betas = st.one_of(st.just(1.0), st.sampled_from([0.5, 0.25, 2.0]), st.floats(0.125, 8.0, width=32))
    out = Operand(target, x.shape, None, *OUTPUTS.get(target, (None, None)))
    return one_op("SOFTMAX", "SOFTMAX", [x], [out], beta=draw(betas))


@st.composite
def _log_softmax(draw: Draw, type_: str) -> Problem:
    x = draw(_logits(type_))
    out = Operand(type_, x.shape)
    if type_ != "FLOAT32":
        out = replace(out, scale=1 / 16, zero_point=FULL_RANGE[type_][1])
    return one_op("LOG_SOFTMAX", "LOG_SOFTMAX", [x], [out])


_PAIRS = [
    ("INT8", "INT8"), ("UINT8", "UINT8"), ("INT8", "INT16"), ("UINT8", "INT16"), ("INT16", "INT16"),
    ("FLOAT32", "FLOAT32"), ("FLOAT16", "FLOAT16"),
]  # fmt: skip
DRAWS = {f"SOFTMAX {a.lower()}{' to ' + b.lower() if a != b else ''}": _softmax(a, b) for a, b in _PAIRS} | {
    f"LOG_SOFTMAX {type_.lower()}": _log_softmax(type_) for type_ in ("INT8", "UINT8", "FLOAT32")
}
