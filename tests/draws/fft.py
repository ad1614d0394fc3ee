"""RFFT2D, COMPLEX_ABS, REAL and IMAG."""

import numpy as np
from hypothesis import strategies as st

from tests.cases import Problem
from tests.cases._build import constant, given, one_op, result
from tests.draws._build import Draw, shapes, values


@st.composite
def rfft2d(draw: Draw) -> Problem:
    height, width = 2 ** draw(st.integers(0, 4)), 2 ** draw(st.integers(1, 9))
    # LiteRT takes inputs of at least the lengths.
    shape = (*draw(shapes(0, 2, (1, 3))), height + draw(st.integers(0, 2)), width + draw(st.integers(0, 2)))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    x = given("FLOAT32", rng.standard_normal(shape) * 10.0 ** draw(st.integers(-3, 3)))
    out = result("COMPLEX64", (*shape[:-2], height, width // 2 + 1))
    return one_op("rfft2d", "RFFT2D", [x, constant("INT32", [height, width])], [out])


@st.composite
def part(draw: Draw, op: str) -> Problem:
    shape = draw(shapes())
    x = given("COMPLEX64", draw(values("COMPLEX64", shape)))
    return one_op(op, op, [x], [result("FLOAT32", shape)])


DRAWS = {
    "RFFT2D": rfft2d(),
    **{f"{op} complex64": part(op) for op in ("COMPLEX_ABS", "REAL", "IMAG")},
}
