"""The Fourier transform and parts of complex numbers."""

import numpy as np
from hypothesis import strategies as st

from tests.cases import Problem
from tests.cases._build import constant, given, one_op, result
from tests.draws._build import Draw, shapes, tensors, values


@st.composite
def _rfft2d(draw: Draw) -> Problem:
    # LiteRT mixes up columns that are one element wide.
    height, width = 2 ** draw(st.integers(0, 5)), 2 ** draw(st.integers(1, 10))
    planes = draw(shapes(0, 1, (1, 3)))
    rows = draw(st.just(height) | st.integers(1, height + 3))
    columns = draw(st.just(width) | st.integers(1, width + 3))
    shape = (*planes, rows, columns)
    if draw(st.booleans()):
        # One wave: all other frequencies show how sums were rounded.
        turns = draw(st.integers(0, 5)) * np.arange(columns) / width + draw(st.floats(0, 1))
        data = np.broadcast_to(np.cos(2 * np.pi * turns), shape) * draw(st.sampled_from([1.0, 1e-6, 1e9]))
    else:
        data = draw(values("FLOAT32", shape))
    lengths = (constant if draw(st.booleans()) else given)("INT32", [height, width])
    out = result("COMPLEX64", (*planes, height, width // 2 + 1))
    return one_op("RFFT2D", "RFFT2D", [given("FLOAT32", data), lengths], [out])


@st.composite
def _part(draw: Draw, op: str, type_: str, out: str) -> Problem:
    shape = draw(shapes(1, 4))
    return one_op(op, op, [draw(tensors(type_, shape))], [result(out, shape)])


DRAWS = {
    "RFFT2D float32": _rfft2d(),
    **{
        f"{op} {type_.lower()}": _part(op, type_, out)
        for op in ("COMPLEX_ABS", "REAL", "IMAG")
        for type_, out in (("COMPLEX64", "FLOAT32"), ("COMPLEX128", "FLOAT64"))
    },
}
