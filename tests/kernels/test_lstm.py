"""The LSTM cells' arithmetic, compiled and not, against unbounded integers and float32 steps."""

import math
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from intengine_kernels.eigen import (
    BLOCKED,
    BY_LANES,
    INNER,
    SMALL,
    add_product,
    logistic_alone,
    logistic_in_vector,
    logistic_row,
    tanh,
)
from intengine_kernels.lstm import inverse_square_root, normalize, update_cell

from intengine.ops._gemmlowp16 import logistic_table, tanh_table
from tests.kernels._both import both_ways
from tests.spec import lstm as spec

INT16 = st.integers(-32768, 32767)
SOME_INT16 = sorted({*range(-32768, 32768, 97), *range(-70, 71), *range(-32768, -32700), *range(32700, 32768)})


@pytest.fixture(autouse=True)
def _quiet_overflow() -> Iterator[None]:
    with np.errstate(all="ignore"):
        yield


def test_the_table_of_the_logistic_function() -> None:
    table = logistic_table(3)
    assert [int(table[x & 0xFFFF]) for x in SOME_INT16] == [spec.logistic16(x, 3) for x in SOME_INT16]


@pytest.mark.parametrize("integer_bits", range(7))
def test_the_tables_of_the_hyperbolic_tangent(integer_bits: int) -> None:
    table = tanh_table(integer_bits)
    assert [int(table[x & 0xFFFF]) for x in SOME_INT16] == [spec.tanh16(x, integer_bits) for x in SOME_INT16]


@both_ways(inverse_square_root)
@given(x=st.one_of(st.integers(1, 2**31 - 1), st.integers(1, 40), st.integers(0, 30).map(lambda k: 2**k)))
def test_the_inverse_square_root(run: Callable[..., Any], x: int) -> None:
    assert tuple(map(int, run(np.int64(x)))) == spec.inverse_square_root(x)


@both_ways(normalize)
@given(
    gates=st.lists(st.tuples(INT16, INT16, st.integers(-(2**20), 2**20)), min_size=1, max_size=9),
    guard=st.integers(1, 10),
    multiplier=st.integers(2**30, 2**31 - 1),
    shift=st.integers(-20, -12),
)
def test_layer_normalization(
    run: Callable[..., Any], gates: list[tuple[int, int, int]], guard: int, multiplier: int, shift: int
) -> None:
    gate, weights, bias = zip(*gates, strict=True)
    array = np.array(gate, np.int16)
    scale = (np.int32(multiplier), np.int32(shift))
    run(array, np.array(weights, np.int16), np.array(bias, np.int32), np.int32(guard), *scale)
    assert array.tolist() == spec.normalize(gate, weights, bias, guard, multiplier, shift)


@both_ways(update_cell)
@pytest.mark.parametrize("coupled", [False, True])
@given(
    values=st.lists(st.tuples(INT16, INT16, INT16, INT16), min_size=1, max_size=5),
    shift=st.integers(15, 21),
    clip=st.sampled_from([0, 1, 5000, 32767]),
)
@example(values=[(-32768, -32768, -32768, -32768)], shift=15, clip=0)
def test_the_new_cell(
    run: Callable[..., Any], coupled: bool, values: list[tuple[int, int, int, int]], shift: int, clip: int
) -> None:
    cell, forget, entering, opened = (np.array(part, np.int16) for part in zip(*values, strict=True))
    gates = [forget, entering, np.zeros_like(cell), opened]
    wanted = [spec.update_cell(c, f, e, spec.wrap16(32767 - f) if coupled else o, shift, clip) for c, f, e, o in values]
    run(cell, np.array(gates[: 3 if coupled else 4]), np.int64(shift), np.int64(clip))
    assert cell.tolist() == wanted


@both_ways(add_product)
@pytest.mark.parametrize("terms", [1, 3, 4, 7, 8, 12, 15, 16, 31, 50])
def test_products_are_summed_in_the_order_of_their_kind(run: Callable[..., Any], terms: int) -> None:
    rng = np.random.default_rng(terms)
    x = rng.standard_normal((5, terms)).astype(np.float32)
    w = rng.standard_normal((15, terms)).astype(np.float32)
    for order in (BY_LANES, BLOCKED):
        out = np.zeros((5, 15), np.float32)
        run(order, x, w, out)
        for b in range(5):
            for n in range(15):
                kind = spec.by_lanes
                if order == BLOCKED:
                    # Rows 8..11 are half a block, 12..14 are alone; column 4 has no block.
                    kind = spec.summed if n < 8 or b == 4 else spec.alternating if n < 12 else spec.by_fours
                assert out[b, n] == kind(list(x[b] * w[n])), (order, b, n)


@both_ways(add_product)
@pytest.mark.parametrize("order", [BY_LANES, INNER, SMALL, BLOCKED])
def test_every_order_adds_every_product_once(run: Callable[..., Any], order: int) -> None:
    for terms in range(1, 70):
        x, w = np.arange(1, terms + 1, dtype=np.float32)[np.newaxis], np.full((2, terms), 2, np.float32)
        out = np.array([[1.0, -1.0]], np.float32)
        run(order, x, w, out)
        assert out.tolist() == [[terms * (terms + 1) + 1, terms * (terms + 1) - 1]], terms


@both_ways(tanh)
def test_the_hyperbolic_tangent_of_eigen_is_near(run: Callable[..., Any]) -> None:
    for x in np.linspace(-9, 9, 301, dtype=np.float32):
        assert abs(float(run(x)) - math.tanh(float(x))) <= 5 * np.spacing(abs(np.float32(math.tanh(float(x)))))


@both_ways(logistic_in_vector)
def test_the_logistic_function_of_eigen_is_near(run: Callable[..., Any]) -> None:
    for x in np.linspace(-80, 20, 301, dtype=np.float32):
        exact = 1 / (1 + math.exp(-float(x)))
        assert abs(float(run(x)) - exact) <= 5 * np.spacing(np.float32(exact))
    assert run(np.float32(-105)) == 0


@both_ways(logistic_row)
@pytest.mark.parametrize("size", [1, 3, 4, 6, 9])
@pytest.mark.parametrize("place", [0, 1, 2, 3, 6])
def test_vectors_start_at_multiples_of_four(run: Callable[..., Any], size: int, place: int) -> None:
    x = np.random.default_rng(size).standard_normal(size).astype(np.float32) * np.float32(3)
    row = x.copy()
    run(row, place)
    first = min(-place % 4, size)
    last = first + (size - first) // 4 * 4
    wanted = [logistic_in_vector(v) if first <= i < last else logistic_alone(v) for i, v in enumerate(x)]
    assert row.tolist() == [float(v) for v in wanted]
