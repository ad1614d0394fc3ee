"""Operators that run subgraphs, and resource variables: drawn chains of operators as branches and bodies."""

import numpy as np
from hypothesis import strategies as st

from tests.cases import Problem
from tests.cases._graphs import accumulator, case, composite, conditional, loop
from tests.draws._build import Draw, shapes, values

TYPES = ("INT8", "INT32", "FLOAT32")
OPS = st.lists(st.sampled_from(["ADD", "SUB", "MUL"]), min_size=1, max_size=3)


@st.composite
def _if(draw: Draw, type_: str) -> Problem:
    shape = draw(shapes())
    model = conditional(type_, shape, draw(values(type_, shape[-1:])), draw(OPS), draw(OPS))
    return Problem("if", model, (np.array([draw(st.booleans())]), draw(values(type_, shape))))


@st.composite
def _case(draw: Draw, type_: str) -> Problem:
    shape = draw(shapes())
    branches = draw(st.lists(OPS, min_size=1, max_size=4))
    model = case(type_, shape, draw(values(type_, shape[-1:])), branches)
    index = np.array([draw(st.integers(-2, 5))], np.int32)
    return Problem("case", model, (index, draw(values(type_, shape))), resolver="optimized")


@st.composite
def _while(draw: Draw, type_: str) -> Problem:
    shape = draw(shapes())
    model = loop(type_, shape, draw(values(type_, shape[-1:])), draw(OPS), draw(st.integers(0, 6)))
    start = np.zeros(1, np.int32)
    return Problem("while", model, (start, draw(values(type_, shape))), then=((start, draw(values(type_, shape))),))


@st.composite
def _composite(draw: Draw, type_: str) -> Problem:
    shape = draw(shapes())
    return Problem(
        "composite", composite(type_, shape, draw(values(type_, shape[-1:])), draw(OPS)), (draw(values(type_, shape)),)
    )


@st.composite
def _variable(draw: Draw, type_: str) -> Problem:
    shape = draw(shapes())
    inputs = draw(st.lists(values(type_, shape), min_size=2, max_size=4))
    model = accumulator(type_, shape, draw(values(type_, shape)))
    return Problem("variable", model, (inputs[0],), then=tuple((x,) for x in inputs[1:]))


DRAWS = {
    **{f"IF {t.lower()}": _if(t) for t in TYPES},
    **{f"STABLEHLO_CASE {t.lower()}": _case(t) for t in ("INT32", "FLOAT32")},
    **{f"WHILE {t.lower()}": _while(t) for t in TYPES},
    **{f"STABLEHLO_COMPOSITE {t.lower()}": _composite(t) for t in TYPES},
    **{f"CALL_ONCE VAR_HANDLE READ_VARIABLE ASSIGN_VARIABLE {t.lower()}": _variable(t) for t in TYPES},
}
