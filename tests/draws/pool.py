"""AVERAGE_POOL_2D and MAX_POOL_2D."""

from hypothesis import strategies as st

from tests.cases import Problem
from tests.cases._build import Operand, one_op
from tests.cases._matrix import SAME, VALID
from tests.draws._build import Draw, tensors
from tests.draws._scaled import ACTIVATIONS, QUANTIZED


@st.composite
def _pool(draw: Draw, op: str, type_: str) -> Problem:
    """Windows that reach over the edges, strides beyond them, and 1 to 20 channels."""
    shape = (
        *(draw(st.integers(1, most)) for most in (2, 8, 8)),
        draw(st.one_of(st.integers(1, 3), st.integers(1, 20))),
    )
    padding = draw(st.sampled_from([SAME, VALID]))
    window, stride = [], []
    out = []
    for n in shape[1:3]:
        k, s = draw(st.integers(1, n if padding == VALID else n + 2)), draw(st.integers(1, 4))
        window.append(k)
        stride.append(s)
        out.append(-(-n // s) if padding == SAME else (n - k) // s + 1)
    x = draw(tensors(type_, shape))
    y = Operand(type_, (shape[0], *out, shape[3]), None, x.scale, x.zero_point)
    return one_op(
        op, op, [x], [y], padding=padding, fused_activation_function=draw(ACTIVATIONS),
        filter_height=window[0], filter_width=window[1], stride_h=stride[0], stride_w=stride[1],
    )  # fmt: skip


DRAWS = {
    f"{op} {type_.lower()}": _pool(op, type_)
    for op in ("AVERAGE_POOL_2D", "MAX_POOL_2D")
    for type_ in (*QUANTIZED, "FLOAT32")
}
