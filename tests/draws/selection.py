"""TOPK_V2, WHERE, UNIQUE, CUMSUM and NON_MAX_SUPPRESSION."""

from typing import Any

import numpy as np
from hypothesis import strategies as st

from tests.cases import Problem
from tests.cases._build import Operand, constant, given, one_op, result
from tests.draws._build import Draw, shapes, values

NUMBERS = ("FLOAT32", "INT8", "UINT8", "INT16", "INT32", "INT64")


def _few(draw: Draw, type_: str, shape: tuple[int, ...]) -> Any:
    """Values that repeat, or any."""
    if draw(st.booleans()):
        return draw(values(type_, shape))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    return rng.integers(0, 4, shape)


@st.composite
def top_k(draw: Draw, type_: str) -> Problem:
    shape = draw(shapes(1, 3, (1, 9)))
    k = draw(st.integers(1, shape[-1]))
    x = given(type_, _few(draw, type_, shape))
    make = draw(st.sampled_from([constant, constant, given]))
    outputs = [result(type_, (*shape[:-1], k)), result("INT32", (*shape[:-1], k))]
    return one_op("top_k", "TOPK_V2", [x, make("INT32", k)], outputs, version=2)


@st.composite
def where(draw: Draw, type_: str) -> Problem:
    shape = draw(shapes(1, 4, (1, 5)))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    data = rng.integers(0, 2, shape) * rng.integers(1, 100, shape)
    return one_op("where", "WHERE", [given(type_, data)], [result("INT64", (1, len(shape)))])


@st.composite
def unique(draw: Draw, type_: str) -> Problem:
    shape = draw(shapes(1, 1, (1, 20)))
    wide = draw(st.booleans())
    outputs = [result(type_, (1,)), result("INT64" if wide else "INT32", shape)]
    x = given(type_, _few(draw, type_, shape))
    return one_op("unique", "UNIQUE", [x], outputs, idx_out_type=4 if wide else 2)


@st.composite
def cumsum(draw: Draw, type_: str) -> Problem:
    shape = draw(shapes(1, 4, (1, 6)))
    axis = draw(st.integers(-len(shape), len(shape) - 1))
    flags = {"exclusive": draw(st.booleans()), "reverse": draw(st.booleans())}
    x = given(type_, draw(values(type_, shape)))
    return one_op("cumsum", "CUMSUM", [x, constant("INT32", axis)], [result(type_, shape)], **flags)


@st.composite
def suppression(draw: Draw, is_soft: bool) -> Problem:
    count, most = draw(st.integers(1, 20)), draw(st.integers(1, 12))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    corner = rng.uniform(0, 1, (count, 2))
    boxes = np.concatenate([corner, corner + rng.uniform(0.05, 0.5, (count, 2))], 1)
    if draw(st.booleans()):
        boxes = boxes[:, [2, 3, 0, 1]]
    scores = rng.uniform(0, 1, count)
    if draw(st.booleans()):
        scores, boxes = np.round(scores * 4) / 4, np.round(boxes * 4) / 4
    numbers = [draw(st.sampled_from(part)) for part in ([0.0, 0.3, 0.5, 1.0], [0.0, 0.2, 0.6], [0.0, 0.3, 1.0])]
    scalars: list[Operand] = [given("FLOAT32", n) for n in (numbers if is_soft else numbers[:2])]
    inputs = [given("FLOAT32", boxes), given("FLOAT32", scores), constant("INT32", most), *scalars]
    outputs = [result("INT32", (most,)), *([result("FLOAT32", (most,))] if is_soft else []), result("INT32", ())]
    op = f"NON_MAX_SUPPRESSION_V{5 if is_soft else 4}"
    return one_op("suppression", op, inputs, outputs)


def _keys(op: str, strategy: Any, types: tuple[str, ...]) -> dict[str, Any]:
    return {f"{op} {t.lower()}": strategy(t) for t in types}


DRAWS = {
    **_keys("TOPK_V2", top_k, NUMBERS),
    **_keys("WHERE", where, ("BOOL", "FLOAT32", "INT8", "UINT8", "INT32", "UINT32", "INT64")),
    **_keys("UNIQUE", unique, NUMBERS),
    **_keys("CUMSUM", cumsum, ("FLOAT32", "INT32", "INT64")),
    "NON_MAX_SUPPRESSION_V4": suppression(False),
    "NON_MAX_SUPPRESSION_V5": suppression(True),
}
