"""FAKE_QUANT: ranges on either side of 0 and around it, all numbers of bits."""

import numpy as np
from hypothesis import strategies as st

from tests.cases import Problem
from tests.cases._build import Operand, one_op
from tests.draws._build import Draw, scales, shapes, values


@st.composite
def _fake_quant(draw: Draw) -> Problem:
    shape = draw(shapes())
    bits = draw(st.integers(2, 16))
    step = draw(scales(2.0**-10, 2.0))
    zero_point = draw(st.integers(-3, 2**bits + 2))
    lo, hi = np.float32(-zero_point * step), np.float32((2**bits - 1 - zero_point) * step)
    x = draw(values("FLOAT32", shape))
    kind = draw(st.sampled_from(["any", "halves", "special"]))
    if kind == "halves":
        x = (np.rint(x * 20) / 2 * step).astype(np.float32)
    if kind == "special":
        x.reshape(-1)[:] = np.resize(np.array([np.nan, np.inf, -np.inf, -0.0, lo, hi, 1e38], np.float32), x.size)
    here = Operand("FLOAT32", shape, x)
    return one_op(
        "fake_quant", "FAKE_QUANT", [here], [Operand("FLOAT32", shape)], min=float(lo), max=float(hi), num_bits=bits
    )


DRAWS = {"FAKE_QUANT float32": _fake_quant()}
