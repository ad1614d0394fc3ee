"""Reductions over any axes: MEAN, SUM, REDUCE_MAX, REDUCE_MIN, REDUCE_PROD, REDUCE_ANY and REDUCE_ALL."""

from dataclasses import replace

import numpy as np
from hypothesis import strategies as st

from tests.cases import Problem
from tests.cases._build import FULL_RANGE, Operand, one_op
from tests.cases.reduce import KINDS
from tests.draws._build import Draw, shapes, tensors
from tests.draws._scaled import QUANTIZED, near, parameter, scale_families


@st.composite
def _reduction(draw: Draw, op: str, type_: str) -> Problem:
    shape = draw(shapes(1, 5, (1, 6)))
    rank = len(shape)
    axes = draw(st.lists(st.integers(-rank, rank - 1), max_size=rank))
    reduced = {axis % rank for axis in axes}
    keep = draw(st.booleans())
    left = [1 if axis in reduced else n for axis, n in enumerate(shape) if keep or axis not in reduced]
    count = int(np.prod([shape[axis] for axis in reduced], dtype=int))
    x = draw(tensors(type_, shape))
    assert x.data is not None
    out = Operand(type_, tuple(left))
    if type_ in QUANTIZED:
        x = replace(x, scale=draw(draw(scale_families())))
        if op == "SUM":
            out = draw(near(type_, left, x.scale * max(np.sqrt(count), 1)))
        elif op == "MEAN":
            out = draw(near(type_, left, x.scale))
        elif op == "REDUCE_PROD":
            # Factors about the zero point whose products fit; the multiplier of each step is the root of the whole.
            spread = draw(st.integers(1, 12))
            rng = np.random.default_rng(x.data.size)
            points = (x.zero_point or 0) + rng.integers(-spread, spread + 1, shape)
            x = replace(x, data=np.clip(points, *FULL_RANGE[type_]).astype(x.data.dtype))
            out = draw(near(type_, left, 1.0))
            scale = (x.scale * draw(st.sampled_from([0.5, 1.0, spread / 3, spread / 2]))) ** count
            out = replace(out, scale=float(np.float32(np.clip(scale * out.scale, 2.0**-60, 2.0**60))))
        else:
            out = replace(out, scale=x.scale, zero_point=x.zero_point)
    elif type_ in ("INT32", "INT64") and op == "MEAN":
        # Sums are int64 in LiteRT, and may not overflow.
        x = replace(x, data=x.data >> 8)
    elif type_ == "INT64" and op == "SUM":
        x = replace(x, data=x.data >> 16)
    return one_op(op, op, [x, draw(parameter("INT32", np.array(axes, np.int32)))], [out], keep_dims=keep)


#: SUM of int16 is not among them: LiteRT leaves half of its output as it was.
DRAWS = {f"{op} {type_.lower()}": _reduction(op, type_) for op, types in KINDS.items() for type_ in types}
