"""Sparse tensors become dense, and descriptions that contradict themselves are refused before anything is made."""

import tracemalloc
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_array_equal

from intengine.constants import unpack
from intengine.errors import CorruptModelError, InputError, InvalidModelError
from intengine.model import DimensionMetadata, Sparsity, TensorSpec, TensorType
from intengine.writer import compress, pack

_NONE = np.zeros(0, np.int64)


def dense(size: int) -> DimensionMetadata:
    return DimensionMetadata(True, size, _NONE, _NONE)


def csr(segments: Any, indices: Any) -> DimensionMetadata:
    return DimensionMetadata(False, 0, np.array(segments, np.int64), np.array(indices, np.int64))


def tensor(shape: tuple[int, ...], sparsity: Sparsity, stored: Any, type_: TensorType = TensorType.INT8) -> TensorSpec:
    return TensorSpec(0, "w", type_, shape, sparsity=sparsity, raw=pack(stored, type_))


#: 3 x 4 with 7 at (0, 1), 8 at (2, 0) and 9 at (2, 3)
GOOD = tensor((3, 4), Sparsity((0, 1), (), (dense(3), csr([0, 1, 1, 3], [1, 0, 3]))), [7, 8, 9])


def with_levels(
    *levels: DimensionMetadata, order: tuple[int, ...] = (0, 1), blocks: tuple[int, ...] = ()
) -> TensorSpec:
    return replace(GOOD, sparsity=Sparsity(order, blocks, levels))


def test_stored_values_go_where_the_levels_say() -> None:
    assert_array_equal(unpack(GOOD), [[0, 7, 0, 0], [0, 0, 0, 0], [8, 0, 0, 9]])


def test_a_value_is_stored_once_and_found_again_in_another_order() -> None:
    columns = Sparsity((1, 0), (), (csr([0, 2], [0, 3]), csr([0, 1, 3], [1, 0, 2])))
    assert_array_equal(unpack(tensor((3, 4), columns, [5, 6, 7])), [[0, 0, 0, 6], [5, 0, 0, 0], [0, 0, 0, 7]])


@given(st.data())
def test_what_is_compressed_comes_back(data: st.DataObject) -> None:
    cut = data.draw(st.lists(st.integers(1, 3), min_size=1, max_size=3))
    blocks = {d: data.draw(st.integers(1, 3)) for d in range(len(cut)) if data.draw(st.booleans())}
    shape = tuple(size * blocks.get(d, 1) for d, size in enumerate(cut))
    order = data.draw(st.permutations(range(len(cut) + len(blocks))))
    compressed = [d for d in range(len(cut)) if data.draw(st.booleans())]
    kind = data.draw(st.sampled_from([TensorType.INT8, TensorType.FLOAT32, TensorType.INT4]))
    values = np.array(data.draw(st.lists(st.sampled_from([0, 0, 1, -3]), min_size=36 * 36, max_size=36 * 36)))
    whole = np.resize(values, shape).astype(kind.dtype)
    sparsity, stored = compress(whole, compressed, order=order, blocks=blocks)
    found = unpack(tensor(shape, sparsity, stored, kind))
    assert found.dtype == kind.dtype
    assert_array_equal(found, whole)


@pytest.mark.parametrize(
    "spec",
    [
        pytest.param(with_levels(dense(3)), id="too few levels"),
        pytest.param(with_levels(dense(3), dense(1), order=(0, 0)), id="one dimension twice"),
        pytest.param(with_levels(dense(3), dense(1), order=(0, 7)), id="a dimension that is not there"),
        pytest.param(with_levels(dense(3), dense(1), order=(0, -1)), id="a negative dimension"),
        pytest.param(with_levels(dense(4), csr([0] * 5, [])), id="more rows than the shape"),
        pytest.param(with_levels(dense(-1), dense(1)), id="a negative size"),
        pytest.param(with_levels(dense(3), csr([0, 1, 1], [1])), id="too few segments"),
        pytest.param(with_levels(dense(3), csr([], [])), id="no segments"),
        pytest.param(with_levels(dense(3), csr([1, 1, 1, 3], [1, 0, 3])), id="segments from 1"),
        pytest.param(with_levels(dense(3), csr([0, 2, 1, 3], [1, 0, 3])), id="falling segments"),
        pytest.param(with_levels(dense(3), csr([0, 1, 1, 9], [1, 0, 3])), id="segments beyond the indices"),
        pytest.param(with_levels(dense(3), csr([0, 1, 1, 3], [1, 0, 4])), id="an index beyond the shape"),
        pytest.param(with_levels(dense(3), csr([0, 1, 1, 3], [1, -1, 3])), id="a negative index"),
        pytest.param(with_levels(dense(3), dense(4)), id="more values than stored"),
        pytest.param(with_levels(dense(3), dense(2), dense(3), order=(0, 1, 2), blocks=(1,)), id="a block of 3 in 4"),
        pytest.param(with_levels(dense(3), dense(2), dense(0), order=(0, 1, 2), blocks=(1,)), id="a block of 0"),
        pytest.param(with_levels(dense(3), dense(2), csr([0], []), order=(0, 1, 2), blocks=(1,)), id="a CSR block"),
        pytest.param(with_levels(dense(3), dense(2), dense(2), order=(0, 1, 2), blocks=(5,)), id="a block of nothing"),
        pytest.param(
            with_levels(dense(3), dense(1), dense(2), dense(2), order=(0, 1, 2, 3), blocks=(1, 1)), id="nested blocks"
        ),
    ],
)
def test_contradictions_are_refused(spec: TensorSpec) -> None:
    with pytest.raises(CorruptModelError):
        unpack(spec)


def test_no_memory_is_taken_for_levels_that_the_file_cannot_fill() -> None:
    huge = (1 << 16, 1 << 15)
    order, rows = (0, 1), dense(1 << 16)
    described = [
        Sparsity(order, (), (rows, dense(1 << 15))),
        Sparsity(order, (), (rows, csr([0], []))),
        Sparsity((1, 0), (), (dense(1 << 15), dense(1 << 16))),
    ]
    tracemalloc.start()
    try:
        for sparsity in described:
            with pytest.raises(CorruptModelError):
                unpack(tensor(huge, sparsity, [1, 2]))
        assert tracemalloc.get_traced_memory()[1] < 1 << 20
    finally:
        tracemalloc.stop()


def test_a_dense_tensor_beyond_all_bounds_is_refused() -> None:
    sparsity = Sparsity((0, 1), (), (csr([0, 1], [5]), csr([0, 1], [7])))
    with pytest.raises(InvalidModelError):
        unpack(tensor((1 << 20, 1 << 20), sparsity, [1]))


def test_strings_cannot_be_sparse() -> None:
    with pytest.raises(InvalidModelError):
        unpack(replace(GOOD, type=TensorType.STRING))


@pytest.mark.parametrize(("order", "blocks"), [([0, 0], {}), ([0], {}), (None, {1: 3}), (None, {0: 0})])
def test_arrays_that_the_levels_do_not_fit_cannot_be_compressed(order: Any, blocks: Any) -> None:
    with pytest.raises(InputError):
        compress(np.zeros((2, 4)), [1], order=order, blocks=blocks)
