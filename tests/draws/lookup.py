"""Operators that look rows up, and hashes."""

import numpy as np
from hypothesis import strategies as st

from tests.cases import Problem
from tests.cases._build import constant, given, one_op, result
from tests.draws._build import Draw, scales, shapes, tensors, values

QUANTIZED = {"INT8": (-128, 127), "UINT8": (0, 255), "INT4": (-8, 7), "INT2": (-2, 1)}


@st.composite
def _embedding(draw: Draw, type_: str) -> Problem:
    rows, row = draw(st.integers(1, 6)), draw(shapes(1, 2, (1, 5)))
    table = draw(tensors(type_, (rows, *row), constant=None))
    places = draw(st.lists(st.integers(0, rows - 1), min_size=1, max_size=5))
    out = result(type_, (len(places), *row), table.scale, table.zero_point)
    return one_op("EMBEDDING_LOOKUP", "EMBEDDING_LOOKUP", [given("INT32", places), table], [out])


@st.composite
def _dequantized(draw: Draw, type_: str, out: str) -> Problem:
    rows, row = draw(st.integers(1, 6)), draw(shapes(1, 2, (1, 9)))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    lo, hi = QUANTIZED[type_]
    count = draw(st.sampled_from([1, rows]))
    factors = draw(st.lists(scales(), min_size=count, max_size=count))
    table = constant(type_, rng.integers(lo, hi + 1, (rows, *row)), factors, [0] * count)
    places = draw(st.lists(st.integers(0, rows - 1), min_size=1, max_size=5))
    outputs = [result(out, (len(places), *row))]
    return one_op("EMBEDDING_LOOKUP", "EMBEDDING_LOOKUP", [given("INT32", places), table], outputs, version=4)


@st.composite
def _sparse(draw: Draw) -> Problem:
    count, rank, rows = draw(st.integers(1, 9)), draw(st.integers(1, 3)), draw(st.integers(1, 5))
    sizes, row = draw(shapes(rank, rank, (1, 3))), draw(shapes(1, 2, (1, 4)))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    places = rng.integers(0, sizes, (count, rank))
    if draw(st.integers(0, 3)):
        places = places[np.lexsort(places.T[::-1])]
    ids, weights = rng.integers(0, rows, count), draw(values("FLOAT32", (count,)))
    shape = (constant if draw(st.booleans()) else given)("INT32", sizes)
    table = given("FLOAT32", draw(values("FLOAT32", (rows, *row))))
    inputs = [given("INT32", ids), given("INT32", places), shape, given("FLOAT32", weights), table]
    out, name = result("FLOAT32", (*sizes[:-1], *row)), "EMBEDDING_LOOKUP_SPARSE"
    return one_op(name, name, inputs, [out], combiner=draw(st.integers(0, 2)))


@st.composite
def _hashtable(draw: Draw, type_: str) -> Problem:
    # The comparison of far keys overflows in LiteRT, which is undefined; of equal keys either may be found.
    keys = sorted(draw(st.lists(st.integers(-9, 9), min_size=1, max_size=12)))
    wanted = draw(st.lists(st.integers(-10, 10), min_size=1, max_size=9))
    row = draw(shapes(0, 2, (1, 4)))
    table = draw(tensors(type_, (len(keys), *row), constant=None))
    out = result(type_, (len(wanted), *row), table.scale, table.zero_point)
    inputs = [given("INT32", wanted), constant("INT32", keys), table]
    return one_op("HASHTABLE_LOOKUP", "HASHTABLE_LOOKUP", inputs, [out, result("UINT8", (len(wanted),))])


@st.composite
def _lsh(draw: Draw, type_: str) -> Problem:
    # With 32 bits LiteRT shifts an int32 by 32, which is undefined.
    hashes, bits = draw(st.integers(1, 4)), draw(st.integers(1, 31))
    count, row = draw(st.integers(1, 4)), draw(st.integers(1, 150))
    inputs = [constant("FLOAT32", draw(values("FLOAT32", (hashes, bits)))), draw(tensors(type_, (count, row)))]
    if draw(st.booleans()):
        inputs.append(given("FLOAT32", draw(values("FLOAT32", (count,)))))
    kind = draw(st.integers(1, 2))
    out = result("INT32", (hashes if kind == 1 else hashes * bits,))
    return one_op("LSH_PROJECTION", "LSH_PROJECTION", inputs, [out], type=kind)


_COPIED = ("FLOAT32", "INT8", "UINT8", "INT16", "INT32", "INT64", "BOOL")
DRAWS = {
    **{f"EMBEDDING_LOOKUP {t.lower()}": _embedding(t) for t in _COPIED},
    **{
        f"EMBEDDING_LOOKUP {t.lower()} to {out.lower()}": _dequantized(t, out)
        for t in QUANTIZED
        for out in ("FLOAT32", "FLOAT16")
    },
    "EMBEDDING_LOOKUP_SPARSE float32": _sparse(),
    **{f"HASHTABLE_LOOKUP {t.lower()}": _hashtable(t) for t in _COPIED},
    **{f"LSH_PROJECTION {t.lower()}": _lsh(t) for t in ("UINT8", "INT32", "FLOAT32")},
}
