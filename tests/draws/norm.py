"""L2_NORMALIZATION, LOCAL_RESPONSE_NORMALIZATION and L2_POOL_2D."""

from hypothesis import strategies as st

from tests.cases import Problem
from tests.cases._build import given, one_op, result
from tests.draws._build import Draw, scales, shapes, values, zero_points


@st.composite
def l2_normalization(draw: Draw, type_: str) -> Problem:
    shape = draw(shapes(2, 4, (1, 9)))
    if type_ == "FLOAT32":
        x, out = given(type_, draw(values(type_, shape))), result(type_, shape)
    else:
        zero_point = draw(zero_points(type_))
        x = given(type_, draw(values(type_, shape, near=zero_point)), draw(scales()), zero_point)
        out = result(type_, shape, 1 / 128, 0 if type_ == "INT8" else 128)
    return one_op("l2_normalization", "L2_NORMALIZATION", [x], [out], version=2)


@st.composite
def local_response(draw: Draw) -> Problem:
    shape = draw(shapes(4, 4, (1, 7)))
    numbers = {"bias": draw(st.sampled_from([1.0, 2.0, 9.0])), "alpha": draw(st.sampled_from([0.5, 1.0, 4.0]))}
    options = {"radius": draw(st.integers(0, 5)), "beta": draw(st.sampled_from([0.5, 0.75, 1.0])), **numbers}
    x = given("FLOAT32", draw(values("FLOAT32", shape)))
    return one_op("local_response", "LOCAL_RESPONSE_NORMALIZATION", [x], [result("FLOAT32", shape)], **options)


@st.composite
def l2_pool(draw: Draw) -> Problem:
    batch, height, width, depth = draw(shapes(4, 4, (1, 7)))
    kh, kw = draw(st.integers(1, height)), draw(st.integers(1, width))
    stride_h, stride_w, padding = draw(st.integers(1, 3)), draw(st.integers(1, 3)), draw(st.integers(0, 1))
    if padding == 0:
        size = -(-height // stride_h), -(-width // stride_w)
    else:
        size = (height - kh) // stride_h + 1, (width - kw) // stride_w + 1
    x = given("FLOAT32", draw(values("FLOAT32", (batch, height, width, depth))))
    return one_op(
        "l2_pool", "L2_POOL_2D", [x], [result("FLOAT32", (batch, *size, depth))], padding=padding, stride_h=stride_h,
        stride_w=stride_w, filter_height=kh, filter_width=kw, fused_activation_function=draw(st.integers(0, 3)),
    )  # fmt: skip


DRAWS = {
    **{f"L2_NORMALIZATION {t.lower()}": l2_normalization(t) for t in ("INT8", "UINT8", "FLOAT32")},
    "LOCAL_RESPONSE_NORMALIZATION": local_response(),
    "L2_POOL_2D": l2_pool(),
}
