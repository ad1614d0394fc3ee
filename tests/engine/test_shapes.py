"""Shape arithmetic against NumPy and against loops."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from intengine.errors import InvalidModelError
from intengine.shapes import (
    broadcast,
    broadcast_strides,
    collapse,
    contiguous_strides,
    elements,
    normalize_axis,
    window_output,
    window_padding,
)

SIZES = st.lists(st.integers(1, 4), max_size=5)


@given(SIZES, st.lists(st.booleans(), max_size=5))
def test_broadcast_agrees_with_numpy(shape: list[int], ones: list[bool]) -> None:
    other = [1 if one else size for size, one in itertools.zip_longest(shape, ones, fillvalue=1)][: len(shape)]
    assert broadcast(shape, other) == np.broadcast_shapes(tuple(shape), tuple(other))


def test_shapes_that_do_not_fit_are_refused() -> None:
    with pytest.raises(InvalidModelError, match="broadcast"):
        broadcast([2, 3], [2, 4])


@given(SIZES, st.lists(st.booleans(), min_size=5, max_size=5))
def test_collapsed_walks_visit_the_same_elements(shape: list[int], repeats: list[bool]) -> None:
    small = tuple(1 if repeat else size for size, repeat in zip(shape, repeats, strict=False))
    data = np.arange(np.prod(small, dtype=int))
    merged, (out_walk, walk) = collapse(shape, contiguous_strides(shape), broadcast_strides(small, shape))
    expected = np.broadcast_to(data.reshape(small), shape).reshape(-1)
    for at in itertools.product(*map(range, merged)):
        out = sum(i * s for i, s in zip(at, out_walk, strict=True))
        assert data[sum(i * s for i, s in zip(at, walk, strict=True))] == expected[out]


@given(st.integers(1, 30), st.integers(1, 7), st.integers(1, 4), st.integers(1, 3))
def test_same_padding_covers_the_input_and_valid_stays_inside(
    size: int, window: int, stride: int, dilation: int
) -> None:
    effective = (window - 1) * dilation + 1
    same = window_output(size, window, stride, dilation, True)
    before = window_padding(size, window, stride, dilation, same)
    assert same == -(-size // stride)
    assert (same - 1) * stride - before < size
    valid = window_output(size, window, stride, dilation, False)
    assert valid == len(range(0, size - effective + 1, stride))


@pytest.mark.parametrize("bad", [(0, 1, 1), (1, 0, 1), (1, 1, 0)])
def test_windows_strides_and_dilations_below_one_are_refused(bad: tuple[int, int, int]) -> None:
    with pytest.raises(InvalidModelError):
        window_output(5, *bad, True)


def test_axes_outside_the_rank_are_refused() -> None:
    assert normalize_axis(-1, 3) == 2
    with pytest.raises(InvalidModelError):
        normalize_axis(3, 3)


def test_absurd_sizes_are_refused() -> None:
    assert elements([]) == 1
    with pytest.raises(InvalidModelError):
        elements([2**21, 2**21])
    with pytest.raises(InvalidModelError):
        elements([-1])
