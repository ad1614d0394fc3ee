"""Problems long enough for kernels that work in blocks of 8 or 16, with a rest."""

import numpy as np
from hypothesis import strategies as st

from tests.cases import Problem
from tests.cases._build import Operand, constant, one_op
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
def _cancelling_sum(draw: Draw, op: str, type_: str) -> Problem:
    """Operands that nearly cancel, at an output scale at which the last bits of what is added show."""
    a, b = draw(_shapes())
    one = draw(st.floats(2.0**-3, 2.0**3, width=32))
    step = 2.0**-16 if type_ == "INT16" else 2.0**-23
    other = one * (1 + draw(st.integers(-300, 300)) * step)
    zero_points = (0, 0) if type_ == "INT16" else (draw(st.integers(0, 60)), draw(st.integers(0, 60)))
    value = draw(st.integers(-50, 50)) * (1 if op == "ADD" else -1)
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    dtype = np.dtype(type_.lower())
    x, y = (
        Operand(type_, shape, (zero_point + near + rng.integers(0, 2, shape)).clip(0 if dtype.kind == "u" else -128)
                .astype(dtype), float(np.float32(scale)), zero_point)
        for shape, zero_point, near, scale in (
            (a, zero_points[0], value, one), (b, zero_points[1], -value if op == "ADD" else value, other))
    )  # fmt: skip
    scale = float(np.float32(max(one, other) * 2.0 ** -draw(st.floats(8, 13 if type_ == "INT16" else 18.5))))
    out = Operand(type_, np.broadcast_shapes(a, b), None, scale, 0 if type_ == "INT16" else draw(st.integers(0, 99)))
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


@st.composite
def _eightfold(draw: Draw) -> Problem:
    shape = (
        draw(st.integers(1, 2)),
        draw(st.integers(1, 4)),
        draw(st.integers(1, 4)),
        draw(st.sampled_from([8, 16, 3])),
    )
    x = draw(tensors("UINT8", shape))
    out = Operand("UINT8", (shape[0], 8 * shape[1], 8 * shape[2], shape[3]), None, x.scale, x.zero_point)
    size = constant("INT32", out.shape[1:3])
    return one_op("RESIZE_BILINEAR", "RESIZE_BILINEAR", [x, size], [out], half_pixel_centers=draw(st.booleans()))


DRAWS: dict[str, st.SearchStrategy[Problem]] = {
    **{f"{op} {t.lower()} in blocks": _sum(op, t) for op in ("ADD", "SUB") for t in ("INT8", "UINT8", "INT16")},
    **{
        f"{op} {t.lower()} in blocks, cancelling": _cancelling_sum(op, t)
        for op in ("ADD", "SUB")
        for t in ("INT8", "UINT8", "INT16")
    },
    **{f"MEAN {t.lower()} of images": _image_mean(t) for t in ("INT8", "UINT8")},
    "RESIZE_BILINEAR uint8 eightfold": _eightfold(),
    "MEAN float32 of rows": _long_mean(),
}
