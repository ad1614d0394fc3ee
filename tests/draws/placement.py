"""Operators that repeat, reverse, scatter and place elements."""

from typing import Any

import numpy as np
from hypothesis import strategies as st

from tests.cases import Problem
from tests.cases._build import Operand, constant, given, one_op, result
from tests.draws._build import Draw, shapes, values

ANY = ("INT8", "UINT8", "INT16", "INT32", "INT64", "FLOAT32", "BOOL")
QUANTIZED = ("INT8", "UINT8", "INT16")


def _scale(type_: str) -> tuple[Any, Any]:
    return (0.5, 3 if type_ != "INT16" else 0) if type_ in QUANTIZED else (None, None)


def _given(draw: Draw, type_: str, shape: tuple[int, ...], fixed: bool = False) -> Operand:
    return Operand(type_, shape, draw(values(type_, shape)), *_scale(type_), constant=fixed)


def _out(type_: str, shape: tuple[int, ...]) -> Operand:
    return result(type_, shape, *_scale(type_))


def _list(draw: Draw, type_: str, data: Any) -> Operand:
    """Parameters, mostly constants."""
    return (given if draw(st.integers(0, 4)) == 0 else constant)(type_, np.array(data))


@st.composite
def tile(draw: Draw, type_: str) -> Problem:
    shape = draw(shapes(1, 4, (1, 5)))
    counts = [draw(st.integers(0 if i == 0 and draw(st.integers(0, 9)) == 0 else 1, 3)) for i in range(len(shape))]
    out = tuple(n * c for n, c in zip(shape, counts, strict=True))
    kind = draw(st.sampled_from(["INT32", "INT64"]))
    return one_op("tile", "TILE", [_given(draw, type_, shape), _list(draw, kind, counts)], [_out(type_, out)])


@st.composite
def broadcast_to(draw: Draw, type_: str) -> Problem:
    full = draw(shapes(1, 5, (1, 5)))
    small = tuple(1 if draw(st.booleans()) else n for n in full)[draw(st.integers(0, len(full) - 1)) :]
    kind = draw(st.sampled_from(["INT32", "INT64"]))
    x = _given(draw, type_, small)
    return one_op("broadcast_to", "BROADCAST_TO", [x, _list(draw, kind, full)], [_out(type_, full)], version=2)


@st.composite
def broadcast_args(draw: Draw, type_: str) -> Problem:
    full = draw(shapes(1, 5, (1, 9)))
    pair = []
    for _ in range(2):
        small = [1 if draw(st.booleans()) else n for n in full][draw(st.integers(0, len(full) - 1)) :]
        pair.append(_list(draw, type_, small))
    size = max(operand.shape[0] for operand in pair)
    return one_op("broadcast_args", "BROADCAST_ARGS", pair, [result(type_, (size,))])


@st.composite
def space_to_batch(draw: Draw, type_: str) -> Problem:
    middle = draw(shapes(1, 2, (1, 4)))
    block = [draw(st.integers(1, 3)) for _ in middle]
    pads = [(draw(st.integers(0, 2)), draw(st.integers(0, 2))) for _ in middle]
    sizes = []
    for n, step, pair in zip(middle, block, pads, strict=True):
        sizes.append(max(1, n * step - sum(pair)))
    pads = [(a, (-(n + a)) % step) for n, step, (a, _) in zip(sizes, block, pads, strict=True)]
    batch, depth = draw(st.integers(1, 3)), draw(st.integers(1, 3))
    shape = (batch, *sizes, depth)
    after = [(n + sum(pair)) // step for n, step, pair in zip(sizes, block, pads, strict=True)]
    out = (batch * int(np.prod(block)), *after, depth)
    inputs = [_given(draw, type_, shape), _list(draw, "INT32", block), _list(draw, "INT32", pads)]
    return one_op("space_to_batch", "SPACE_TO_BATCH_ND", inputs, [_out(type_, out)], version=2)


@st.composite
def batch_to_space(draw: Draw, type_: str) -> Problem:
    middle = draw(shapes(1, 2, (1, 4)))
    block = [draw(st.integers(1, 3)) for _ in middle]
    crops = []
    for n, step in zip(middle, block, strict=True):
        before = draw(st.integers(0, n * step - 1))
        crops.append((before, draw(st.integers(0, n * step - 1 - before))))
    batch, depth = draw(st.integers(1, 3)), draw(st.integers(1, 3))
    shape = (batch * int(np.prod(block)), *middle, depth)
    out = (batch, *(n * step - sum(pair) for n, step, pair in zip(middle, block, crops, strict=True)), depth)
    inputs = [_given(draw, type_, shape), _list(draw, "INT32", block), _list(draw, "INT32", crops)]
    return one_op("batch_to_space", "BATCH_TO_SPACE_ND", inputs, [_out(type_, out)], version=2)


@st.composite
def reverse(draw: Draw, type_: str) -> Problem:
    shape = draw(shapes(1, 5, (1, 5)))
    axes = draw(st.lists(st.integers(0, len(shape) - 1), min_size=1, unique=True))
    if draw(st.integers(0, 2)):
        # Neighbouring axes in any order; LiteRT refuses others.
        first = draw(st.integers(0, len(shape) - 1))
        axes = list(range(first, draw(st.integers(first, len(shape) - 1)) + 1))
    x = _given(draw, type_, shape)
    return one_op("reverse", "REVERSE_V2", [x, constant("INT32", np.array(axes))], [_out(type_, shape)], version=3)


@st.composite
def reverse_sequence(draw: Draw, type_: str) -> Problem:
    shape = draw(shapes(2, 4, (1, 5)))
    steps, batch = draw(st.permutations(range(len(shape))))[:2]
    lengths = [draw(st.integers(-1, shape[steps])) for _ in range(shape[batch])]
    kind = draw(st.sampled_from(["INT32", "INT64"]))
    inputs = [_given(draw, type_, shape), _list(draw, kind, lengths)]
    return one_op("reverse_sequence", "REVERSE_SEQUENCE", inputs, [_out(type_, shape)], seq_dim=steps, batch_dim=batch)


@st.composite
def one_hot(draw: Draw, type_: str) -> Problem:
    shape = draw(shapes(1, 3, (1, 5)))
    depth, axis = draw(st.integers(1, 6)), draw(st.integers(-1, len(shape)))
    kind = draw(st.sampled_from(["INT32", "INT64"]))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    # LiteRT takes the lower half of an int64.
    upper = 2**32 * rng.integers(-1, 2, shape) if kind == "INT64" else 0
    indices = given(kind, rng.integers(-1, depth + 1, shape) + upper)
    on, off = (_given(draw, type_, ()) for _ in range(2))
    at = axis % (len(shape) + 1)
    out = (*shape[:at], depth, *shape[at:])
    inputs = [indices, _list(draw, "INT32", depth), on, off]
    return one_op("one_hot", "ONE_HOT", inputs, [_out(type_, out)], axis=axis)


@st.composite
def dynamic_update_slice(draw: Draw, type_: str) -> Problem:
    shape = draw(shapes(1, 4, (1, 6)))
    part = tuple(draw(st.integers(1, n)) for n in shape)
    starts = [draw(st.integers(-2, n + 2)) for n in shape]
    kind = draw(st.sampled_from(["INT32", "INT64"]))
    inputs = [_given(draw, type_, shape), _given(draw, type_, part), given(kind, starts)]
    return one_op("dynamic_update_slice", "DYNAMIC_UPDATE_SLICE", inputs, [_out(type_, shape)], version=2)


@st.composite
def matrix_diag(draw: Draw, type_: str) -> Problem:
    shape = draw(shapes(1, 3, (1, 6)))
    return one_op("matrix_diag", "MATRIX_DIAG", [_given(draw, type_, shape)], [_out(type_, (*shape, shape[-1]))])


@st.composite
def matrix_set_diag(draw: Draw, type_: str) -> Problem:
    shape = draw(shapes(2, 4, (1, 6)))
    diagonal = (*shape[:-2], min(shape[-2:]))
    inputs = [_given(draw, type_, shape), _given(draw, type_, diagonal)]
    return one_op("matrix_set_diag", "MATRIX_SET_DIAG", inputs, [_out(type_, shape)])


SIZES = {
    "INT8": 1,
    "UINT8": 1,
    "INT16": 2,
    "UINT16": 2,
    "INT32": 4,
    "UINT32": 4,
    "FLOAT32": 4,
    "INT64": 8,
    "FLOAT64": 8,
}


@st.composite
def bitcast(draw: Draw, type_: str) -> Problem:
    other = draw(st.sampled_from(sorted(SIZES)))
    shape, a, b = draw(shapes(1, 3, (1, 5))), SIZES[type_], SIZES[other]
    source = (*shape, b // a) if b > a else shape
    target = (*shape, a // b) if a > b else shape
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    # Integers below 2**30 in absolute value make no NaN, whose bits a copy may change.
    data = rng.integers(0, 100, source)
    return one_op("bitcast", "BITCAST", [given(type_, data)], [result(other, target)])


@st.composite
def scatter(draw: Draw, type_: str) -> Problem:
    shape = draw(shapes(1, 4, (1, 5)))
    depth, count = draw(st.integers(1, len(shape))), draw(st.integers(1, 6))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    indices = np.stack([rng.integers(0, n, count) for n in shape[:depth]], axis=1)
    updates = _given(draw, type_, (count, *shape[depth:]))
    inputs = [_list(draw, "INT32", indices), updates, _list(draw, "INT32", shape)]
    return one_op("scatter", "SCATTER_ND", inputs, [_out(type_, shape)])


@st.composite
def sparse_to_dense(draw: Draw, type_: str) -> Problem:
    shape = draw(shapes(1, 4, (1, 5)))
    places = draw(st.lists(st.integers(0, int(np.prod(shape)) - 1), min_size=1, max_size=6, unique=True))
    kind = draw(st.sampled_from(["INT32", "INT64"]))
    indices: Any = np.stack(np.unravel_index(sorted(places), shape), axis=1)
    if len(shape) == 1 and draw(st.booleans()):
        indices = indices[:, 0]
    one = draw(st.booleans())
    inputs = [
        _list(draw, kind, indices),
        _list(draw, kind, shape),
        _given(draw, type_, () if one else (len(places),)),
        _given(draw, type_, ()),
    ]
    return one_op("sparse_to_dense", "SPARSE_TO_DENSE", inputs, [_out(type_, shape)], version=3)


@st.composite
def range_(draw: Draw, type_: str) -> Problem:
    if type_ == "FLOAT32":
        start, delta = (
            draw(st.floats(-9, 9, width=32)),
            draw(st.floats(0.125, 4, width=32)) * draw(st.sampled_from([1, -1])),
        )
    else:
        start, delta = draw(st.integers(-99, 99)), draw(st.integers(1, 9)) * draw(st.sampled_from([1, -1]))
    limit = start + delta * draw(st.integers(0, 12)) + delta * draw(st.sampled_from([0, 0.5]))
    numbers = [np.array(n).astype(np.float32 if type_ == "FLOAT32" else np.int64) for n in (start, limit, delta)]
    inputs = [_list(draw, type_, n) for n in numbers]
    return one_op("range", "RANGE", inputs, [result(type_, (1,))])


@st.composite
def zeros_like(draw: Draw, type_: str) -> Problem:
    shape = draw(shapes(0, 4))
    return one_op("zeros_like", "ZEROS_LIKE", [_given(draw, type_, shape)], [_out(type_, shape)])


def _keys(op: str, strategy: Any, types: tuple[str, ...]) -> dict[str, Any]:
    return {f"{op} {t.lower()}": strategy(t) for t in types}


DRAWS = {
    **_keys("TILE", tile, ANY),
    **_keys("BROADCAST_TO", broadcast_to, ANY),
    **_keys("BROADCAST_ARGS", broadcast_args, ("INT32", "INT64")),
    **_keys("SPACE_TO_BATCH_ND", space_to_batch, ("INT8", "UINT8", "INT16", "INT32", "INT64", "FLOAT32")),
    **_keys("BATCH_TO_SPACE_ND", batch_to_space, ("INT8", "UINT8", "INT16", "INT32", "INT64", "FLOAT32")),
    **_keys("REVERSE_V2", reverse, ANY),
    **_keys("REVERSE_SEQUENCE", reverse_sequence, ("UINT8", "INT16", "INT32", "INT64", "FLOAT32")),
    **_keys("ONE_HOT", one_hot, ("INT8", "UINT8", "INT32", "INT64", "FLOAT32", "BOOL")),
    **_keys("DYNAMIC_UPDATE_SLICE", dynamic_update_slice, ANY),
    # LiteRT leaves the output of BOOL unwritten.
    **_keys("MATRIX_DIAG", matrix_diag, ANY[:-1]),
    **_keys("MATRIX_SET_DIAG", matrix_set_diag, ANY[:-1]),
    **_keys("BITCAST", bitcast, tuple(SIZES)),
    **_keys("SCATTER_ND", scatter, ("INT8", "UINT8", "INT32", "INT64", "FLOAT32", "BOOL")),
    **_keys("SPARSE_TO_DENSE", sparse_to_dense, ("INT8", "UINT8", "INT32", "INT64", "FLOAT32")),
    **_keys("RANGE", range_, ("INT32", "INT64", "FLOAT32")),
    **_keys("ZEROS_LIKE", zeros_like, ("INT32", "INT64", "FLOAT32")),
}
