"""Random numbers from seeds, over several invocations."""

import dataclasses

import numpy as np
from hypothesis import strategies as st

from tests.cases import Problem
from tests.cases._build import constant, given, one_op, result
from tests.draws._build import Draw, shapes


@st.composite
def _seeds(draw: Draw) -> dict[str, int]:
    """Two seeds whose low 32 bits are not both 0: those make LiteRT draw seeds of its own."""
    seed = st.integers(-(2**63), 2**63 - 1) | st.integers(-3, 3)
    return {"seed": draw(seed.filter(lambda s: s % 2**32)), "seed2": draw(seed)}


@st.composite
def _random(draw: Draw, op: str) -> Problem:
    shape = draw(shapes(1, 3, (1, 9)))
    sizes = (constant if draw(st.booleans()) else given)("INT32", shape)
    out = [result("FLOAT32", shape)]
    problem = one_op(op, op, [sizes], out, **draw(_seeds()))
    return dataclasses.replace(problem, then=(problem.inputs,) * 2)


@st.composite
def _multinomial(draw: Draw, out: str) -> Problem:
    batch, classes, samples = draw(st.integers(1, 4)), draw(st.integers(1, 9)), draw(st.integers(1, 11))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    logits = rng.standard_normal((batch, classes)) * draw(st.sampled_from([0.1, 1.0, 30.0]))
    logits[rng.random(logits.shape) < draw(st.sampled_from([0, 0.3]))] = -np.inf
    count = (constant if draw(st.booleans()) else given)("INT32", samples)
    outputs = [result(out, (batch, samples))]
    problem = one_op("MULTINOMIAL", "MULTINOMIAL", [given("FLOAT32", logits), count], outputs, **draw(_seeds()))
    return dataclasses.replace(problem, then=(problem.inputs,) * 2)


@st.composite
def _bits(draw: Draw, out: str) -> Problem:
    algorithm = draw(st.integers(0, 2))
    size = 2 if algorithm == 2 else draw(st.integers(2, 3))
    word = st.integers(0, 2**64 - 1) | st.sampled_from([0, 2**32 - 1, 2**64 - 1])
    state = np.array(draw(st.lists(word, min_size=size, max_size=size)), np.uint64)
    outputs = [result("UINT64", (size,)), result(out, draw(shapes(1, 3, (1, 6))))]
    name = "STABLEHLO_RNG_BIT_GENERATOR"
    return one_op(name, name, [given("UINT64", state)], outputs, algorithm=algorithm)


DRAWS = {
    **{f"{op} float32": _random(op) for op in ("RANDOM_UNIFORM", "RANDOM_STANDARD_NORMAL")},
    **{f"MULTINOMIAL {t.lower()}": _multinomial(t) for t in ("INT32", "INT64")},
    **{f"STABLEHLO_RNG_BIT_GENERATOR {t.lower()}": _bits(t) for t in ("INT32", "INT64", "UINT32", "UINT64")},
}
