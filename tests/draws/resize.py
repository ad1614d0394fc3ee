"""RESIZE_BILINEAR and RESIZE_NEAREST_NEIGHBOR."""

from hypothesis import strategies as st

from tests.cases import Problem
from tests.cases._build import Operand, one_op
from tests.draws._build import Draw, tensors
from tests.draws._scaled import QUANTIZED, parameter

MODES = ({}, {"align_corners": True}, {"half_pixel_centers": True})
BOTH = MODES[1] | MODES[2]


@st.composite
def _resize(draw: Draw, op: str, type_: str) -> Problem:
    """Up and down, by whole and odd ratios."""
    shape = tuple(draw(st.integers(1, most)) for most in (2, 8, 8, 5))
    size = [draw(st.one_of(st.integers(1, 20), st.just(2 * n), st.just(n))) for n in shape[1:3]]
    x = draw(tensors(type_, shape))
    out = Operand(type_, (shape[0], *size, shape[3]), None, x.scale, x.zero_point)
    modes = MODES if op == "RESIZE_BILINEAR" else (*MODES, BOTH)
    return one_op(op, op, [x, draw(parameter("INT32", size))], [out], **draw(st.sampled_from(modes)))


@st.composite
def _other(draw: Draw) -> Problem:
    types = ("FLOAT32", "FLOAT16", "BFLOAT16", "UINT16", "INT32", "UINT32", "BOOL")
    return draw(_resize("RESIZE_NEAREST_NEIGHBOR", draw(st.sampled_from(types))))


DRAWS = (
    {f"RESIZE_BILINEAR {type_.lower()}": _resize("RESIZE_BILINEAR", type_) for type_ in (*QUANTIZED, "FLOAT32")}
    | {f"RESIZE_NEAREST_NEIGHBOR {type_.lower()}": _resize("RESIZE_NEAREST_NEIGHBOR", type_) for type_ in QUANTIZED}
    | {"RESIZE_NEAREST_NEIGHBOR other types": _other()}
)
