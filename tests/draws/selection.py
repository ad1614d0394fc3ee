"""Operators that pick, count and group elements."""

from typing import Any

import numpy as np
from hypothesis import strategies as st

from tests.cases import Problem
from tests.cases._build import Operand, constant, given, one_op, result
from tests.draws._build import Draw, shapes, tensors, values

ORDERED = ("FLOAT32", "INT8", "UINT8", "INT16", "INT32", "INT64")


@st.composite
def _crowded(draw: Draw, type_: str, shape: tuple[int, ...]) -> Operand:
    """Drawn elements, or a few that come often; a scale for quantized types."""
    operand = draw(tensors(type_, shape))
    if draw(st.booleans()):
        few = draw(values(type_, (draw(st.integers(1, 4)),)))
        rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
        operand = Operand(type_, shape, rng.choice(few, shape), operand.scale, operand.zero_point)
    return operand


def _like(x: Operand, shape: tuple[int, ...]) -> Operand:
    return result(x.type, shape, x.scale, x.zero_point)


@st.composite
def _top_k(draw: Draw, type_: str) -> Problem:
    shape = draw(shapes(1, 3, (1, 9)))
    x, k = draw(_crowded(type_, shape)), draw(st.integers(1, shape[-1]))
    count = (constant if draw(st.booleans()) else given)(draw(st.sampled_from(["INT16", "INT32"])), k)
    out = (*shape[:-1], k)
    places = result(draw(st.sampled_from(["INT16", "INT32"])), out)
    return one_op("TOPK_V2", "TOPK_V2", [x, count], [_like(x, out), places], version=3)


@st.composite
def _where(draw: Draw, type_: str) -> Problem:
    shape = draw(shapes(1, 4, (1, 5)))
    x = draw(_crowded(type_, shape))
    assert x.data is not None
    # LiteRT's Python interface cannot show empty results, so one element at least is not 0.
    keep = np.random.default_rng(draw(st.integers(0, 99))).random(shape) < 0.5
    data = np.where(keep, x.data, 0).astype(x.data.dtype)
    data.reshape(-1)[draw(st.integers(0, data.size - 1))] = 1
    x = Operand(type_, shape, data, x.scale, x.zero_point)
    return one_op("WHERE", "WHERE", [x], [result("INT64", (1, len(shape)))], version=2)


@st.composite
def _unique(draw: Draw, type_: str) -> Problem:
    x = draw(_crowded(type_, (draw(st.integers(1, 30)),)))
    places = draw(st.sampled_from(["INT32", "INT64"]))
    number = 2 if places == "INT32" else 4
    return one_op("UNIQUE", "UNIQUE", [x], [_like(x, x.shape), result(places, x.shape)], idx_out_type=number)


@st.composite
def _cumsum(draw: Draw, type_: str) -> Problem:
    shape = draw(shapes(1, 4, (1, 6)))
    x = draw(tensors(type_, shape))
    axis = constant("INT32", draw(st.integers(-len(shape), len(shape) - 1)))
    flags = {"exclusive": draw(st.booleans()), "reverse": draw(st.booleans())}
    return one_op("CUMSUM", "CUMSUM", [x, axis], [_like(x, shape)], **flags)


@st.composite
def _bucketize(draw: Draw, type_: str) -> Problem:
    x = draw(_crowded(type_, draw(shapes(1, 3))))
    assert x.data is not None
    some = st.sampled_from(x.data.reshape(-1).astype(np.float32).tolist()) | st.floats(-1e6, 1e6, width=32)
    boundaries = sorted(draw(st.lists(some, min_size=1, max_size=12)))
    return one_op("BUCKETIZE", "BUCKETIZE", [x], [result("INT32", x.shape)], boundaries=boundaries)


@st.composite
def _segments(draw: Draw, op: str, type_: str) -> Problem:
    rows, row = draw(st.integers(1, 9)), draw(shapes(0, 2, (1, 4)))
    x = draw(tensors(type_, (rows, *row)))
    kind = constant if draw(st.booleans()) else given
    if op == "SEGMENT_SUM":
        ids = np.cumsum([0, *draw(st.lists(st.integers(0, 1), min_size=rows - 1, max_size=rows - 1))])
        out = [result(type_, (int(ids[-1]) + 1, *row))]
        return one_op(op, op, [x, kind("INT32", ids)], out, resolver="optimized")
    count = draw(st.integers(1, 6))
    ids = np.array(draw(st.lists(st.integers(-1, count - 1), min_size=rows, max_size=rows)))
    inputs = [x, kind("INT32", ids), kind("INT32", count)]
    return one_op(op, op, inputs, [result(type_, (count, *row))])


@st.composite
def _suppression(draw: Draw, op: str) -> Problem:
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    count, most = draw(st.integers(1, 60)), draw(st.integers(1, 40))
    # A grid makes boxes that touch, coincide and are empty; a few scores make ties.
    boxes = rng.integers(0, 5, (count, 4)) if draw(st.booleans()) else rng.random((count, 4)) * 3
    scores = rng.integers(0, 5, count) / 4 if draw(st.booleans()) else rng.random(count)
    limits = [draw(st.sampled_from(choices)) for choices in ([0.3, 0.5, 0.05, 1.0, 0.0], [0.0, 0.25, -1.0])]
    inputs: list[Any] = [given("FLOAT32", boxes), given("FLOAT32", scores)]
    inputs.append((constant if draw(st.booleans()) or op.endswith("4") else given)("INT32", most))
    inputs += [(constant if draw(st.booleans()) else given)("FLOAT32", limit) for limit in limits]
    outputs = [result("INT32", (most,)), result("INT32", ())]
    if op.endswith("4"):
        return one_op(op, op, inputs, outputs)
    inputs.append(given("FLOAT32", draw(st.sampled_from([0.0, 0.1, 0.5, 2.0]))))
    outputs.insert(1, result("FLOAT32", (most,)))
    return one_op(op, op, inputs, outputs)


DRAWS = {
    **{f"TOPK_V2 {t.lower()}": _top_k(t) for t in ORDERED},
    **{f"WHERE {t.lower()}": _where(t) for t in ("BOOL", "FLOAT32", "INT8", "UINT8", "INT32", "UINT32", "INT64")},
    **{f"UNIQUE {t.lower()}": _unique(t) for t in ORDERED},
    **{f"CUMSUM {t.lower()}": _cumsum(t) for t in ("FLOAT32", "INT32", "INT64")},
    **{f"BUCKETIZE {t.lower()}": _bucketize(t) for t in ("FLOAT32", "FLOAT64", "INT32", "INT64")},
    **{
        f"{op} {t.lower()}": _segments(op, t)
        for op in ("SEGMENT_SUM", *(f"UNSORTED_SEGMENT_{name}" for name in ("SUM", "PROD", "MAX", "MIN")))
        for t in ("FLOAT32", "INT32")
    },
    **{f"{op} float32": _suppression(op) for op in ("NON_MAX_SUPPRESSION_V4", "NON_MAX_SUPPRESSION_V5")},
}
