"""Problems long enough for kernels that work in blocks of 8 or 16, with a rest."""

import numpy as np
from hypothesis import strategies as st

from tests.cases import Problem
from tests.cases._build import constant, one_op
from tests.draws._build import Draw, results, tensors
from tests.draws._scaled import ACTIVATIONS, near, scale_families, scaled

_SIZES = st.integers(1, 40)


@st.composite
def _shapes(draw: Draw) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Equal shapes, rows against one row, numbers against rows, and both repeated."""
    row, rows, more = draw(_SIZES), draw(st.integers(1, 4)), draw(st.integers(1, 3))
    full = (more, rows, row)
    a, b = draw(
        st.sampled_from(
            [(full, full), (full, (row,)), (full, ()), ((more, 1, row), full), ((more, rows, 1), full),
             ((1, rows, 1), (more, rows, row)), ((more, 1, 1), full), ((more, 1, row), (1, rows, 1))]
        )
    )  # fmt: skip
    return (a, b) if draw(st.booleans()) else (b, a)


@st.composite
def _sum(draw: Draw, op: str, type_: str) -> Problem:
    a, b = draw(_shapes())
    family = draw(scale_families())
    one = draw(family)
    other = draw(st.one_of(st.just(one), family))
    x, y = draw(scaled(type_, a, one)), draw(scaled(type_, b, other))
    out = draw(near(type_, np.broadcast_shapes(a, b), max(one, other)))
    pot = {"pot_scale_int16": False} if type_ == "INT16" else {}
    return one_op(op, op, [x, y], [out], fused_activation_function=draw(ACTIVATIONS), **pot)


@st.composite
def _image_mean(draw: Draw, type_: str) -> Problem:
    shape = (draw(st.integers(1, 2)), draw(st.integers(1, 5)), draw(st.integers(1, 5)), draw(_SIZES))
    x = draw(tensors(type_, shape))
    axes = draw(st.sampled_from([(1, 2), (2, 1), (-3, -2)]))
    keep = draw(st.booleans())
    out = (shape[0], 1, 1, shape[3]) if keep else (shape[0], shape[3])
    y = draw(results(type_, out, like=float(x.scale)))
    return one_op("MEAN", "MEAN", [x, constant("INT32", axes)], [y], keep_dims=keep)


@st.composite
def _long_mean(draw: Draw) -> Problem:
    shape = (draw(st.integers(1, 5)), draw(st.integers(1, 70)))
    x = draw(tensors("FLOAT32", shape))
    return one_op("MEAN", "MEAN", [x, constant("INT32", (1,))], [draw(results("FLOAT32", shape[:1]))], keep_dims=False)


DRAWS: dict[str, st.SearchStrategy[Problem]] = {
    **{f"{op} {t.lower()} in blocks": _sum(op, t) for op in ("ADD", "SUB") for t in ("INT8", "UINT8", "INT16")},
    **{f"MEAN {t.lower()} of images": _image_mean(t) for t in ("INT8", "UINT8")},
    "MEAN float32 of rows": _long_mean(),
}
