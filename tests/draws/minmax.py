"""MAXIMUM and MINIMUM."""

import numpy as np
from hypothesis import strategies as st

from tests.cases import Problem
from tests.cases._build import one_op
from tests.draws._build import Draw, broadcast_pairs, results, tensors


@st.composite
def _extremum(draw: Draw, op: str, type_: str) -> Problem:
    a, b = draw(broadcast_pairs())
    x, y = draw(tensors(type_, a)), draw(tensors(type_, b, constant=None))
    out = draw(results(type_, np.broadcast_shapes(a, b)))
    return one_op(op, op, [x, y], [out])


DRAWS = {
    f"{op} {type_.lower()}": _extremum(op, type_)
    for op in ("MAXIMUM", "MINIMUM")
    for type_ in ("INT8", "UINT8", "INT16", "INT32", "INT64", "FLOAT32", "FLOAT16", "BFLOAT16")
}
