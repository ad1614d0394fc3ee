"""Look-ups many at a time equal those one by one."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from intengine_kernels.lookup import lookup, lookup_rows

from tests.kernels._both import both_ways

RNG = np.random.default_rng(0)


@both_ways(lookup)
@pytest.mark.parametrize("dtype", [np.int8, np.uint8, np.int16, np.float32])
@pytest.mark.parametrize("size", [0, 1, 63, 64, 65, 256, 1000])
def test_each_byte_finds_its_entry(run: Callable[..., Any], dtype: Any, size: int) -> None:
    table = RNG.permutation(256).astype(np.uint8).astype(dtype)
    x = np.resize(np.arange(256, dtype=np.uint8), size)
    guarded = np.full(size + 64, 7, dtype)
    run(x, table, guarded[:size])
    assert np.array_equal(guarded[:size], table[x])
    assert (guarded[size:] == 7).all()


@both_ways(lookup_rows)
def test_rows_may_lie_apart(run: Callable[..., Any]) -> None:
    table = RNG.permutation(256).astype(np.uint8)
    x, out = RNG.integers(0, 256, (3, 130)).astype(np.uint8), np.zeros((3, 140), np.uint8)
    run(x, table, out[:, 5:135])
    assert np.array_equal(out[:, 5:135], table[x])
    assert not out[:, :5].any()
    assert not out[:, 135:].any()
