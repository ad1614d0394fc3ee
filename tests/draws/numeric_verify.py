"""NumericVerify."""

import numpy as np
from flatbuffers import flexbuffers
from hypothesis import strategies as st

from intengine.writer import ModelBuilder
from tests.cases import Problem
from tests.draws._build import Draw, scales, shapes, values, zero_points


@st.composite
def numeric_verify(draw: Draw, type_: str) -> Problem:
    shape = draw(shapes())
    scale, zero_point = draw(scales(2.0**-8, 1.0)), draw(zero_points(type_))
    quantized = {} if type_ == "FLOAT16" else {"scale": scale, "zero_point": zero_point}
    options = {"tolerance": draw(st.sampled_from([0.5, 5.0])), "log_if_failed": draw(st.integers(0, 4)) == 0}
    b = ModelBuilder()
    x, reference = b.tensor("x", type_, shape, **quantized), b.tensor("reference", "FLOAT32", shape)
    y = b.tensor("y", "FLOAT32", shape)
    b.op("NumericVerify", [x, reference], [y], custom_options=bytes(flexbuffers.Dumps(options)))
    data = draw(values(type_, shape))
    near = (data.astype(np.float64) - zero_point) * (1 if type_ == "FLOAT16" else scale)
    near = near + draw(values("FLOAT32", shape)).astype(np.float64) * scale
    return Problem("numeric_verify", b.to_bytes([x, reference], [y]), (data, near.astype(np.float32)))


DRAWS = {f"NumericVerify {t.lower()}": numeric_verify(t) for t in ("INT8", "UINT8", "INT16", "FLOAT16")}
