"""DILATE, REDUCE_WINDOW and the StableHLO operators that LiteRT runs on windows and listed places."""

from typing import Any

import numpy as np
from hypothesis import strategies as st
from numpy.typing import NDArray

from intengine.model import TensorType
from intengine.writer import ModelBuilder
from tests.cases import Problem
from tests.cases._build import constant, given, one_op, result
from tests.draws._build import Draw, shapes, values

ANY = ("INT8", "UINT8", "INT16", "INT32", "INT64", "FLOAT32", "BOOL")
NUMBERS = ANY[:-1]


@st.composite
def dilate(draw: Draw, type_: str) -> Problem:
    shape = draw(shapes(1, 4, (1, 4)))
    by = [draw(st.integers(1, 3)) for _ in shape]
    out = [(n - 1) * d + 1 for n, d in zip(shape, by, strict=True)]
    inputs = [given(type_, draw(values(type_, shape))), constant("INT32", by), given(type_, draw(values(type_, ())))]
    return one_op("dilate", "DILATE", inputs, [result(type_, out)])


@st.composite
def stablehlo_pad(draw: Draw, type_: str) -> Problem:
    shape = draw(shapes(1, 4, (1, 4)))
    low, high, between = ([draw(st.integers(-2 if k < 2 else 0, 2)) for _ in shape] for k in range(3))
    out = [a + n + (n - 1) * c + b for n, a, b, c in zip(shape, low, high, between, strict=True)]
    if min(out) < 1:
        out = [0] * len(shape)
    inputs = [given(type_, draw(values(type_, shape))), given(type_, draw(values(type_, ())))]
    return one_op(
        "pad", "STABLEHLO_PAD", inputs, [result(type_, out)],
        edge_padding_low=low, edge_padding_high=high, interior_padding=between,
    )  # fmt: skip


@st.composite
def _values(draw: Draw, type_: str, shape: tuple[int, ...] | list[int]) -> NDArray[Any]:
    """Of floats sometimes few and special ones: zeros of both signs, NaN, infinities."""
    if type_.startswith("FLOAT") and draw(st.booleans()):
        rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
        special = np.array([0.0, -0.0, 1.0, -1.0, np.nan, np.inf, -np.inf])[: draw(st.integers(2, 7))]
        return rng.choice(special, shape).astype(TensorType[type_].dtype)
    found: NDArray[Any] = draw(values(type_, shape))
    return found


def _split(draw: Draw, rank: int) -> tuple[list[int], list[int]]:
    """Two disjoint sorted lists of axes that make up 0..rank - 1."""
    first = [axis for axis in range(rank) if draw(st.booleans())]
    return first, [axis for axis in range(rank) if axis not in first]


@st.composite
def stablehlo_gather(draw: Draw, type_: str) -> Problem:
    shape = draw(shapes(1, 3, (1, 5)))
    rank = len(shape)
    dropped, _ = _split(draw, rank)
    window = [1 if axis in dropped else draw(st.integers(1, n)) for axis, n in enumerate(shape)]
    mapped = draw(st.permutations(range(rank)))[: draw(st.integers(1, rank))]
    listed = draw(shapes(1, 2, (1, 4)))
    vector = draw(st.integers(0, len(listed)))
    kind = draw(st.sampled_from(["INT32", "INT64"]))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    indices = rng.integers(-1, 6, (*listed[:vector], len(mapped), *listed[vector:]))
    out_rank = len(listed) + rank - len(dropped)
    offset = sorted(draw(st.permutations(range(out_rank)))[: rank - len(dropped)])
    rest, slices = iter(listed), iter(n for axis, n in enumerate(window) if axis not in dropped)
    out = [next(slices) if axis in offset else next(rest) for axis in range(out_rank)]
    return one_op(
        "gather", "STABLEHLO_GATHER", [given(type_, draw(values(type_, shape))), given(kind, indices)],
        [result(type_, out)], offset_dims=offset, collapsed_slice_dims=dropped, start_index_map=list(mapped),
        index_vector_dim=vector, slice_sizes=window,
    )  # fmt: skip


def _binary(b: ModelBuilder, type_: str, op: str | None) -> None:
    body = b.subgraph("body")
    x, y = body.tensor("a", type_, ()), body.tensor("b", type_, ())
    body.inputs, body.outputs = [x, y], [y]
    if op:
        z = body.tensor("c", type_, ())
        body.op(op, [x, y], [z])
        body.outputs = [z]


@st.composite
def stablehlo_scatter(draw: Draw, type_: str) -> Problem:
    shape = draw(shapes(1, 3, (1, 5)))
    rank = len(shape)
    inserted, kept = _split(draw, rank)
    window = [draw(st.integers(1, shape[axis])) for axis in kept]
    mapped = draw(st.permutations(range(rank)))[: draw(st.integers(1, rank))]
    listed = draw(shapes(1, 2, (1, 3)))
    vector = draw(st.integers(0, len(listed)))
    kind = draw(st.sampled_from(["INT32", "INT64"]))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    sizes, far = iter(window), draw(st.sampled_from([0, 0, 1]))
    room = [n - (next(sizes) if axis in kept else 1) for axis, n in enumerate(shape)]
    indices = np.stack([rng.integers(-far, room[axis] + 1 + far, listed) for axis in mapped], axis=vector)
    update_rank = len(listed) + len(kept)
    shown = sorted(draw(st.permutations(range(update_rank)))[: len(kept)])
    rest, slices = iter(listed), iter(window)
    updates = [next(slices) if axis in shown else next(rest) for axis in range(update_rank)]
    op = draw(st.sampled_from([None, "STABLEHLO_ADD", "STABLEHLO_MULTIPLY", "STABLEHLO_MAXIMUM", "STABLEHLO_MINIMUM"]))
    b = ModelBuilder()
    _binary(b, type_, op)
    x, i, u = b.tensor("x", type_, shape), b.tensor("i", kind, indices.shape), b.tensor("u", type_, updates)
    y = b.tensor("y", type_, shape)
    b.op("STABLEHLO_SCATTER", [x, i, u], [y], update_window_dims=shown, inserted_window_dims=inserted,
         scatter_dims_to_operand_dims=list(mapped), index_vector_dim=vector,
         update_computation_subgraph_index=1)  # fmt: skip
    inputs = (draw(_values(type_, shape)), indices.astype(np.int32 if kind == "INT32" else np.int64),
              draw(_values(type_, tuple(updates))))  # fmt: skip
    return Problem("scatter", b.to_bytes([x, i, u], [y]), inputs)


@st.composite
def reduce_window(draw: Draw, type_: str) -> Problem:
    shape = draw(shapes(1, 3, (2, 6)))
    sizes, strides, by = ([draw(st.integers(1, most)) for _ in shape] for most in (3, 2, 2))
    sizes = [min(k, (n - 1) // d + 1) for k, n, d in zip(sizes, shape, by, strict=True)]
    out = [(n - ((k - 1) * d + 1)) // s + 1 for n, k, d, s in zip(shape, sizes, by, strides, strict=True)]
    # LiteRT adds bools as bytes and leaves others than 0 and 1 behind.
    function = draw(st.sampled_from([2, 3, 4, 5, 6] if type_ == "BOOL" else [1, 2, 3, 4, 5, 6]))
    lists = [constant("INT64", part) for part in (sizes, strides, by)]
    inputs = [given(type_, draw(_values(type_, shape))), given(type_, draw(_values(type_, ()))), *lists]
    return one_op("reduce_window", "REDUCE_WINDOW", inputs, [result(type_, out)], reduce_function=function)


@st.composite
def stablehlo_reduce_window(draw: Draw, type_: str) -> Problem:
    shape = draw(shapes(1, 3, (2, 5)))
    sizes, strides, by, base = ([draw(st.integers(1, most)) for _ in shape] for most in (3, 2, 2, 2))
    pads = [[draw(st.integers(-1, 2)), draw(st.integers(0, 2))] for _ in shape]
    wide = [(n - 1) * b + 1 + sum(p) for n, b, p in zip(shape, base, pads, strict=True)]
    sizes = [min(k, (n - 1) // d + 1) for k, n, d in zip(sizes, wide, by, strict=True)]
    out = [(n - ((k - 1) * d + 1)) // s + 1 for n, k, d, s in zip(wide, sizes, by, strides, strict=True)]
    ops = ["MUL", "STABLEHLO_MULTIPLY", "MAXIMUM", "STABLEHLO_MAXIMUM", "STABLEHLO_MINIMUM", "LOGICAL_OR"]
    if type_ != "BOOL":
        ops += ["ADD", "STABLEHLO_ADD"]
    b = ModelBuilder()
    _binary(b, type_, draw(st.sampled_from(ops)))
    x, first, y = b.tensor("x", type_, shape), b.tensor("init", type_, ()), b.tensor("y", type_, out)
    b.op("STABLEHLO_REDUCE_WINDOW", [x, first], [y], window_dimensions=sizes, window_strides=strides,
         base_dilations=base, window_dilations=by, padding=[n for p in pads for n in p],
         body_subgraph_index=1)  # fmt: skip
    return Problem(
        "reduce_window", b.to_bytes([x, first], [y]), (draw(_values(type_, shape)), draw(_values(type_, ())))
    )


def _keys(op: str, strategy: Any, types: tuple[str, ...]) -> dict[str, Any]:
    return {f"{op} {t.lower()}": strategy(t) for t in types}


DRAWS = {
    **_keys("DILATE", dilate, ANY),
    **_keys("STABLEHLO_PAD", stablehlo_pad, ANY),
    **_keys("STABLEHLO_GATHER", stablehlo_gather, ANY),
    **_keys("STABLEHLO_SCATTER", stablehlo_scatter, (*NUMBERS, "FLOAT16", "FLOAT64")),
    **_keys("REDUCE_WINDOW", reduce_window, (*ANY, "FLOAT64")),
    **_keys("STABLEHLO_REDUCE_WINDOW", stablehlo_reduce_window, (*ANY, "FLOAT64")),
}
